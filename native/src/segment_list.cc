// Writing and (distrustful) reading of segment lists; layouts: flow-ipc-protocol 6.3, checked against pool images.
#include "segment_list.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "list_layout.h"

namespace flow_ipc {
namespace {

using namespace list_layout;

constexpr uint64_t kNullPointer = 1;

}  // namespace

uint64_t SegmentLists::load(uint64_t offset) const {
  // Once: the other processes that have this pool may write while we read.
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(pool_.base() + offset), __ATOMIC_RELAXED);
}

void SegmentLists::store64(uint64_t offset, uint64_t value) {
  __atomic_store_n(reinterpret_cast<uint64_t*>(pool_.base() + offset), value, __ATOMIC_RELAXED);
}

uint64_t SegmentLists::follow(uint64_t field) const {
  const uint64_t value = load(field);
  const uint64_t target = field + value;
  return value == kNullPointer || target >= pool_.size() ? 0 : target;
}

// Of a holder or node: where one can be, and with pages behind it.
bool SegmentLists::isPlace(uint64_t offset, uint64_t size) const {
  return offset % kBlockUnit == 0 && offset >= pool_.firstUserOffset() && pool_.contains(offset, size) &&
         pool_.backing().readable(offset, size);
}

bool SegmentLists::isListOffset(uint64_t list) const {
  return isPlace(list, kClassicHolderSize);
}

// An empty list with one owner.
void SegmentLists::begin(uint64_t list) {
  store64(list + kCount, 0);
  point(list + kRoot + kNext, list + kRoot);
  point(list + kRoot + kPrevious, list + kRoot);
  store64(list + kOwners, 1);
}

int64_t SegmentLists::create() {
  const int64_t list = pool_.allocate(kClassicHolderSize);
  if (list >= 0) begin(static_cast<uint64_t>(list));
  return list;
}

// Puts a filled-in node at the end of the ring, whose last node is `last` (the root when empty).
void SegmentLists::link(uint64_t list, uint64_t node, uint64_t buffer, uint64_t capacity, uint64_t last) {
  const uint64_t root = list + kRoot;
  point(node + kNext, root);
  point(node + kPrevious, last);
  store64(node + kPadding, 0);
  store64(node + kDeleter, kEngaged);
  store64(node + kBufferSize, capacity);
  point(node + kBuffer, buffer);
  store64(node + kCapacity, capacity);
  store64(node + kStart, 0);
  store64(node + kUsed, 0);
  point(last + kNext, node);
  point(root + kPrevious, node);
  // Last, for who reads what was sent before.
  __atomic_fetch_add(reinterpret_cast<uint64_t*>(pool_.base() + list + kCount), 1, __ATOMIC_RELEASE);
}

int64_t SegmentLists::addSegmentLocked(uint64_t list, uint64_t capacity) {
  const uint64_t root = list + kRoot;
  if (load(list + kCount) >= kMostSegments) return -ENOMEM;
  const uint64_t last = follow(root + kPrevious);
  if (last != root && !isPlace(last, kNodeSize)) return -EINVAL;
  const uint64_t sizes[] = {kNodeSize, capacity};
  uint64_t row[2];
  if (const int rc = pool_.allocateRowLocked(sizes, 2, row); rc != 0) return rc;
  link(list, row[0], row[1], capacity, last);
  return static_cast<int64_t>(row[1]);
}

int64_t SegmentLists::grow(uint64_t list, uint64_t capacity) {
  if (!isListOffset(list)) return -EINVAL;
  return pool_.withRoom([&] { return addSegmentLocked(list, capacity); });
}

int64_t SegmentLists::build(uint64_t capacity, uint64_t* buffer) {
  return pool_.withRoom([&] { return buildLocked(capacity, buffer); });
}

int64_t SegmentLists::buildLocked(uint64_t capacity, uint64_t* buffer) {
  const uint64_t sizes[] = {kClassicHolderSize, kNodeSize, capacity};
  uint64_t row[3];
  if (const int rc = pool_.allocateRowLocked(sizes, 3, row); rc != 0) return rc;
  begin(row[0]);
  link(row[0], row[1], row[2], capacity, row[0] + kRoot);
  *buffer = row[2];
  return static_cast<int64_t>(row[0]);
}

