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

Header readHeader(const BlockSpace& space, uint64_t block) {
  const uint64_t word = load(space.base, block + 8);
  return {load(space.base, block), word & ~(uint64_t{3} << 62), (word >> 62 & 1) != 0, (word >> 63) != 0};
}

uint64_t follow(uint64_t field, uint64_t value) { return field + value; }

// A link of a tree node: null, the tree's header (parents only), or the node of some block.
bool isLink(const BlockSpace& space, uint64_t field, bool parent) {
  uint64_t value = load(space.base, field);
  if (value == kNull) return !parent;
  if (parent) value &= ~kColourBit;
  const uint64_t node = follow(field, value);
  if (parent && node == kTreeHeader) return true;
  return node % kBlockUnit == 0 && node >= space.first + kBlockHeader && node < space.end;
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
  if (!isLink(space, node + kParent, true) || !isLink(space, node + kLeft, false) ||
      !isLink(space, node + kRight, false) || !isLinkedIn(space, node)) {
    return false;
  }
  const Header after = readHeader(space, block + units * kBlockUnit);
  return !after.previousAllocated && after.previousUnits == units;
}

}  // namespace

bool isAllocatedBlock(const BlockSpace& space, uint64_t offset, uint64_t minBytes, bool exact) {
  if (offset % kBlockUnit != 0 || offset < space.first + kBlockHeader || offset >= space.end) return false;
  const uint64_t block = offset - kBlockHeader;
  const Header header = readHeader(space, block);
  if (!header.allocated || header.units < kMinBlockUnits || header.units > (space.end - block) / kBlockUnit) {
    return false;
  }
  // A block lends its user the first word of the next header.
  const uint64_t room = header.units * kBlockUnit - kBlockHeader + sizeof(uint64_t);
  if (room < minBytes) return false;
  // The allocator splits off a rest of three units or more.
  if (exact && room >= minBytes + (kMinBlockUnits + 1) * kBlockUnit) return false;

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

}  // namespace flow_ipc
