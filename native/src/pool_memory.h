// PoolMemory: a mapped pool and its Boost allocator. Knows nothing of JavaScript.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "block_check.h"
#include "mapping.h"

namespace flow_ipc {

class PoolMemory {
 public:
  // Null with *err (positive errno) and *failed (the call) set on failure.
  // EAGAIN: the creator is not done. EBADMSG: not a pool of ours.
  static std::unique_ptr<PoolMemory> create(const std::string& name, size_t size, int mode, int* err,
                                            const char** failed);
  static std::unique_ptr<PoolMemory> open(const std::string& name, int* err, const char** failed);

  char* base() const { return mapping_->data(); }
  uint64_t size() const { return mapping_->size(); }
  // Of the first byte that a block's user can have.
  uint64_t firstUserOffset() const { return blocks_.first + kBlockHeader; }
  const std::shared_ptr<Mapping>& mapping() const { return mapping_; }
  const BlockSpace& blocks() const { return blocks_; }

  // 0 or a negative code (see lockShared). The *Locked calls need the lock.
  int lock();
  void unlock();
  // Offset, or -ENOMEM / -ENOSPC.
  int64_t allocateLocked(uint64_t bytes);
  // The block must have passed isAllocatedBlock() under this lock.
  void freeLocked(uint64_t offset);

  int64_t allocate(uint64_t bytes);
  int free(uint64_t offset);
  int64_t freeBytes();

  // True when [offset, offset + length) lies in the pool.
  bool contains(uint64_t offset, uint64_t length) const {
    return offset <= size() && length <= size() - offset;
  }

 private:
  explicit PoolMemory(std::shared_ptr<Mapping> mapping);
  bool canBack(uint64_t offset, uint64_t bytes) const;

  std::shared_ptr<Mapping> mapping_;
  BlockSpace blocks_;
  bool dead_ = false;  // a process died inside the allocator
};

// Holds the pool's lock for a scope, if it could be had: check code() first.
class PoolLock {
 public:
  explicit PoolLock(PoolMemory& pool) : pool_(pool), code_(pool.lock()) {}
  ~PoolLock() {
    if (code_ == 0) pool_.unlock();
  }
  PoolLock(const PoolLock&) = delete;
  PoolLock& operator=(const PoolLock&) = delete;
  int code() const { return code_; }

 private:
  PoolMemory& pool_;
  int code_;
};

}  // namespace flow_ipc
