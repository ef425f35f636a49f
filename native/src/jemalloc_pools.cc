// Runs of pages in shared memory objects that come and go with use.
#include "jemalloc_pools.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "create_shm.h"
#include "jemalloc_pool_id.h"

namespace flow_ipc {
namespace {

constexpr uint64_t kMiB = 1 << 20;
// The size that Flow-IPC's own pools begin with; later ones grow with the arena, so that few need announcing. A size is
// only address space: pages are had when they are first taken.
constexpr uint64_t kSmallestPool = 2 * kMiB;
constexpr uint64_t kLargestGrowth = 64 * kMiB;
// Offsets in handles and pointers are signed 32-bit numbers.
constexpr uint64_t kLargestPool = (uint64_t{1} << 31) - 4096;
constexpr int kNameAttempts = 1000;
// With less than this left of the file system, pages are reserved before they are promised: see reserve().
constexpr uint64_t kTight = 64 * kMiB;

uint64_t roundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

char* alignUp(char* at, uint64_t alignment) {
  return reinterpret_cast<char*>(roundUp(reinterpret_cast<uint64_t>(at), alignment));
}

}  // namespace

JemallocPools::~JemallocPools() {
  for (const auto& entry : pools_) shm_unlink(('/' + entry.second->name).c_str());
}

OwnPool* JemallocPools::find(const void* at) const {
  const char* address = static_cast<const char*>(at);
  auto next = pools_.upper_bound(address);
  if (next == pools_.begin()) return nullptr;
  OwnPool* pool = std::prev(next)->second.get();
  return address < pool->base() + pool->size() ? pool : nullptr;
}

uint32_t JemallocPools::freeWindow() {
  const auto hole = std::find(windows_.begin() + 1, windows_.end(), nullptr);
  if (hole == windows_.end()) {
    windows_.push_back(nullptr);
    return static_cast<uint32_t>(windows_.size() - 1);
  }
  return static_cast<uint32_t>(hole - windows_.begin());
}

OwnPool* JemallocPools::createPool(uint64_t bytes) {
  const uint64_t growth = std::min(kLargestGrowth, roundUp(mapped_ / 2, kSmallestPool));
  const uint64_t size = std::max({kSmallestPool, growth, bytes});
  const char* failed;
  int fd = -EEXIST;
  auto pool = std::make_unique<OwnPool>();
  // A name that exists: the counter has wrapped and come upon a pool that still lives.
  for (int i = 0; fd == -EEXIST && i < kNameAttempts; ++i) {
    pool->id = nextPoolId();
    pool->name = nameBase_ + std::to_string(pool->id);
    fd = createShm(pool->name, size, mode_, &failed);
  }
  if (fd < 0) {
    error_ = -fd;
    return nullptr;
  }
  pool->mapping = Mapping::map(fd, 0, size, false);
  if (pool->mapping == nullptr) {
    error_ = errno;
    close(fd);
    shm_unlink(('/' + pool->name).c_str());
    return nullptr;
  }
  pool->mapping->adoptFd(fd);
  pool->window = freeWindow();
  windows_[pool->window] = pool.get();
  mapped_ += size;
  events_.push_back({true, pool->id, pool->window, size, pool->name});
  addRun(pool->base(), size);
  OwnPool* result = pool.get();
  pools_.emplace(result->base(), std::move(pool));
  return result;
}

void JemallocPools::removePool(OwnPool* pool) {
  shm_unlink(('/' + pool->name).c_str());
  windows_[pool->window] = nullptr;
  mapped_ -= pool->size();
  events_.push_back({false, pool->id, pool->window, pool->size(), pool->name});
  pools_.erase(pool->base());  // views of it may hold the mapping
}

void JemallocPools::addRun(char* at, uint64_t bytes) {
  byPlace_.emplace(at, bytes);
  bySize_.emplace(bytes, at);
}

void JemallocPools::dropRun(std::map<char*, uint64_t>::iterator run) {
  bySize_.erase({run->second, run->first});
  byPlace_.erase(run);
}

// Whether the file system has pages for a run that is all holes; without them the first write to one is SIGBUS. While
// there is plenty, looking is enough. When it gets tight the pages are had now, for others look, too.
bool JemallocPools::reserve(const OwnPool* pool, const char* at, uint64_t bytes) {
  struct statvfs fs;
  if (fstatvfs(pool->mapping->fd(), &fs) != 0 || fs.f_blocks == 0) return true;  // 0 blocks: a tmpfs without limit
  const uint64_t available = static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
  if (available >= bytes && available - bytes >= kTight) return true;
  int rc;
  do rc = fallocate(pool->mapping->fd(), 0, at - pool->mapping->data(), static_cast<off_t>(bytes));
  while (rc != 0 && errno == EINTR);
  if (rc == 0) return true;
  error_ = errno;
  return false;
}

void* JemallocPools::take(uint64_t bytes, uint64_t alignment) {
  error_ = ENOMEM;
  if (bytes > kLargestPool) return nullptr;
  const auto fits = [&](const Run& run) {
    char* start = alignUp(run.second, alignment);
    return start + bytes <= run.second + run.first;
  };
  auto run = std::find_if(bySize_.lower_bound({bytes, nullptr}), bySize_.end(), fits);
  if (run == bySize_.end()) {
    // A mapping is aligned to pages; jemalloc asks for more seldom, and never for more than a large page.
    const uint64_t slack = alignment > 4096 ? alignment : 0;
    if (bytes + slack > kLargestPool) return nullptr;
    const OwnPool* pool = createPool(bytes + slack);
    if (pool == nullptr) return nullptr;
    run = bySize_.find({pool->size(), pool->base()});
  }
  char* first = run->second;
  char* start = alignUp(first, alignment);
  OwnPool* pool = find(first);
  if (!reserve(pool, start, bytes)) {
    if (pool->used == 0) {
      dropRun(byPlace_.find(first));
      removePool(pool);
    }
    return nullptr;
  }
  takeOut(pool, byPlace_.find(first), start, bytes);
  return start;
}

void* JemallocPools::takeAt(void* at, uint64_t bytes) {
  error_ = ENOMEM;
  char* start = static_cast<char*>(at);
  OwnPool* pool = find(start);
  // Pools may be mapped one behind the other, but what is in one file does not go on in the next.
  if (pool == nullptr || pool != find(start - 1)) return nullptr;
  auto run = byPlace_.upper_bound(start);
  if (run == byPlace_.begin()) return nullptr;
  --run;
  if (start + bytes > run->first + run->second || !reserve(pool, start, bytes)) return nullptr;
  takeOut(pool, run, start, bytes);
  return start;
}

void JemallocPools::takeOut(OwnPool* pool, std::map<char*, uint64_t>::iterator run, char* start, uint64_t bytes) {
  const auto [first, size] = *run;
  dropRun(run);
  if (start > first) addRun(first, static_cast<uint64_t>(start - first));
  const auto tail = static_cast<uint64_t>(first + size - (start + bytes));
  if (tail > 0) addRun(start + bytes, tail);
  pool->used += bytes;
  used_ += bytes;
}

void JemallocPools::give(void* at, uint64_t bytes) {
  char* start = static_cast<char*>(at);
  OwnPool* pool = find(start);
  pool->used -= bytes;
  used_ -= bytes;
  // Zeros for the next taker, and pages for the system.
  if (pool->used > 0 && !closing_) madvise(start, bytes, MADV_REMOVE);
  auto next = byPlace_.lower_bound(start);
  if (next != byPlace_.end() && next->first == start + bytes && next->first < pool->base() + pool->size()) {
    bytes += next->second;
    dropRun(next);
    next = byPlace_.lower_bound(start);
  }
  if (next != byPlace_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first >= pool->base() && previous->first + previous->second == start) {
      start = previous->first;
      bytes += previous->second;
      dropRun(previous);
    }
  }
  if (pool->used > 0) {
    addRun(start, bytes);
  } else {
    // All runs have met: this is the whole pool.
    removePool(pool);
  }
}

}  // namespace flow_ipc
