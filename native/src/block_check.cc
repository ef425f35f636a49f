// The block header of rbtree_best_fit, read defensively (layout: flow-ipc-protocol 6.1).
#include "block_check.h"

#include "tree_node.h"

namespace flow_ipc {
namespace {

// Without the first word, the size of a free block before: while that one is allocated the word is its user's.
struct Header {
  uint64_t units;
  bool previousAllocated;
  bool allocated;
};

// All zero, which no block is, where nothing can be.
__attribute__((always_inline)) inline Header readHeader(const BlockSpace& space, uint64_t block,
                                                        uint64_t bytes = kBlockHeader) {
  if (!space.backing->readable(block, bytes)) return {0, false, false};
  const uint64_t word = loadHeader(space.base, block);
  return {unitsOf(word), isPreviousAllocated(word), isAllocated(word)};
}

// A link of a tree node: null, the tree's header (parents only), or the node of some block.
bool isLink(const BlockSpace& space, uint64_t field, bool parent) {
  uint64_t value = loadWord(space.base, field);
  if (value == kNull) return !parent;
  if (parent) value &= ~kColourBit;
  const uint64_t node = follow(field, value);
  if (parent && node == kTreeHeader) return true;
  return isNode(space, node);
}

// The parent of a node points back at it.
bool isLinkedIn(const BlockSpace& space, uint64_t node) {
  const uint64_t parent = follow(node + kParent, loadWord(space.base, node + kParent) & ~kColourBit);
  const auto pointsHere = [&](uint64_t field, uint64_t mask) {
    return follow(field, loadWord(space.base, field) & mask) == node;
  };
  if (parent == kTreeHeader) return pointsHere(kTreeHeader + kParent, ~kColourBit);
  return pointsHere(parent + kLeft, ~uint64_t{0}) || pointsHere(parent + kRight, ~uint64_t{0});
}

bool isFreeBlock(const BlockSpace& space, uint64_t block, uint64_t units) {
  if (space.end - block < kMinBlockUnits * kBlockUnit) return false;
  const Header header = readHeader(space, block, kNodeEnd);
  if (header.allocated || header.units != units || units < kMinBlockUnits) return false;
  const uint64_t node = block + kBlockHeader;
  if (!isLink(space, node + kParent, true) || !isLink(space, node + kLeft, false) ||
      !isLink(space, node + kRight, false) || !isLinkedIn(space, node)) {
    return false;
  }
  const uint64_t next = block + units * kBlockUnit;
  const Header after = readHeader(space, next);
  // All zero where nothing can be read, and then flagged so.
  return after.units != 0 && !after.previousAllocated && loadWord(space.base, next) == units;
}

}  // namespace

uint64_t unitsFor(uint64_t bytes) {
  const uint64_t rest = bytes < sizeof(uint64_t) ? 0 : bytes - sizeof(uint64_t);
  const uint64_t units = (rest + kBlockUnit - 1) / kBlockUnit + kBlockHeader / kBlockUnit;
  return units < kMinBlockUnits ? kMinBlockUnits : units;
}

bool hasAllocatedHeader(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact) {
  if (offset % kBlockUnit != 0 || offset < space.first + kBlockHeader || offset >= space.end) return false;
  const uint64_t block = offset - kBlockHeader;
  if (!space.backing->readable(block, kBlockHeader)) return false;
  // Not the other word of the header: it is the user's of the block before.
  const uint64_t word = loadHeader(space.base, block);
  const uint64_t units = unitsOf(word);
  if (!isAllocated(word) || units < kMinBlockUnits || units > (space.end - block) / kBlockUnit) return false;
  // A block lends its user the first word of the next header.
  const uint64_t room = units * kBlockUnit - kBlockHeader + sizeof(uint64_t);
  if (room < minBytes) return false;
  // The allocator splits off a rest that could be a block.
  return !exact || units < unitsFor(minBytes) + kMinBlockUnits;
}

bool isAllocatedBlock(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact, Extent* extent) {
  if (!hasAllocatedHeader(space, offset, minBytes, exact)) return false;
  const uint64_t block = offset - kBlockHeader;
  const uint64_t word = loadHeader(space.base, block);
  const uint64_t units = unitsOf(word);
  // Read once more, so checked once more.
  if (units < kMinBlockUnits || units > (space.end - block) / kBlockUnit) return false;
  const uint64_t next = block + units * kBlockUnit;
  const Header following = readHeader(space, next);
  if (!following.previousAllocated) return false;
  if (next == space.end) {
    if (!following.allocated) return false;
  } else if (!following.allocated) {
    if (following.units > (space.end - next) / kBlockUnit || !isFreeBlock(space, next, following.units)) return false;
  }
  uint64_t previous = 0;
  if (!isPreviousAllocated(word)) {
    previous = loadWord(space.base, block);
    if (previous > (block - space.first) / kBlockUnit) return false;
    if (!isFreeBlock(space, block - previous * kBlockUnit, previous)) return false;
  }
  if (extent != nullptr) *extent = {units, following.allocated ? 0 : following.units, previous};
  return true;
}

bool countBlocks(const BlockSpace& space, BlockCounts* counts) {
  uint64_t block = space.first;
  uint64_t largest = 0;
  while (block < space.end) {
    const Header header = readHeader(space, block);
    if (header.units < kMinBlockUnits || header.units > (space.end - block) / kBlockUnit) return false;
    const uint64_t bytes = header.units * kBlockUnit;
    if (header.allocated) {
      ++counts->used;
      counts->usedBytes += bytes;
    } else {
      ++counts->free;
      counts->freeBytes += bytes;
      if (bytes > largest) largest = bytes;
    }
    block += bytes;
  }
  if (largest != 0) counts->largestFree = largest - kBlockHeader + sizeof(uint64_t);
  return block == space.end;
}

}  // namespace flow_ipc
