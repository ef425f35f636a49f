// Blocks side by side, had and given back as one: Boost's tree is searched and changed once for all of them.
#include <cerrno>

#include "pool_memory.h"
#include "tree_node.h"

namespace flow_ipc {
namespace {

// Larger ones get their pages in their own ways.
constexpr uint64_t kLongestRow = 64 * 1024;

}  // namespace

int PoolMemory::allocateRowLocked(const uint64_t* sizes, size_t count, uint64_t* offsets) {
  uint64_t units = 0;
  for (size_t i = 0; i < count; ++i) units += unitsFor(sizes[i]);
  if (units > kLongestRow / kBlockUnit) return allocateEachLocked(sizes, count, offsets);
  const int64_t row = allocateLocked(units * kBlockUnit - sizeof(uint64_t));
  // Each for itself, they may fit.
  if (row == -ENOMEM || row == -ENOSPC) return allocateEachLocked(sizes, count, offsets);
  if (row < 0) return static_cast<int>(row);
  uint64_t block = static_cast<uint64_t>(row) - kBlockHeader;
  const uint64_t word = loadHeader(base(), block);
  // What the last one may have too much was too little for a block of its own.
  uint64_t left = unitsOf(word);
  uint64_t flags = kAllocated | (word & kPreviousAllocated);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t own = i + 1 == count ? left : unitsFor(sizes[i]);
    storeHeader(base(), block, flags | own);
    offsets[i] = block + kBlockHeader;
    flags = kAllocated | kPreviousAllocated;
    block += own * kBlockUnit;
    left -= own;
  }
  return 0;
}

int PoolMemory::allocateEachLocked(const uint64_t* sizes, size_t count, uint64_t* offsets) {
  for (size_t i = 0; i < count; ++i) {
    const int64_t offset = allocateLocked(sizes[i]);
    if (offset < 0) {
      while (i > 0) freeLocked(offsets[--i]);
      return static_cast<int>(offset);
    }
    offsets[i] = static_cast<uint64_t>(offset);
  }
  return 0;
}

int PoolMemory::freeRowLocked(const uint64_t* offsets, size_t count) {
  int rc = 0;
  for (size_t i = 0; i < count;) {
    const uint64_t first = offsets[i];
    // Again for each: freeing the one before has changed the neighbourhood, and a liar's headers could overlap.
    if (!hasAllocatedHeader(blocks_, first, 1, false)) {
      if (rc == 0) rc = -EINVAL;
      ++i;
      continue;
    }
    uint64_t units = unitsOf(loadHeader(base(), first - kBlockHeader));
    for (++i; i < count && offsets[i] == first + units * kBlockUnit; ++i) {
      if (!hasAllocatedHeader(blocks_, offsets[i], 1, false)) break;
      units += unitsOf(loadHeader(base(), offsets[i] - kBlockHeader));
    }
    storeUnits(base(), first - kBlockHeader, units);
    if (const int freed = freeLocked(first); rc == 0) rc = freed;
  }
  return rc;
}

}  // namespace flow_ipc
