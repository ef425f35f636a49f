// The pool's tree of free blocks: Boost's own algorithms, over links that are checked as they are followed.
#pragma once

#include <cstdint>

#include "block_check.h"

namespace flow_ipc {

// Thrown: a link leads where no node can be, is missing where one must be, or there is no end of them.
struct BrokenTree {};

// What one change of the pool does to the tree. Blocks are named by the offsets of their headers; call with the pool
// locked. Whatever the links say, nothing is touched but the tree's own header, and what lies among the blocks and has
// pages. All throw BrokenTree, and may have made a part of their change then.
class FreeTree {
 public:
  explicit FreeTree(const BlockSpace& space) : space_(space) {}
  FreeTree(const FreeTree&) = delete;
  FreeTree& operator=(const FreeTree&) = delete;

  // The smallest block with so many units at least, the first of its size; 0: none.
  uint64_t find(uint64_t units);
  // Units of the block before or after this one in the tree; 0: none.
  uint64_t unitsBefore(uint64_t block);
  uint64_t unitsAfter(uint64_t block);
  void takeOut(uint64_t block);
  // Where the size in its header says: of its size the first, if it is smaller than all or there is no telling, or the last.
  void putInFirst(uint64_t block);
  void putInLast(uint64_t block);
  // In the place of another one, which its size must fit.
  void replace(uint64_t block, uint64_t by);

 private:
  class Node;
  struct Nodes;
  Node node(uint64_t block);
  Node header();
  void count(int64_t change);

  const BlockSpace& space_;
  // A change of a tree of 2^42 blocks, which is less than 90 deep, follows fewer.
  uint32_t linksLeft_ = 16 * 1024;
};

}  // namespace flow_ipc
