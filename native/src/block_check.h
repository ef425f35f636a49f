// Checks that a block in the pool looks like one that the allocator gave.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backing.h"

namespace flow_ipc {

// The part of a pool that holds blocks: [first, end) are offsets from `base`, `end` that of the closing header.
// Nothing is read that has no pages: no allocator has written there.
struct BlockSpace {
  char* base;
  uint64_t first;
  uint64_t end;
  Backing* backing;
};

constexpr uint64_t kBlockUnit = 16;
constexpr uint64_t kBlockHeader = 16;
constexpr uint64_t kMinBlockUnits = 3;

// As the allocator rounds a request, header included: the first word of the next header is the block's user's as well.
uint64_t unitsFor(uint64_t bytes);

// How far a block reaches, and what is free on either side of it, in units with headers; 0 where a neighbour is allocated,
// or there is none.
struct Extent {
  uint64_t units = 0;
  uint64_t freeBehind = 0;
  uint64_t freeBefore = 0;
};

// True when `offset` (of a block's user bytes) is aligned and in range, the block is allocated and holds at least
// `minBytes`, and what freeing it would touch is consistent: the next block, the previous one if free, and the
// tree links of free neighbours. Call with the pool locked. With `exact`, the block must be no larger than the
// allocator would give for `minBytes`. Tells the block's extent to who wants to know.
bool isAllocatedBlock(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact,
                      Extent* extent = nullptr);

// The part of that which holds still without the lock: the block's own header.
bool hasAllocatedHeader(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact);

struct BlockCounts {
  uint64_t used = 0;         // blocks that are allocated
  uint64_t usedBytes = 0;    // of them, headers included
  uint64_t free = 0;         // free blocks
  uint64_t freeBytes = 0;    // of them, headers included
  uint64_t largestFree = 0;  // bytes that the largest request to succeed could have
};
// Walks all blocks. False: the chain is broken. Call with the pool locked.
bool countBlocks(const BlockSpace& space, BlockCounts* counts);

}  // namespace flow_ipc
