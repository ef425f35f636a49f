// Writing segment lists; who may read them only maps the pools.
#include "jemalloc_lists.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "jemalloc_layout.h"

namespace flow_ipc {
namespace {

using namespace list_layout;

// A holder, then a node, then (when it is small) the buffer, in one block: one allocation for most messages.
constexpr uint64_t kHolderRoom = 32;
constexpr uint64_t kNodeRoom = 80;
constexpr uint64_t kLead = kHolderRoom + kNodeRoom;
// jemalloc's small size classes end at 14 KiB. Larger blocks are whole pages, where a lead would cost a page.
constexpr uint64_t kLargestJoined = 14 * 1024;

void put(char* at, uint64_t value) { __atomic_store_n(reinterpret_cast<uint64_t*>(at), value, __ATOMIC_RELAXED); }

}  // namespace

uint64_t JemallocLists::pointerTo(const char* at) const {
  const OwnPool* pool = arena_.pools().find(at);
  return poolPointer(pool->id, static_cast<uint64_t>(at - pool->base()));
}

JemallocLists::Object* JemallocLists::find(uint64_t address, bool list) {
  const auto found = objects_.find(address);
  return found == objects_.end() || (found->second.owners > 0) != list ? nullptr : &found->second;
}

int64_t JemallocLists::allocate(uint64_t bytes) {
  char* block = arena_.allocate(bytes);
  if (block == nullptr) return -arena_.lastError();
  const uint64_t address = arena_.toAddress(block);
  objects_.emplace(address, Object{});
  return static_cast<int64_t>(address);
}

int JemallocLists::free(uint64_t block) {
  if (find(block, false) == nullptr) return -EINVAL;
  arena_.free(arena_.toPointer(block, 1));
  objects_.erase(block);
  return 0;
}

int JemallocLists::extend(uint64_t block, uint64_t bytes) {
  if (find(block, false) == nullptr) return -EINVAL;
  return arena_.extend(arena_.toPointer(block, 1), bytes) ? 0 : -ENOMEM;
}

int JemallocLists::shrink(uint64_t block, uint64_t bytes) {
  if (find(block, false) == nullptr) return -EINVAL;
  return arena_.shrink(arena_.toPointer(block, 1), bytes) ? 0 : -ENOMEM;
}

int64_t JemallocLists::create(uint64_t capacity, char** buffer) {
  const bool joined = capacity <= kLargestJoined - kLead;
  char* holder = arena_.allocate(joined ? kLead + capacity : kLead);
  if (holder == nullptr) return -arena_.lastError();
  Segment segment{holder + kHolderRoom, capacity, nullptr};
  *buffer = holder + kLead;
  if (!joined) {
    segment.separateBuffer = *buffer = arena_.allocate(capacity);
    if (*buffer == nullptr) {
      const int err = arena_.lastError();
      arena_.free(holder);
      return -err;
    }
  }
  const uint64_t root = pointerTo(holder + kRoot);
  const uint64_t node = root + (kHolderRoom - kRoot);
  put(holder + kCount, 1);
  put(holder + kRoot + kNext, node);
  put(holder + kRoot + kPrevious, node);
  fillNode(segment.node, root, root, *buffer, capacity);
  const uint64_t address = arena_.toAddress(holder);
  Object& object = objects_.emplace(address, Object{}).first->second;
  object.owners = 1;
  object.segments.push_back(segment);
  return static_cast<int64_t>(address);
}

void JemallocLists::fillNode(char* node, uint64_t next, uint64_t previous, const char* buffer, uint64_t capacity) {
  put(node + kNext, next);
  put(node + kPrevious, previous);
  put(node + kPadding, 0);
  put(node + kDeleter, kEngaged);
  put(node + kBufferSize, capacity);
  put(node + kBuffer, pointerTo(buffer));
  put(node + kCapacity, capacity);
  put(node + kStart, 0);
  put(node + kUsed, 0);
}

int JemallocLists::grow(uint64_t list, uint64_t capacity, char** buffer) {
  Object* object = find(list, true);
  if (object == nullptr) return -EINVAL;
  if (object->segments.size() >= kMostSegments) return -ENOMEM;
  const bool joined = capacity <= kLargestJoined - kNodeRoom;
  Segment segment{arena_.allocate(joined ? kNodeRoom + capacity : kNodeRoom), capacity, nullptr};
  if (segment.node == nullptr) return -arena_.lastError();
  *buffer = segment.node + kNodeRoom;
  if (!joined) {
    segment.separateBuffer = *buffer = arena_.allocate(capacity);
    if (*buffer == nullptr) {
      const int err = arena_.lastError();
      arena_.free(segment.node);
      return -err;
    }
  }
  char* holder = arena_.toPointer(list, kHolderSize);
  char* last = object->segments.back().node;
  fillNode(segment.node, pointerTo(holder + kRoot), pointerTo(last), *buffer, capacity);
  const uint64_t node = pointerTo(segment.node);
  put(last + kNext, node);
  put(holder + kRoot + kPrevious, node);
  object->segments.push_back(segment);
  // Last, for who reads what was sent before.
  __atomic_store_n(reinterpret_cast<uint64_t*>(holder + kCount), object->segments.size(), __ATOMIC_RELEASE);
  return 0;
}

int64_t JemallocLists::store(const uint8_t* bytes, uint64_t length) {
  char* buffer;
  const int64_t list = create(std::max<uint64_t>(8, (length + 7) & ~uint64_t{7}), &buffer);
  if (list < 0) return list;
  std::memcpy(buffer, bytes, length);
  put(objects_.find(static_cast<uint64_t>(list))->second.segments[0].node + kUsed, length);
  return list;
}

int JemallocLists::lend(uint64_t list, const uint64_t* usedSizes, size_t count) {
  Object* object = find(list, true);
  if (object == nullptr || object->segments.size() != count || object->owners == UINT32_MAX) return -EINVAL;
  for (size_t i = 0; i < count; ++i) {
    if (usedSizes[i] > object->segments[i].capacity) return -EINVAL;
  }
  for (size_t i = 0; i < count; ++i) put(object->segments[i].node + kUsed, usedSizes[i]);
  // The handle that goes to the borrower through a socket orders these writes before its reads.
  ++object->owners;
  return 0;
}

int64_t JemallocLists::release(uint64_t list) {
  Object* object = find(list, true);
  if (object == nullptr) return -EINVAL;
  if (--object->owners > 0) return object->owners;
  for (size_t i = 0; i < object->segments.size(); ++i) {
    const Segment& segment = object->segments[i];
    if (segment.separateBuffer != nullptr) arena_.free(segment.separateBuffer);
    // The first node is in one block with the holder, which is where that begins.
    arena_.free(i == 0 ? arena_.toPointer(list, kHolderSize) : segment.node);
  }
  objects_.erase(list);
  return 0;
}

}  // namespace flow_ipc
