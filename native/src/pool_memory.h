// PoolMemory: a mapped pool and its Boost allocator. Knows nothing of JavaScript.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "block_books.h"
#include "block_check.h"
#include "mapping.h"

namespace flow_ipc {

class PoolMemory {
 public:
  // How a pool is had. Without `commit` its pages are made as its blocks need them.
  struct Creation {
    size_t size;
    int mode;
    bool commit;
  };
  // Null with *err (positive errno) and *failed (the call) set on failure.
  // EAGAIN: the creator is not done. EBADMSG: not a pool of ours.
  static std::unique_ptr<PoolMemory> create(const std::string& name, const Creation& how, int* err,
                                            const char** failed);
  // Read-only ones give no blocks, take no lock, and see what the others write.
  static std::unique_ptr<PoolMemory> open(const std::string& name, bool readOnly, int* err, const char** failed);
  // Whichever it takes; waits for a creator that is not done.
  static std::unique_ptr<PoolMemory> openOrCreate(const std::string& name, const Creation& how, int* err,
                                                  const char** failed);

  // Views may go on with the mapping.
  ~PoolMemory() { mapping_->closeFd(); }
  PoolMemory(const PoolMemory&) = delete;
  PoolMemory& operator=(const PoolMemory&) = delete;

  char* base() const { return mapping_->data(); }
  uint64_t size() const { return mapping_->size(); }
  bool readOnly() const { return readOnly_; }
  // Of the first byte that a block's user can have.
  uint64_t firstUserOffset() const { return blocks_.first + kBlockHeader; }
  const std::shared_ptr<Mapping>& mapping() const { return mapping_; }
  const BlockSpace& blocks() const { return blocks_; }
  Backing& backing() { return backing_; }

  // 0 or a negative code (see lockShared; -EROFS: read-only). The *Locked calls need the lock.
  int lock();
  void unlock();
  // Offset, or -ENOMEM, -ENOSPC, or -EBADMSG: the allocator's books are corrupted.
  int64_t allocateLocked(uint64_t bytes);
  // 0, -EINVAL: no such block, or what lies around it makes no sense; or -EBADMSG.
  int freeLocked(uint64_t offset);
  // In pool_rows.cc. One block of each size, side by side where there is room for that: 0, or a code and none.
  int allocateRowLocked(const uint64_t* sizes, size_t count, uint64_t* offsets);
  // Ascending offsets of blocks that have passed isAllocatedBlock() under this lock. 0, or the code of the
  // first that could not.
  int freeRowLocked(const uint64_t* offsets, size_t count);

  // What can be given back where there is no room for a block: false when nothing was. Called without the lock.
  void onFull(std::function<bool()> giveBack) { giveBack_ = std::move(giveBack); }
  // Does `attempt` with the lock, and once more when there is no room for it but may be now. Its result, or the lock's code.
  template <typename Attempt>
  auto withRoom(Attempt attempt);

  int64_t allocate(uint64_t bytes);
  int free(uint64_t offset);
  // As many as there are in `offsets`: 0, or a code and none was allocated.
  int allocateMany(uint64_t bytes, std::vector<uint64_t>* offsets);
  // All that can be: 0, or the code of the first that could not.
  int freeMany(const std::vector<uint64_t>& offsets);
  // In pool_resize.cc. Both keep the block where it is, and what of its contents still fits.
  // 0: it holds at least `bytes` now. -ENOMEM: what lies behind it is not free, or not enough. -ENOSPC: no pages for that.
  // -EINVAL as free(). Unless it is 0 or -EBADMSG nothing has changed.
  int extend(uint64_t offset, uint64_t bytes);
  // 0: it is no larger than allocate(bytes) would have made it, or the rest is too little for a block. Codes as above.
  int shrink(uint64_t offset, uint64_t bytes);
  int64_t freeBytes();
  // 0 or a code.
  int count(BlockCounts* counts);

  // True when [offset, offset + length) lies in the pool.
  bool contains(uint64_t offset, uint64_t length) const {
    return offset <= size() && length <= size() - offset;
  }

 private:
  PoolMemory(std::shared_ptr<Mapping> mapping, bool readOnly, bool committed);
  // Does it; -EBADMSG when the books turn out to be broken: then a part of it may be done.
  template <typename Change>
  auto change(Change change) -> decltype(change(std::declval<BlockBooks&>())) {
    try {
      BlockBooks books(blocks_);
      return change(books);
    } catch (const BrokenTree&) {
      return -EBADMSG;
    }
  }
  int reserveFor(uint64_t block, uint64_t units, uint64_t bytes);
  int allocateEachLocked(const uint64_t* sizes, size_t count, uint64_t* offsets);

  std::shared_ptr<Mapping> mapping_;
  Backing backing_;
  BlockSpace blocks_;
  bool readOnly_;
  std::function<bool()> giveBack_;
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

template <typename Attempt>
auto PoolMemory::withRoom(Attempt attempt) {
  const auto once = [&]() -> decltype(attempt()) {
    const PoolLock lock(*this);
    return lock.code() != 0 ? lock.code() : attempt();
  };
  const auto result = once();
  return (result == -ENOMEM || result == -ENOSPC) && giveBack_ && giveBack_() ? once() : result;
}

}  // namespace flow_ipc
