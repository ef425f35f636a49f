// Checks, before Boost trusts it, that a block in the pool looks like one its allocator gave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flow_ipc {

// The part of a pool that holds blocks: [first, end) are offsets from `base`, `end` that of the closing header.
struct BlockSpace {
  const char* base;
  uint64_t first;
  uint64_t end;
};

constexpr uint64_t kBlockUnit = 16;
constexpr uint64_t kBlockHeader = 16;
constexpr uint64_t kMinBlockUnits = 3;

// True when `offset` (of a block's user bytes) is aligned and in range, the block is allocated and holds at least
// `minBytes`, and what freeing it would touch is consistent: the next block, the previous one if free, and the
// tree links of free neighbours. Call with the pool locked. With `exact`, the block must be no larger than the
// allocator would give for `minBytes`.
bool isAllocatedBlock(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact);

}  // namespace flow_ipc