int64_t SegmentLists::store(const uint8_t* bytes, uint64_t length, uint64_t room) {
  uint64_t buffer = 0;
  const int64_t list = build(std::max(room, (length + 7) & ~uint64_t{7}), &buffer);
  if (list < 0) return list;
  const auto at = static_cast<uint64_t>(list);
  std::memcpy(pool_.base() + buffer, bytes, length);
  // The node as our own books have it, whatever has been written into the pool meanwhile.
  store64(follow(at + kRoot + kNext) + kUsed, length);
  return list;
}

bool SegmentLists::readNode(uint64_t node, uint64_t expectedPrevious, Segment* segment, uint64_t* next) const {
  if (!isPlace(node, kNodeSize) || follow(node + kPrevious) != expectedPrevious) return false;
  *next = follow(node + kNext);
  const uint64_t bufferSize = load(node + kBufferSize);
  const uint64_t capacity = load(node + kCapacity);
  const uint64_t start = load(node + kStart);
  const uint64_t used = load(node + kUsed);
  const uint64_t buffer = follow(node + kBuffer);
  segment->node = node;
  segment->buffer = buffer;
  segment->capacity = bufferSize;
  segment->used = used;
  segment->data = buffer + start;
  if (buffer == 0) return load(node + kBuffer) == kNullPointer && capacity == 0 && start == 0 && used == 0;
  return (load(node + kDeleter) & 0xff00) == kEngaged && buffer % kBlockUnit == 0 &&
         buffer >= pool_.firstUserOffset() && pool_.contains(buffer, bufferSize) && capacity <= bufferSize &&
         start <= capacity && used <= capacity - start &&
         (used == 0 || pool_.backing().usable(segment->data, used));
}

int SegmentLists::read(uint64_t list, uint64_t maxSegments) {
  segments_.clear();
  if (!isListOffset(list)) return -EINVAL;
  const uint64_t root = list + kRoot;
  const uint64_t count = __atomic_load_n(reinterpret_cast<uint64_t*>(pool_.base() + list + kCount), __ATOMIC_ACQUIRE);
  if (count > maxSegments || count > kMostSegments) return -EINVAL;
  uint64_t previous = root;
  uint64_t node = follow(root + kNext);
  for (uint64_t i = 0; i < count; ++i) {
    Segment segment;
    uint64_t next;
    if (node == root || !readNode(node, previous, &segment, &next)) return -EINVAL;
    segments_.push_back(segment);
    previous = node;
    node = next;
  }
  // Not whether the ring ends here: its maker may be adding to it, for a later sending, and counts last. An empty one
  // has nothing else to know it by.
  return count > 0 || isWhole(list) ? 0 : -EINVAL;
}

// Whether the ring has no more in it than read() found.
bool SegmentLists::isWhole(uint64_t list) const {
  const uint64_t root = list + kRoot;
  const uint64_t last = segments_.empty() ? root : segments_.back().node;
  return follow(last + kNext) == root && follow(root + kPrevious) == last;
}

uint32_t SegmentLists::owners(uint64_t list) const {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(pool_.base() + list + kOwners), __ATOMIC_ACQUIRE);
}

bool SegmentLists::isOneOfOurs(uint64_t list) {
  if (read(list, 1) != 0 || segments_.size() != 1) return false;
  const Segment& only = segments_[0];
  const BlockSpace& space = pool_.blocks();
  return only.buffer != 0 && only.data == only.buffer && load(only.node + kCapacity) == only.capacity &&
         isWhole(list) && hasAllocatedHeader(space, list, kClassicHolderSize, true) &&
         hasAllocatedHeader(space, only.node, kNodeSize, true) &&
         hasAllocatedHeader(space, only.buffer, only.capacity, true);
}

