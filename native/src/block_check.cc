// The block header of rbtree_best_fit, read defensively (layout: flow-ipc-protocol 6.1).
#include "block_check.h"

#include <cstring>

namespace flow_ipc {
namespace {

// Tree node in the first bytes of a free block, and of the tree's header in the segment manager.
constexpr uint64_t kTreeHeader = 64;
constexpr uint64_t kParent = 0;
constexpr uint64_t kLeft = 8;
constexpr uint64_t kRight = 16;
constexpr uint64_t kColourBit = 2;
constexpr uint64_t kNull = 1;

uint64_t load(const char* base, uint64_t offset) {
  // Once: another process may be writing the same word.
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(base + offset), __ATOMIC_RELAXED);
}

struct Header {
  uint64_t previousUnits;
  uint64_t units;
  bool previousAllocated;
  bool allocated;
};

uint64_t unitsOf(uint64_t word) { return word & ~(uint64_t{3} << 62); }
bool isAllocated(uint64_t word) { return (word >> 63) != 0; }

// All zero, which no block is, where nothing can be.
Header readHeader(const BlockSpace& space, uint64_t block) {
  if (!space.backing->readable(block, kBlockHeader)) return {0, 0, false, false};
  const uint64_t word = load(space.base, block + 8);
  return {load(space.base, block), unitsOf(word), (word >> 62 & 1) != 0, isAllocated(word)};
}

uint64_t follow(uint64_t field, uint64_t value) { return field + value; }

// Of what can be a free block: header and tree node.
constexpr uint64_t kNodeEnd = kBlockHeader + 24;

bool isNode(const BlockSpace& space, uint64_t node) {
  return node % kBlockUnit == 0 && node >= space.first + kBlockHeader && node < space.end &&
         space.backing->readable(node - kBlockHeader, kNodeEnd);
}

// A link of a tree node: null, the tree's header (parents only), or the node of some block.
bool isLink(const BlockSpace& space, uint64_t field, bool parent) {
  uint64_t value = load(space.base, field);
  if (value == kNull) return !parent;
  if (parent) value &= ~kColourBit;
  const uint64_t node = follow(field, value);
  if (parent && node == kTreeHeader) return true;
  return isNode(space, node);
}

// The parent of a node points back at it.
bool isLinkedIn(const BlockSpace& space, uint64_t node) {
  const uint64_t parent = follow(node + kParent, load(space.base, node + kParent) & ~kColourBit);
  const auto pointsHere = [&](uint64_t field, uint64_t mask) {
    return follow(field, load(space.base, field) & mask) == node;
  };
  if (parent == kTreeHeader) return pointsHere(kTreeHeader + kParent, ~kColourBit);
  return pointsHere(parent + kLeft, ~uint64_t{0}) || pointsHere(parent + kRight, ~uint64_t{0});
}

bool isFreeBlock(const BlockSpace& space, uint64_t block, uint64_t units) {
  const Header header = readHeader(space, block);
  if (header.allocated || header.units != units || units < kMinBlockUnits) return false;
  const uint64_t node = block + kBlockHeader;
  if (!isNode(space, node) || !isLink(space, node + kParent, true) || !isLink(space, node + kLeft, false) ||
      !isLink(space, node + kRight, false) || !isLinkedIn(space, node)) {
    return false;
  }
  const Header after = readHeader(space, block + units * kBlockUnit);
  return !after.previousAllocated && after.previousUnits == units;
}

}  // namespace

bool hasAllocatedHeader(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact) {
  if (offset % kBlockUnit != 0 || offset < space.first + kBlockHeader || offset >= space.end) return false;
  const uint64_t block = offset - kBlockHeader;
  if (!space.backing->readable(block, kBlockHeader)) return false;
  // Not the other word of the header: it is the user's of the block before.
  const uint64_t word = load(space.base, block + 8);
  const uint64_t units = unitsOf(word);
  if (!isAllocated(word) || units < kMinBlockUnits || units > (space.end - block) / kBlockUnit) return false;
  // A block lends its user the first word of the next header.
  const uint64_t room = units * kBlockUnit - kBlockHeader + sizeof(uint64_t);
  if (room < minBytes) return false;
  // The allocator splits off a rest of three units or more.
  return !exact || room < minBytes + (kMinBlockUnits + 1) * kBlockUnit;
}

bool isAllocatedBlock(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact) {
  if (!hasAllocatedHeader(space, offset, minBytes, exact)) return false;
  const uint64_t block = offset - kBlockHeader;
  const Header header = readHeader(space, block);
  // Read once more, so checked once more.
  if (header.units < kMinBlockUnits || header.units > (space.end - block) / kBlockUnit) return false;
  const uint64_t next = block + header.units * kBlockUnit;
  const Header following = readHeader(space, next);
  if (!following.previousAllocated) return false;
  if (next == space.end) {
    if (!following.allocated) return false;
  } else if (!following.allocated) {
    if (following.units > (space.end - next) / kBlockUnit || !isFreeBlock(space, next, following.units)) return false;
  }
  if (!header.previousAllocated) {
    if (header.previousUnits > (block - space.first) / kBlockUnit) return false;
    if (!isFreeBlock(space, block - header.previousUnits * kBlockUnit, header.previousUnits)) return false;
  }
  return true;
}

bool findFit(const BlockSpace& space, uint64_t bytes, Fit* fit) {
  // As rbtree_best_fit rounds a request: the first word of the next header is its user's as well.
  const uint64_t rest = bytes < sizeof(uint64_t) ? 0 : bytes - sizeof(uint64_t);
  fit->units = (rest + kBlockUnit - 1) / kBlockUnit + kBlockHeader / kBlockUnit;
  if (fit->units < kMinBlockUnits) fit->units = kMinBlockUnits;
  fit->block = 0;
  const uint64_t root = load(space.base, kTreeHeader + kParent) & ~kColourBit;
  uint64_t node = root == kNull ? 0 : follow(kTreeHeader + kParent, root);
  // A red-black tree of 2^42 blocks is not deeper.
  for (int depth = 0; node != 0; ++depth) {
    if (depth > 96 || !isNode(space, node)) return false;
    const Header header = readHeader(space, node - kBlockHeader);
    if (header.allocated || header.units > (space.end - (node - kBlockHeader)) / kBlockUnit) return false;
    const bool enough = header.units >= fit->units;
    if (enough) fit->block = node - kBlockHeader;
    const uint64_t field = node + (enough ? kLeft : kRight);
    const uint64_t link = load(space.base, field);
    node = link == kNull ? 0 : follow(field, link);
  }
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
