// Opening a peer's pools, and distrustful reading of the segment lists in them.
#include "jemalloc_borrower.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "jemalloc_layout.h"
#include "jemalloc_pool_id.h"

namespace flow_ipc {
namespace {

using namespace list_layout;

// A process may have some 65000 mappings; no honest arena has nearly as many pools as this.
constexpr size_t kMostPools = 4096;

uint64_t keyOf(uint32_t collection, uint32_t pool) { return uint64_t{collection} << 32 | pool; }

// Once: the owner may write while we read.
uint64_t load(const char* at) { return __atomic_load_n(reinterpret_cast<const uint64_t*>(at), __ATOMIC_RELAXED); }

}  // namespace

int JemallocBorrower::add(uint32_t collection, uint32_t pool, const std::string& name, uint64_t size) {
  if (size == 0 || size > kWindowMask || pool == 0 || pool > kPoolIdBits) return -EINVAL;
  if (find(collection, pool) != nullptr) return -EEXIST;
  if (pools_.size() >= kMostPools) return -EMFILE;
  const int fd = shm_open(('/' + name).c_str(), O_RDONLY, 0);
  if (fd < 0) return -errno;
  struct stat file;
  int err = fstat(fd, &file) != 0 ? errno : static_cast<uint64_t>(file.st_size) < size ? ERANGE : 0;
  std::shared_ptr<BorrowedMapping> mapping;
  if (err == 0) {
    auto pages = Mapping::map(fd, 0, size, true);
    if (pages == nullptr) err = errno;
    else mapping = std::make_shared<BorrowedMapping>(std::move(pages), size);
  }
  close(fd);
  if (err != 0) return -err;
  auto place = std::find(windows_.begin() + 1, windows_.end(), nullptr);
  if (place == windows_.end()) place = windows_.insert(place, nullptr);
  *place = mapping;
  const auto window = static_cast<uint32_t>(place - windows_.begin());
  pools_.emplace(keyOf(collection, pool), Pool{window, std::move(mapping)});
  return static_cast<int>(window);
}

bool JemallocBorrower::remove(uint32_t collection, uint32_t pool) {
  const auto found = pools_.find(keyOf(collection, pool));
  if (found == pools_.end()) return false;
  windows_[found->second.window].reset();
  pools_.erase(found);  // views of it hold the mapping
  return true;
}

const JemallocBorrower::Pool* JemallocBorrower::find(uint32_t collection, uint32_t pool) const {
  const auto found = pools_.find(keyOf(collection, pool));
  return found == pools_.end() ? nullptr : &found->second;
}

std::shared_ptr<BorrowedMapping> JemallocBorrower::window(uint64_t index) const {
  return index < windows_.size() ? windows_[index] : nullptr;
}

void JemallocBorrower::refresh() {
  for (const auto& entry : pools_) {
    const FaultGuard& guard = entry.second.mapping->guard;
    if (guard.written()) guard.refresh();
  }
}

char* JemallocBorrower::follow(uint32_t collection, uint64_t pointer, uint64_t length, BorrowedSegment* segment) {
  // A raw pointer would be an address in the peer's own memory.
  if ((pointer & kPoolPointer) == 0) return nullptr;
  const uint32_t id = static_cast<uint32_t>(pointer >> 32) & kPoolIdBits;
  const Pool* pool = find(collection, id);
  if (pool == nullptr) {
    missing_ = id;
    return nullptr;
  }
  const uint64_t offset = pointer & UINT32_MAX;
  if (offset % 8 != 0 || offset > pool->mapping->size || length > pool->mapping->size - offset) return nullptr;
  if (pool->mapping->guard.written()) pool->mapping->guard.refresh();
  if (segment != nullptr) {
    segment->mapping = pool->mapping;
    segment->address = uint64_t{pool->window} << kWindowBits | offset;
  }
  return pool->mapping->data + offset;
}

int JemallocBorrower::read(uint32_t collection, uint32_t pool, uint64_t offset, uint64_t maxSegments) {
  segments_.clear();
  missing_ = 0;
  const int rc = readRing(collection, pool, offset, maxSegments);
  return rc != 0 && missing_ != 0 ? -ENOENT : rc;
}

int JemallocBorrower::readRing(uint32_t collection, uint32_t pool, uint64_t offset, uint64_t maxSegments) {
  if (pool == 0 || pool > kPoolIdBits || offset > UINT32_MAX) return -EINVAL;
  const char* holder = follow(collection, poolPointer(pool, offset), kHolderSize);
  if (holder == nullptr) return -EINVAL;
  const uint64_t count = __atomic_load_n(reinterpret_cast<const uint64_t*>(holder + kCount), __ATOMIC_ACQUIRE);
  if (count > maxSegments || count > kMostSegments) return -EINVAL;
  const uint64_t root = poolPointer(pool, offset + kRoot);
  uint64_t previous = root;
  uint64_t pointer = load(holder + kRoot + kNext);
  for (uint64_t i = 0; i < count; ++i) {
    const char* node = pointer == root ? nullptr : follow(collection, pointer, kNodeSize);
    if (node == nullptr || load(node + kPrevious) != previous) return -EINVAL;
    const uint64_t bufferSize = load(node + kBufferSize);
    const uint64_t capacity = load(node + kCapacity);
    const uint64_t start = load(node + kStart);
    const uint64_t used = load(node + kUsed);
    const uint64_t next = load(node + kNext);
    BorrowedSegment segment;
    char* buffer = follow(collection, load(node + kBuffer), bufferSize, &segment);
    if (buffer == nullptr || capacity > bufferSize || start > capacity || used > capacity - start) return -EINVAL;
    segment.data = buffer + start;
    segment.address += start;
    segment.length = used;
    segments_.push_back(std::move(segment));
    previous = pointer;
    pointer = next;
  }
  // With segments it does not matter whether the ring ends here: its owner may be adding to it, for a later sending,
  // and counts last. An empty one has nothing else to know it by.
  if (count == 0 && (pointer != root || load(holder + kRoot + kPrevious) != root)) return -EINVAL;
  for (const BorrowedSegment& segment : segments_) {
    if (segment.mapping->guard.faulted()) return -EFAULT;
  }
  return 0;
}

}  // namespace flow_ipc
