// JemallocBorrower: the pools that one peer lends us, mapped so that we cannot harm them. Knows nothing of JavaScript.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "mapping.h"
#include "fault_guard.h"

namespace flow_ipc {

// A peer's pool as mapped here. Should the peer cut it short, what lies behind its new end reads as zeros. Should this
// process write to it, it sees that itself until it reads the next object there, which is as the peer wrote it.
struct BorrowedMapping {
  BorrowedMapping(std::shared_ptr<Mapping> pool, size_t size)
      : mapping(std::move(pool)), data(mapping->data()), size(size), guard(data, size, true) {}

  const std::shared_ptr<Mapping> mapping;
  char* const data;
  const size_t size;
  const FaultGuard guard;  // last: goes first
};

// One segment of a list, as read once and checked.
struct BorrowedSegment {
  std::shared_ptr<BorrowedMapping> mapping;
  uint64_t address;  // of the data: window and offset
  char* data;
  uint64_t length;
};

// Pools are opened for reading and mapped privately: what this process writes into one reaches nobody. Each is known by
// (collection, pool id), as the peer named it, and has a window (see jemalloc_layout.h).
// Codes: -ENOENT no such pool (see missing()), -EINVAL not a well-formed list, -EFAULT the peer cut the pool short.
class JemallocBorrower {
 public:
  JemallocBorrower() = default;
  JemallocBorrower(const JemallocBorrower&) = delete;
  JemallocBorrower& operator=(const JemallocBorrower&) = delete;

  // The pool's window, or a negative errno: -EEXIST known already, -EMFILE too many, -ERANGE the object is smaller than
  // the peer says (a touch behind its end would be SIGBUS), or what opening it says.
  int add(uint32_t collection, uint32_t pool, const std::string& name, uint64_t size);
  bool remove(uint32_t collection, uint32_t pool);

  // Walks the ring of the list at `offset`; the result is in segments(). 0 or a code.
  int read(uint32_t collection, uint32_t pool, uint64_t offset, uint64_t maxSegments);
  const std::vector<BorrowedSegment>& segments() const { return segments_; }

  // Forgets what this process wrote into any of the pools, by mistake.
  void refresh();

  // The pool that the last read() met and did not know, when it said -ENOENT: of the handle, or of a pointer behind it.
  uint32_t missing() const { return missing_; }

  // Null when there is none.
  std::shared_ptr<BorrowedMapping> window(uint64_t index) const;
  size_t count() const { return pools_.size(); }

 private:
  struct Pool {
    uint32_t window;
    std::shared_ptr<BorrowedMapping> mapping;
  };

  const Pool* find(uint32_t collection, uint32_t pool) const;
  int readRing(uint32_t collection, uint32_t pool, uint64_t offset, uint64_t maxSegments);
  // Where a pointer that the peer wrote leads to, if so many bytes of the collection's pools are there; else null. Fills
  // in the segment's mapping and address.
  char* follow(uint32_t collection, uint64_t pointer, uint64_t length, BorrowedSegment* segment = nullptr);

  std::unordered_map<uint64_t, Pool> pools_;
  std::vector<std::shared_ptr<BorrowedMapping>> windows_{nullptr};  // window 0 stays empty: address 0 is null
  std::vector<BorrowedSegment> segments_;
  uint32_t missing_ = 0;
};

}  // namespace flow_ipc