int SegmentLists::lend(uint64_t list, const uint64_t* usedSizes, size_t count) {
  if (pool_.readOnly()) return -EROFS;
  if (const int rc = read(list, count); rc != 0) return rc;
  if (segments_.size() != count) return -EINVAL;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t lead = segments_[i].data - segments_[i].buffer;
    if (segments_[i].capacity < lead || usedSizes[i] > segments_[i].capacity - lead) return -EINVAL;
  }
  if (const int rc = addOwner(list); rc != 0) return rc;
  // The handle that goes to the borrower through a socket orders these writes before its reads.
  for (size_t i = 0; i < count; ++i) store64(segments_[i].node + kUsed, usedSizes[i]);
  return 0;
}

int64_t SegmentLists::send(uint64_t list, const uint64_t* usedSizes, size_t count, const uint8_t* bytes,
                           uint64_t length) {
  const int64_t stored = store(bytes, length);
  if (stored < 0) return stored;
  const int rc = lend(list, usedSizes, count);
  if (rc == 0) return stored;
  release(static_cast<uint64_t>(stored));
  return rc;
}

int64_t SegmentLists::take(uint64_t list, uint8_t* target, uint64_t room) {
  if (const int rc = read(list, UINT64_MAX); rc != 0) return rc;
  if (segments_.size() != 1 || segments_[0].used > room) return -EMSGSIZE;
  const uint64_t used = segments_[0].used;
  std::memcpy(target, pool_.base() + segments_[0].data, used);
  const int64_t left = release(list);
  return left < 0 ? left : static_cast<int64_t>(used);
}

int SegmentLists::share(uint64_t list) {
  if (pool_.readOnly()) return -EROFS;
  if (const int rc = read(list, UINT64_MAX); rc != 0) return rc;
  return addOwner(list);
}

int SegmentLists::addOwner(uint64_t list) {
  auto* owners = reinterpret_cast<uint32_t*>(pool_.base() + list + kOwners);
  uint32_t now = __atomic_load_n(owners, __ATOMIC_RELAXED);
  // Never up from 0: that list is being taken down.
  do {
    if (now == 0 || now == UINT32_MAX) return -EINVAL;
  } while (!__atomic_compare_exchange_n(owners, &now, now + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return 0;
}

// Every block of the list, each once, is one that the allocator gave, of the size that its use says.
int SegmentLists::checkBlocksLocked(uint64_t list) {
  const BlockSpace& space = pool_.blocks();
  if (!isAllocatedBlock(space, list, kClassicHolderSize, true)) return -EINVAL;
  offsets_.assign(1, list);
  for (const Segment& segment : segments_) {
    if (!isAllocatedBlock(space, segment.node, kNodeSize, true)) return -EINVAL;
    offsets_.push_back(segment.node);
    if (segment.buffer == 0) continue;
    if (!isAllocatedBlock(space, segment.buffer, segment.capacity, true)) return -EINVAL;
    offsets_.push_back(segment.buffer);
  }
  std::sort(offsets_.begin(), offsets_.end());
  return std::adjacent_find(offsets_.begin(), offsets_.end()) == offsets_.end() ? 0 : -EINVAL;
}

int64_t SegmentLists::release(uint64_t list) {
  if (pool_.readOnly()) return -EROFS;
  if (const int rc = read(list, UINT64_MAX); rc != 0) return rc;
  auto* owners = reinterpret_cast<uint32_t*>(pool_.base() + list + kOwners);
  uint32_t now = __atomic_load_n(owners, __ATOMIC_RELAXED);
  while (now > 1) {
    if (__atomic_compare_exchange_n(owners, &now, now - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      return now - 1;
    }
  }
  if (now == 0) return -EINVAL;
  // The last owner: nobody else may touch the list, so the snapshot that read() took stays true.
  const PoolLock lock(pool_);
  if (lock.code() != 0) return lock.code();
  if (!isWhole(list)) return -EINVAL;
  if (const int rc = checkBlocksLocked(list); rc != 0) return rc;
  if (!__atomic_compare_exchange_n(owners, &now, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return -EINVAL;
  return pool_.freeRowLocked(offsets_.data(), offsets_.size());
}

}  // namespace flow_ipc
