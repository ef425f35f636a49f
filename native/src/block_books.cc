// The steps of rbtree_best_fit, in its order, so that pools are what they would be if it had done them.
#include "block_books.h"

#include <cstring>

#include "tree_node.h"

namespace flow_ipc {
namespace {

// Of the segment manager: how many bytes are in allocated blocks, with their headers.
constexpr uint64_t kAllocatedBytes = 96;

uint64_t behind(uint64_t block, uint64_t units) { return block + units * kBlockUnit; }

}  // namespace

void BlockBooks::setPreviousAllocated(uint64_t block, bool allocated) {
  const uint64_t word = loadHeader(space_.base, block);
  storeHeader(space_.base, block, allocated ? word | kPreviousAllocated : word & ~kPreviousAllocated);
}

void BlockBooks::markFree(uint64_t block, uint64_t units) {
  storeHeader(space_.base, block, loadHeader(space_.base, block) & ~kAllocated);
  const uint64_t next = behind(block, units);
  setPreviousAllocated(next, false);
  storeWord(space_.base, next, units);
}

void BlockBooks::countAllocated(uint64_t units) {
  storeWord(space_.base, kAllocatedBytes, loadWord(space_.base, kAllocatedBytes) + units * kBlockUnit);
}

Fit BlockBooks::find(uint64_t bytes) {
  Fit fit;
  fit.units = unitsFor(bytes);
  fit.block = tree_.find(fit.units);
  if (fit.block == 0) return fit;
  const uint64_t word = loadHeader(space_.base, fit.block);
  fit.room = unitsOf(word);
  if (isAllocated(word) || fit.room < fit.units || fit.room > (space_.end - fit.block) / kBlockUnit ||
      !space_.backing->readable(behind(fit.block, fit.room), kBlockHeader)) {
    throw BrokenTree{};
  }
  return fit;
}

void BlockBooks::allocate(const Fit& fit) {
  const uint64_t block = fit.block;
  const uint64_t left = fit.room - fit.units;
  uint64_t units = fit.room;
  if (left < kMinBlockUnits) {
    tree_.takeOut(block);
  } else {
    units = fit.units;
    const uint64_t rest = behind(block, units);
    storeHeader(space_.base, rest, left);
    markFree(rest, left);
    if (tree_.unitsBefore(block) <= left) {
      tree_.replace(block, rest);
    } else {
      tree_.takeOut(block);
      tree_.putInFirst(rest);
    }
  }
  countAllocated(units);
  storeHeader(space_.base, block, (loadHeader(space_.base, block) & kPreviousAllocated) | kAllocated | units);
  std::memset(space_.base + block + kBlockHeader, 0, kMinBlockUnits * kBlockUnit - kBlockHeader);
  setPreviousAllocated(behind(block, units), true);
  storeWord(space_.base, behind(block, units), 0);
}

void BlockBooks::free(uint64_t block, const Extent& extent) {
  countAllocated(-extent.units);
  uint64_t whole = block;
  uint64_t units = extent.units;
  if (extent.freeBefore != 0) {
    whole = block - extent.freeBefore * kBlockUnit;
    units += extent.freeBefore;
    storeUnits(space_.base, whole, units);
  }
  if (extent.freeBehind != 0) {
    const uint64_t next = behind(block, extent.units);
    units += extent.freeBehind;
    storeUnits(space_.base, whole, units);
    if (extent.freeBefore != 0) tree_.takeOut(next);
    else tree_.replace(next, whole);
  }
  if (whole == block && extent.freeBehind == 0) {
    tree_.putInFirst(block);
  } else if (const uint64_t after = tree_.unitsAfter(whole); after != 0 && units > after) {
    tree_.takeOut(whole);
    tree_.putInLast(whole);
  }
  markFree(whole, units);
}

void BlockBooks::extend(uint64_t block, const Extent& extent, uint64_t units) {
  const uint64_t next = behind(block, extent.units);
  const uint64_t merged = extent.units + extent.freeBehind;
  const uint64_t left = merged - units;
  if (left < kMinBlockUnits) {
    units = merged;
    tree_.takeOut(next);
  } else {
    // The node of what is left over may lie where that of the block is now.
    const bool moves = extent.freeBehind - left < kMinBlockUnits || tree_.unitsBefore(next) > left;
    if (moves) tree_.takeOut(next);
    const uint64_t rest = behind(block, units);
    storeHeader(space_.base, rest, left);
    markFree(rest, left);
    if (moves) tree_.putInFirst(rest);
    else tree_.replace(next, rest);
  }
  countAllocated(units - extent.units);
  storeUnits(space_.base, block, units);
  setPreviousAllocated(behind(block, units), true);
}

void BlockBooks::shrink(uint64_t block, const Extent& extent, uint64_t units) {
  const uint64_t rest = behind(block, units);
  const uint64_t left = extent.units - units;
  storeUnits(space_.base, block, units);
  storeHeader(space_.base, rest, kAllocated | kPreviousAllocated | left);
  free(rest, {left, extent.freeBehind, 0});
}

}  // namespace flow_ipc
