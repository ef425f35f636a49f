// The nodes of Boost's tree of free blocks, one word at a time (layout: flow-ipc-protocol 6.1).
#pragma once

#include <cstdint>

#include "block_check.h"

namespace flow_ipc {

// A node lies in the first bytes of a free block, behind its header; the tree's own is in the segment manager: its parent
// is the root, its left and right are the first and the last node.
constexpr uint64_t kTreeHeader = 64;
// How many nodes there are.
constexpr uint64_t kTreeSize = 56;
constexpr uint64_t kParent = 0;
constexpr uint64_t kLeft = 8;
constexpr uint64_t kRight = 16;
// In the link to the parent: set for black nodes.
constexpr uint64_t kColourBit = 2;
constexpr uint64_t kNull = 1;
// In the word of a header that has the block's size in units: whether the block before it is allocated, and it itself.
constexpr uint64_t kPreviousAllocated = uint64_t{1} << 62;
constexpr uint64_t kAllocated = uint64_t{1} << 63;
// What a free block has: header and node.
constexpr uint64_t kNodeEnd = kBlockHeader + 24;

inline uint64_t loadWord(const char* base, uint64_t offset) {
  // Once: another process may be writing the same word.
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(base + offset), __ATOMIC_RELAXED);
}

inline void storeWord(char* base, uint64_t offset, uint64_t value) {
  __atomic_store_n(reinterpret_cast<uint64_t*>(base + offset), value, __ATOMIC_RELAXED);
}

// The word of a block's header that has its size and the flags.
inline uint64_t loadHeader(const char* base, uint64_t block) { return loadWord(base, block + 8); }
inline void storeHeader(char* base, uint64_t block, uint64_t word) { storeWord(base, block + 8, word); }

inline uint64_t unitsOf(uint64_t word) { return word & ~(kPreviousAllocated | kAllocated); }
inline bool isAllocated(uint64_t word) { return (word & kAllocated) != 0; }
inline bool isPreviousAllocated(uint64_t word) { return (word & kPreviousAllocated) != 0; }

// The size, with the flags left alone.
inline void storeUnits(char* base, uint64_t block, uint64_t units) {
  storeHeader(base, block, (loadHeader(base, block) & (kPreviousAllocated | kAllocated)) | units);
}

// Where a link leads, unchecked.
inline uint64_t follow(uint64_t field, uint64_t value) { return field + value; }

// Whether a node can be there.
__attribute__((always_inline)) inline bool isNode(const BlockSpace& space, uint64_t node) {
  return node % kBlockUnit == 0 && node >= space.first + kBlockHeader && node < space.end &&
         space.backing->readable(node - kBlockHeader, kNodeEnd);
}

}  // namespace flow_ipc
