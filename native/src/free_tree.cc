// Boost.Intrusive's algorithms with nodes that are offsets, and accessors that trust none of them.
#include "free_tree.h"

#include <boost/intrusive/rbtree_algorithms.hpp>

#include "tree_node.h"

namespace flow_ipc {
namespace {

// Not where it happens: that stays small.
[[noreturn, gnu::noinline, gnu::cold]] void broken() { throw BrokenTree{}; }

}  // namespace

// What the algorithms take for a pointer: null, the tree's header, or where a node can be.
class FreeTree::Node {
 public:
  Node() = default;
  Node(FreeTree* tree, uint64_t at) : tree_(tree), at_(at) {}
  explicit operator bool() const { return at_ != 0; }
  bool operator==(const Node& other) const { return at_ == other.at_; }
  bool operator!=(const Node& other) const { return at_ != other.at_; }

  Node follow(uint64_t which, uint64_t mask = ~uint64_t{0}) const {
    const uint64_t field = at() + which;
    if (tree_->linksLeft_-- == 0) broken();
    const uint64_t value = loadWord(space().base, field) & mask;
    if (value == kNull) return {};
    const uint64_t target = flow_ipc::follow(field, value);
    if (target != kTreeHeader && !isNode(space(), target)) broken();
    return {tree_, target};
  }
  void point(uint64_t which, const Node& target, uint64_t bits = 0) const {
    const uint64_t field = at() + which;
    storeWord(space().base, field, (target ? target.at_ - field : kNull) | bits);
  }
  uint64_t colour() const {
    return loadWord(space().base, at() + kParent) & kColourBit;
  }
  void setColour(uint64_t colour) const {
    const uint64_t field = at() + kParent;
    storeWord(space().base, field, (loadWord(space().base, field) & ~kColourBit) | colour);
  }
  // Of the block that it is in, as its header says.
  uint64_t units() const {
    return unitsOf(loadHeader(space().base, at() - kBlockHeader));
  }
  uint64_t block() const { return at_ - kBlockHeader; }

 private:
  // Where the algorithms take for granted that something is.
  uint64_t at() const {
    if (at_ == 0) broken();
    return at_;
  }
  const BlockSpace& space() const { return tree_->space_; }

  FreeTree* tree_ = nullptr;
  uint64_t at_ = 0;
};

struct FreeTree::Nodes {
  // NodeTraits of Boost.Intrusive.
  using node = Node;
  using node_ptr = Node;
  using const_node_ptr = Node;
  using color = uint64_t;
  static Node get_parent(const Node& node) { return node.follow(kParent, ~kColourBit); }
  static Node get_left(const Node& node) { return node.follow(kLeft); }
  static Node get_right(const Node& node) { return node.follow(kRight); }
  static void set_parent(const Node& node, const Node& parent) { node.point(kParent, parent, node.colour()); }
  static void set_left(const Node& node, const Node& left) { node.point(kLeft, left); }
  static void set_right(const Node& node, const Node& right) { node.point(kRight, right); }
  static color get_color(const Node& node) { return node.colour(); }
  static void set_color(const Node& node, color colour) { node.setColour(colour); }
  static color black() { return kColourBit; }
  static color red() { return 0; }

  using Algorithms = boost::intrusive::rbtree_algorithms<Nodes>;
  static bool smaller(const Node& one, const Node& other) { return one.units() < other.units(); }
};

FreeTree::Node FreeTree::node(uint64_t block) { return {this, block + kBlockHeader}; }
FreeTree::Node FreeTree::header() { return {this, kTreeHeader}; }

uint64_t FreeTree::find(uint64_t units) {
  Node found;
  for (Node node = Nodes::get_parent(header()); node;) {
    if (node == header()) broken();
    const bool enough = node.units() >= units;
    if (enough) found = node;
    node = node.follow(enough ? kLeft : kRight);
  }
  return found ? found.block() : 0;
}

uint64_t FreeTree::unitsBefore(uint64_t block) {
  const Node at = node(block);
  return at == Nodes::get_left(header()) ? 0 : Nodes::Algorithms::prev_node(at).units();
}

uint64_t FreeTree::unitsAfter(uint64_t block) {
  const Node next = Nodes::Algorithms::next_node(node(block));
  return next == header() ? 0 : next.units();
}

// Nothing here depends on it; Boost asks whether it is 0.
void FreeTree::count(int64_t change) {
  storeWord(space_.base, kTreeSize, loadWord(space_.base, kTreeSize) + static_cast<uint64_t>(change));
}

void FreeTree::takeOut(uint64_t block) {
  count(-1);
  Nodes::Algorithms::erase(header(), node(block));
}

void FreeTree::putInFirst(uint64_t block) {
  count(1);
  Nodes::Algorithms::insert_equal(header(), Nodes::get_left(header()), node(block), Nodes::smaller);
}

void FreeTree::putInLast(uint64_t block) {
  count(1);
  Nodes::Algorithms::insert_equal(header(), header(), node(block), Nodes::smaller);
}

void FreeTree::replace(uint64_t block, uint64_t by) {
  Nodes::Algorithms::replace_node(node(block), header(), node(by));
}

}  // namespace flow_ipc
