// Segment lists in a pool: the object a SHM-backed message is, byte for byte as the C++ library lays it out.
#pragma once

#include <cstdint>
#include <vector>

#include "pool_memory.h"

namespace flow_ipc {

// One segment, as read once and checked.
struct Segment {
  uint64_t node;
  uint64_t buffer;    // offset of the buffer's block; 0 when it has none
  uint64_t capacity;  // bytes of the buffer
  uint64_t data;      // offset of the used bytes
  uint64_t used;
};

// Operations return 0 (or what they say), or a negative code; -EINVAL: not a well-formed list.
// Lists are named by the offset of their holder. Codes of the lock: see lockShared.
class SegmentLists {
 public:
  explicit SegmentLists(PoolMemory& pool) : pool_(pool) {}

  // The new list's offset. Owner count 1.
  int64_t create();
  // With a first segment, of which *buffer becomes the offset.
  int64_t build(uint64_t capacity, uint64_t* buffer);
  // The new buffer's offset.
  int64_t grow(uint64_t list, uint64_t capacity);
  // A list with one segment that holds the bytes, with `room` for as many at least (a multiple of 8).
  int64_t store(const uint8_t* bytes, uint64_t length, uint64_t room = 8);
  // lend() and store() in one: the list that holds the bytes, or a code and nothing was done.
  int64_t send(uint64_t list, const uint64_t* usedSizes, size_t count, const uint8_t* bytes, uint64_t length);
  // Copies the only segment to `target` and drops one owner: how many bytes. -EMSGSIZE: more segments, or too long.
  int64_t take(uint64_t list, uint8_t* target, uint64_t room);
  // Sets the used size of each segment and adds one owner. 0 or a code.
  int lend(uint64_t list, const uint64_t* usedSizes, size_t count);
  // One owner more, who reads what the others do. 0 or a code.
  int share(uint64_t list);
  // As the count says now.
  uint32_t owners(uint64_t list) const;
  // Whether it is, and lies where, a list of one segment made here would be, every block having its own size's header.
  bool isOneOfOurs(uint64_t list);
  // Walks the ring as far as it is counted; the result is in segments().
  int read(uint64_t list, uint64_t maxSegments);
  // Drops one owner; the last one frees everything. Owners left, or a code with nothing done.
  int64_t release(uint64_t list);

  const std::vector<Segment>& segments() const { return segments_; }

 private:
  int addOwner(uint64_t list);
  int64_t addSegmentLocked(uint64_t list, uint64_t capacity);
  void link(uint64_t list, uint64_t node, uint64_t buffer, uint64_t capacity, uint64_t last);
  void begin(uint64_t list);
  int64_t buildLocked(uint64_t capacity, uint64_t* buffer);
  bool readNode(uint64_t node, uint64_t expectedPrevious, Segment* segment, uint64_t* next) const;
  bool isWhole(uint64_t list) const;
  int checkBlocksLocked(uint64_t list);
  bool isPlace(uint64_t offset, uint64_t size) const;
  bool isListOffset(uint64_t list) const;
  uint64_t load(uint64_t offset) const;
  void store64(uint64_t offset, uint64_t value);
  // Offset that the self-relative pointer at `field` leads to; 0 for null or nowhere in the pool.
  uint64_t follow(uint64_t field) const;
  void point(uint64_t field, uint64_t target) { store64(field, target - field); }

  PoolMemory& pool_;
  std::vector<Segment> segments_;
  std::vector<uint64_t> offsets_;
};

}  // namespace flow_ipc
