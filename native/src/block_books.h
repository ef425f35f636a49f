// Takes blocks out of free memory and gives them back, with the books kept word for word as Boost's rbtree_best_fit does.
#pragma once

#include <cstdint>

#include "block_check.h"
#include "free_tree.h"

namespace flow_ipc {

// Where a request will be: a free block of `room` units, of which it takes `units`. `block` 0: nowhere.
struct Fit {
  uint64_t block = 0;
  uint64_t units = 0;
  uint64_t room = 0;
};

// For one change of a pool, which is locked; see FreeTree for what is trusted, and what is thrown. Blocks are named by the
// offsets of their headers. Sizes that a peer could have changed since are not read again: they come from who has checked
// them.
class BlockBooks {
 public:
  explicit BlockBooks(const BlockSpace& space) : space_(space), tree_(space) {}

  // The one that Boost would choose.
  Fit find(uint64_t bytes);
  // It, and the header of what it leaves over, or the next one, must have pages. Its user finds zeros at its start and in
  // its last word.
  void allocate(const Fit& fit);
  // The extents are isAllocatedBlock()'s, of now.
  void free(uint64_t block, const Extent& extent);
  // To `units`, which must be more, and be there. What it may leave over needs pages for a header and a node.
  void extend(uint64_t block, const Extent& extent, uint64_t units);
  // To `units`, which must leave enough for another block; its header and node need pages.
  void shrink(uint64_t block, const Extent& extent, uint64_t units);

 private:
  void setPreviousAllocated(uint64_t block, bool allocated);
  // Of a block with so many units; what follows it is told.
  void markFree(uint64_t block, uint64_t units);
  void countAllocated(uint64_t units);

  const BlockSpace& space_;
  FreeTree tree_;
};

}  // namespace flow_ipc
