// JemallocPools: the shared memory objects behind one arena, and which of their pages the arena has.
#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mapping.h"

namespace flow_ipc {

// A pool of ours: one POSIX shared memory object, mapped for writing.
struct OwnPool {
  uint32_t id;
  // Place in the arena's table of pools: JavaScript's addresses are window * 2^31 + offset.
  uint32_t window;
  std::string name;
  std::shared_ptr<Mapping> mapping;
  uint64_t used = 0;  // bytes that the arena has

  char* base() const { return mapping->data(); }
  uint64_t size() const { return mapping->size(); }
};

// What the peers that borrow from the arena have to hear about.
struct PoolEvent {
  bool created;  // else removed
  uint32_t id;
  uint32_t window;
  uint64_t size;
  std::string name;
};

// Hands out runs of pages. jemalloc keeps no empty extents of its own here (retain:false): what it gives back comes
// here at once, its pages go back to the system, and a pool that it has nothing of any more is removed. That is what
// jemalloc itself cannot do with objects that other processes map: it would keep the address range for ever.
//
// Belongs to one thread, as the arena does.
class JemallocPools {
 public:
  // Pools are named `nameBase` + id and get `mode`.
  JemallocPools(std::string nameBase, int mode) : nameBase_(std::move(nameBase)), mode_(mode) {}
  ~JemallocPools();
  JemallocPools(const JemallocPools&) = delete;
  JemallocPools& operator=(const JemallocPools&) = delete;

  // Null with lastError() set. The pages read as zeros.
  void* take(uint64_t bytes, uint64_t alignment);
  // The run at this very place, behind one that was taken of the same pool. Null when it is not free, or has no pages.
  void* takeAt(void* at, uint64_t bytes);
  // [at, at + bytes) was taken, in one or several pieces of one pool.
  void give(void* at, uint64_t bytes);
  // The arena is being taken down: from here on give() leaves contents as they are, for borrowers still look at them.
  void startClosing() { closing_ = true; }

  // The pool that the address lies in, or null.
  OwnPool* find(const void* at) const;
  // By place; null when there is none.
  OwnPool* window(uint64_t index) const { return index < windows_.size() ? windows_[index] : nullptr; }

  size_t count() const { return pools_.size(); }
  uint64_t mappedBytes() const { return mapped_; }
  uint64_t usedBytes() const { return used_; }
  const std::map<const char*, std::unique_ptr<OwnPool>>& all() const { return pools_; }

  // Positive errno of the last take() that gave null, or ENOMEM when there was none since forgetError().
  int lastError() const { return error_; }
  void forgetError() { error_ = ENOMEM; }
  std::vector<PoolEvent> takeEvents() { return std::exchange(events_, {}); }
  size_t pendingEvents() const { return events_.size(); }

 private:
  using Run = std::pair<uint64_t, char*>;  // size, start

  OwnPool* createPool(uint64_t bytes);
  void removePool(OwnPool* pool);
  bool reserve(const OwnPool* pool, const char* at, uint64_t bytes);
  void addRun(char* at, uint64_t bytes);
  void takeOut(OwnPool* pool, std::map<char*, uint64_t>::iterator run, char* start, uint64_t bytes);
  void dropRun(std::map<char*, uint64_t>::iterator run);
  uint32_t freeWindow();

  const std::string nameBase_;
  const int mode_;
  std::map<const char*, std::unique_ptr<OwnPool>> pools_;  // by base address
  std::vector<OwnPool*> windows_{nullptr};                 // window 0 stays empty: address 0 is null
  // Free runs, by size (best fit, lowest first) and by place (to join neighbours of one pool).
  std::set<Run> bySize_;
  std::map<char*, uint64_t> byPlace_;
  uint64_t mapped_ = 0;
  uint64_t used_ = 0;
  std::vector<PoolEvent> events_;
  int error_ = ENOMEM;
  bool closing_ = false;
};

}  // namespace flow_ipc
