// Whether Boost can change its tree of free blocks without following a link that leads nowhere.
#pragma once

#include <cstdint>

#include "block_check.h"

namespace flow_ipc {

// True when a block of `units` can be put into the tree, and the free block at `block` (0: none) be taken out of it,
// replaced, or compared with its neighbours: all that these meet on their way lies in the pool, leads back to where they
// came from, and is there where the rules of such a tree say that something is. What lies elsewhere is not looked at: that
// is a few dozen nodes, not all of them. Call with the pool locked.
bool canChangeTree(const BlockSpace& space, uint64_t block, uint64_t units);

}  // namespace flow_ipc
