// Walks along the paths that Boost will take, and looks at what rotations would touch beside them.
#include "free_tree.h"

#include <initializer_list>

#include "tree_node.h"

namespace flow_ipc {
namespace {

// A red-black tree of 2^42 blocks is not deeper.
constexpr int kDeepest = 96;
// A link that leads to the pool's first byte, which is not null to Boost. No node is there.
constexpr uint64_t kNowhere = 1;

auto always(uint64_t field) {
  return [field](uint64_t) { return field; };
}

class Walker {
 public:
  explicit Walker(const BlockSpace& space) : space_(space) {}

  bool canTakeOut(uint64_t node) const {
    if (!isNode(space_, node) || !isFamily(node, 1)) return false;
    // Boost compares it with its neighbours, and one with two children changes places with the next.
    const uint64_t left = link(node + kLeft);
    const uint64_t right = link(node + kRight);
    if (left != 0 && descend(left, always(kRight)) == 0) return false;
    const uint64_t next = right == 0 ? node : descend(right, always(kLeft));
    return next != 0 && climb(left == 0 ? node : next);
  }

  bool canPutIn(uint64_t units) const {
    const uint64_t root = parent(kTreeHeader);
    if (root == 0) return true;
    if (!isNode(space_, root) || parent(root) != kTreeHeader || isRed(root)) return false;
    const auto size = [&](uint64_t node) { return unitsOf(loadWord(space_.base, node - 8)); };
    // In front of those of its size, or behind them.
    const auto first = [&](uint64_t node) { return size(node) < units ? kRight : kLeft; };
    const auto last = [&](uint64_t node) { return size(node) <= units ? kRight : kLeft; };
    return descend(root, first) != 0 && descend(root, last) != 0 &&
           descend(root, always(kLeft)) == link(kTreeHeader + kLeft) &&
           descend(root, always(kRight)) == link(kTreeHeader + kRight);
  }

 private:
  uint64_t link(uint64_t field, uint64_t mask = ~uint64_t{0}) const {
    const uint64_t value = loadWord(space_.base, field) & mask;
    if (value == kNull) return 0;
    const uint64_t node = follow(field, value);
    return node == 0 ? kNowhere : node;
  }
  uint64_t parent(uint64_t node) const { return link(node + kParent, ~kColourBit); }
  bool isRed(uint64_t node) const { return (loadWord(space_.base, node + kParent) & kColourBit) == 0; }

  // Whether the node's children are its own, and not one twice, and so are theirs, so many generations down.
  bool isFamily(uint64_t node, int generations) const {
    if (link(node + kLeft) == link(node + kRight) && link(node + kLeft) != 0) return false;
    for (const uint64_t field : {kLeft, kRight}) {
      const uint64_t child = link(node + field);
      if (child == 0) continue;
      if (!isNode(space_, child) || parent(child) != node) return false;
      if (generations > 1 && !isFamily(child, generations - 1)) return false;
    }
    return true;
  }

  // The node at the end of the way that `choose` says; 0: something on it is wrong.
  template <typename Choose>
  uint64_t descend(uint64_t node, Choose choose) const {
    for (int depth = 0; depth <= kDeepest; ++depth) {
      if (!isFamily(node, 1)) return 0;
      const uint64_t next = link(node + choose(node));
      if (next == 0) return node;
      node = next;
    }
    return 0;
  }

  // Up to the root, as balancing does when a node is gone.
  bool climb(uint64_t node) const {
    for (int depth = 0; depth <= kDeepest; ++depth) {
      const uint64_t up = parent(node);
      if (up == kTreeHeader) return parent(kTreeHeader) == node;
      if (!isNode(space_, up)) return false;
      const uint64_t left = link(up + kLeft);
      if (left != node && link(up + kRight) != node) return false;
      if (!hasSibling(up, left == node ? kRight : kLeft, depth == 0 && isRed(node))) return false;
      node = up;
    }
    return false;
  }

  // Only a red leaf has none. Balancing turns the sibling around, and when that is red the nearer of its children next.
  bool hasSibling(uint64_t up, uint64_t field, bool mayLack) const {
    const uint64_t sibling = link(up + field);
    if (sibling == 0) return mayLack;
    if (!isFamily(up, 1)) return false;
    if (!isRed(sibling)) return isFamily(sibling, 2);
    const bool whole = link(sibling + kLeft) != 0 && link(sibling + kRight) != 0;
    return (whole || mayLack) && isFamily(sibling, 3);
  }

  const BlockSpace& space_;
};

}  // namespace

bool canChangeTree(const BlockSpace& space, uint64_t block, uint64_t units) {
  const Walker walker(space);
  return (block == 0 || walker.canTakeOut(block + kBlockHeader)) && walker.canPutIn(units);
}

}  // namespace flow_ipc
