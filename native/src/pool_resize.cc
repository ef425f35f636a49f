// Blocks that grow into free memory behind them, or give their end back. Boost does it, so its books are as it keeps them.
#include <cerrno>

#include "free_tree.h"
#include "pool_manager.h"
#include "pool_memory.h"

namespace flow_ipc {
namespace {

namespace bipc = boost::interprocess;

// What Boost is told: a block of that many units has room for so many bytes.
uint64_t roomOf(uint64_t units) { return units * kBlockUnit - kBlockHeader + sizeof(uint64_t); }

// How Boost is asked to do something to a block where it is. `least` and `wanted`: bytes.
int command(char* base, bipc::allocation_type what, uint64_t offset, uint64_t least, uint64_t wanted) {
  void* block = base + offset;
  PoolManager::size_type received = wanted;
  return poolManager(base)->raw_allocation_command(what | bipc::nothrow_allocation, least, received, block) == nullptr
             ? -ENOMEM
             : 0;
}

}  // namespace

int PoolMemory::extend(uint64_t offset, uint64_t bytes) {
  const PoolLock lock(*this);
  if (lock.code() != 0) return lock.code();
  Extent extent;
  if (!isAllocatedBlock(blocks_, offset, 1, false, &extent)) return -EINVAL;
  if (bytes > size()) return -ENOMEM;
  const uint64_t units = unitsFor(bytes);
  if (units <= extent.units) return 0;
  const uint64_t more = units - extent.units;
  if (more > extent.freeBehind) return -ENOMEM;
  const uint64_t end = offset - kBlockHeader + extent.units * kBlockUnit;
  if (!canChangeTree(blocks_, end, extent.freeBehind - more)) return -EINVAL;
  if (const int rc = reserveFor({end, more}, more * kBlockUnit); rc != 0) return rc;
  return command(base(), bipc::expand_fwd, offset, bytes, bytes);
}

int PoolMemory::shrink(uint64_t offset, uint64_t bytes) {
  const PoolLock lock(*this);
  if (lock.code() != 0) return lock.code();
  Extent extent;
  if (!isAllocatedBlock(blocks_, offset, 1, false, &extent)) return -EINVAL;
  if (bytes > size()) return 0;
  const uint64_t units = unitsFor(bytes);
  if (extent.units < units + kMinBlockUnits) return 0;
  const uint64_t end = offset - kBlockHeader + extent.units * kBlockUnit;
  if (!canChangeTree(blocks_, extent.freeBehind == 0 ? 0 : end, extent.units - units + extent.freeBehind)) return -EINVAL;
  // Of a large block these pages may never have been made: its user wrote nowhere near.
  const uint64_t rest = offset - kBlockHeader + units * kBlockUnit;
  if (const int rc = backing_.reserve(rest, kMinBlockUnits * kBlockUnit); rc != 0) return rc;
  // "At most what it has, at best so much": what Boost then makes it is exactly that.
  return command(base(), bipc::shrink_in_place, offset, roomOf(extent.units), roomOf(units));
}

}  // namespace flow_ipc
