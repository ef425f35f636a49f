// Which lists are kept, and when one of them can serve again.
#include "spare_lists.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace flow_ipc {
namespace {

// In bytes: that of every message, and of its response.
constexpr uint64_t kMetadata = 128;
// Where somebody sends faster than the other side reads, each look is a memory access to the other processor for nothing.
constexpr uint32_t kMostFailures = 6;

}  // namespace

bool SpareLists::Ring::has(uint64_t list) const {
  for (size_t i = 0; i < count_; ++i) {
    if (spares_[(first_ + i) % kMost].list == list) return true;
  }
  return false;
}

bool SpareLists::Ring::pop(uint64_t capacity, Spare* spare) {
  for (size_t left = count_; left > 0; --left) {
    *spare = pop();
    if (spare->capacity >= capacity && spare->capacity / 2 <= capacity) return true;
    push(*spare);
  }
  return false;
}

// One that is nobody else's any more.
bool SpareLists::take(Ring& ring, uint64_t capacity, Spare* spare) {
  if (ring.skip > 0) {
    --ring.skip;
    return false;
  }
  if (!ring.pop(capacity, spare)) return false;
  if (lists_.owners(spare->list) == 1) {
    ring.failures = 0;
    // Whoever changed it may keep it.
    return lists_.isOneOfOurs(spare->list) && lists_.segments()[0].buffer == spare->buffer;
  }
  ring.failures = std::min(ring.failures + 1, kMostFailures);
  ring.skip = 1u << ring.failures;
  // One that the recipient holds for long makes room for others.
  if (ring.failures == kMostFailures) lists_.release(spare->list);
  else ring.push(*spare);
  return false;
}

void SpareLists::keep(Ring& ring, uint64_t list) {
  const Segment& only = lists_.segments()[0];
  ring.push({list, only.buffer, only.capacity});
}

int64_t SpareLists::build(uint64_t capacity, uint64_t* buffer) {
  Spare spare;
  if (!take(bodies_, capacity, &spare)) return lists_.build(capacity, buffer);
  *buffer = spare.buffer;
  return static_cast<int64_t>(spare.list);
}

int64_t SpareLists::storeKeeping(const uint8_t* bytes, uint64_t length) {
  if (length > kMetadata) return lists_.store(bytes, length);
  Spare spare;
  if (take(metadata_, kMetadata, &spare)) {
    std::memcpy(pool_.base() + spare.buffer, bytes, length);
    if (lists_.lend(spare.list, &length, 1) == 0) {
      metadata_.push(spare);
      return static_cast<int64_t>(spare.list);
    }
  }
  const int64_t stored = lists_.store(bytes, length, kMetadata);
  if (stored < 0 || metadata_.full()) return stored;
  const auto list = static_cast<uint64_t>(stored);
  if (lists_.share(list) == 0) keep(metadata_, list);
  return stored;
}

int64_t SpareLists::send(uint64_t list, uint64_t used, const uint8_t* bytes, uint64_t length) {
  const int64_t stored = storeKeeping(bytes, length);
  if (stored < 0) return stored;
  const int rc = lists_.lend(list, &used, 1);
  if (rc == 0) return stored;
  lists_.release(static_cast<uint64_t>(stored));
  return rc;
}

int64_t SpareLists::retire(uint64_t list) {
  // Whoever retired it before has no share any more.
  if (bodies_.has(list) || metadata_.has(list)) return -EINVAL;
  const bool kept = !bodies_.full() && !pool_.readOnly() && lists_.isOneOfOurs(list) &&
                    lists_.segments()[0].capacity <= kLongest;
  if (!kept) return std::min<int64_t>(lists_.release(list), 0);
  keep(bodies_, list);
  return 1;
}

size_t SpareLists::giveBack() {
  size_t count = 0;
  for (Ring* ring : {&bodies_, &metadata_}) {
    for (; !ring->empty(); ++count) {
      const int64_t left = lists_.release(ring->pop().list);
      // Each further one could take as long. The peer is gone or stuck, and what it holds with it.
      if (left == -ETIMEDOUT || left == -EOWNERDEAD) return count;
    }
  }
  return count;
}

}  // namespace flow_ipc
