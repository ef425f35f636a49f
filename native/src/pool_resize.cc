// Blocks that grow into free memory behind them, or give their end back.
#include <cerrno>

#include "pool_memory.h"

namespace flow_ipc {

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
  const uint64_t block = offset - kBlockHeader;
  const uint64_t end = block + extent.units * kBlockUnit;
  if (const int rc = reserveFor(end, more, more * kBlockUnit); rc != 0) return rc;
  return change([&](BlockBooks& books) {
    books.extend(block, extent, units);
    return 0;
  });
}

int PoolMemory::shrink(uint64_t offset, uint64_t bytes) {
  const PoolLock lock(*this);
  if (lock.code() != 0) return lock.code();
  Extent extent;
  if (!isAllocatedBlock(blocks_, offset, 1, false, &extent)) return -EINVAL;
  if (bytes > size()) return 0;
  const uint64_t units = unitsFor(bytes);
  if (extent.units < units + kMinBlockUnits) return 0;
  const uint64_t block = offset - kBlockHeader;
  // Of a large block these pages may never have been made: its user wrote nowhere near.
  const uint64_t rest = block + units * kBlockUnit;
  if (const int rc = backing_.reserve(rest, kMinBlockUnits * kBlockUnit); rc != 0) return rc;
  return change([&](BlockBooks& books) {
    books.shrink(block, extent, units);
    return 0;
  });
}

}  // namespace flow_ipc
