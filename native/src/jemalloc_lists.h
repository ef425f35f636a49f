// JemallocLists: the objects that live in an arena on JavaScript's behalf: plain blocks, and messages' segment lists.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "jemalloc_arena.h"

namespace flow_ipc {

// Objects are named by their address (JemallocArena::toAddress). Calls return what they say or a negative code;
// -EINVAL: not an object of that kind. What is remembered about them is private memory: a peer cannot change it.
class JemallocLists {
 public:
  explicit JemallocLists(JemallocArena& arena) : arena_(arena) {}

  // Plain blocks.
  int64_t allocate(uint64_t bytes);
  int free(uint64_t block);
  // 0, or -ENOMEM when it cannot be done where the block is. See JemallocArena.
  int extend(uint64_t block, uint64_t bytes);
  int shrink(uint64_t block, uint64_t bytes);

  // A list of one segment; one owner. *buffer: the segment's `capacity` bytes.
  int64_t create(uint64_t capacity, char** buffer);
  // One more segment. 0 or a code.
  int grow(uint64_t list, uint64_t capacity, char** buffer);
  // A list of one segment that holds these bytes.
  int64_t store(const uint8_t* bytes, uint64_t length);
  // Sets the used size of each segment and adds one owner.
  int lend(uint64_t list, const uint64_t* usedSizes, size_t count);
  // Drops one owner; the last one frees everything. Owners left.
  int64_t release(uint64_t list);

  size_t blocks() const { return objects_.size(); }

 private:
  struct Segment {
    char* node;
    uint64_t capacity;
    char* separateBuffer;  // null when in one block with the node
  };
  struct Object {
    uint32_t owners = 0;  // 0: a plain block
    std::vector<Segment> segments;
  };

  void fillNode(char* node, uint64_t next, uint64_t previous, const char* buffer, uint64_t capacity);
  Object* find(uint64_t address, bool list);
  uint64_t pointerTo(const char* at) const;

  JemallocArena& arena_;
  std::unordered_map<uint64_t, Object> objects_;
};

}  // namespace flow_ipc
