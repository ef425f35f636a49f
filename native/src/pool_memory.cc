// Creating, opening and allocating in a Boost.Interprocess segment whose first bytes we lay out by hand.
#include "pool_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <new>

#include "create_shm.h"
#include "pool_manager.h"

namespace flow_ipc {
namespace {

constexpr uint64_t kState = 0;
constexpr uint32_t kReady = 2;
constexpr uint32_t kCorrupted = 3;
// Fields of the segment manager, as offsets from the pool's base (flow-ipc-protocol 6.1).
constexpr uint64_t kMutexKind = kPoolManager + 16;
constexpr uint64_t kExtraHeaderBytes = 88;
constexpr uint64_t kSegmentSize = 104;
constexpr uint64_t kFirstBlock = kPoolManager + sizeof(PoolManager);
static_assert(sizeof(pthread_mutex_t) == 40, "the layout is that of x86-64 and glibc");
constexpr uint64_t kSmallestPool = kFirstBlock + (kMinBlockUnits + 1) * kBlockUnit;
constexpr uint64_t kLargeBlock = 256 * 1024;

pthread_mutex_t* mutexOf(char* base) { return reinterpret_cast<pthread_mutex_t*>(base + kPoolManager); }
uint64_t word(const char* base, uint64_t offset) {
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(base + offset), __ATOMIC_RELAXED);
}

// Before any thread library looks at it: process-shared (128), perhaps robust (16).
bool isOurKindOfMutex(const char* base) {
  const uint32_t kind = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + kMutexKind), __ATOMIC_RELAXED);
  // The two flags of lock elision (256, 512) are no difference.
  return (kind & ~0x300u) == 128 || (kind & ~0x300u) == 144;
}

// 0, EAGAIN or EBADMSG.
int checkHeader(const char* base, uint64_t size) {
  const uint32_t state = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + kState), __ATOMIC_ACQUIRE);
  if (state < kReady) return EAGAIN;
  if (state >= kCorrupted) return EBADMSG;
  if (!isOurKindOfMutex(base)) return EBADMSG;
  if (word(base, kSegmentSize) != size - kPoolManager) return EBADMSG;
  return word(base, kExtraHeaderBytes) == sizeof(PoolManager) - 96 ? 0 : EBADMSG;
}

}  // namespace

PoolMemory::PoolMemory(std::shared_ptr<Mapping> mapping, bool readOnly, bool committed)
    : mapping_(std::move(mapping)), backing_(mapping_->fd(), mapping_->size(), committed), readOnly_(readOnly) {
  const uint64_t units = (size() - kFirstBlock) / kBlockUnit;
  blocks_ = {base(), kFirstBlock, kFirstBlock + (units - 1) * kBlockUnit, &backing_};
}

std::unique_ptr<PoolMemory> PoolMemory::create(const std::string& name, const Creation& how, int* err,
                                               const char** failed) {
  const size_t size = how.size;
  *failed = "ftruncate";
  *err = EINVAL;
  if (size < kSmallestPool) return nullptr;
  const int fd = createShm(name, size, how.mode, failed);
  if (fd < 0) {
    *err = -fd;
    return nullptr;
  }
  // The pages that the next lines write are had now: a full file system is an error here, and SIGBUS there.
  *failed = "posix_fallocate";
  *err = posix_fallocate(fd, 0, static_cast<off_t>(how.commit ? size : kSmallestPool));
  if (*err == 0) *err = posix_fallocate(fd, static_cast<off_t>(size - 2 * kBlockUnit), 2 * kBlockUnit);
  std::shared_ptr<Mapping> mapping;
  if (*err == 0) {
    *failed = "mmap";
    mapping = Mapping::map(fd, 0, size, false);
    if (mapping == nullptr) *err = errno;
  }
  if (*err != 0) {
    close(fd);
    shm_unlink(('/' + name).c_str());
    return nullptr;
  }
  mapping->adoptFd(fd);
  // Touches the first page and the last: the rest stays a hole.
  new (mapping->data() + kPoolManager) PoolManager(size - kPoolManager);
  __atomic_store_n(reinterpret_cast<uint32_t*>(mapping->data() + kState), kReady, __ATOMIC_RELEASE);
  return std::unique_ptr<PoolMemory>(new PoolMemory(std::move(mapping), false, how.commit));
}

std::unique_ptr<PoolMemory> PoolMemory::open(const std::string& name, bool readOnly, int* err, const char** failed) {
  *failed = "shm_open";
  const int fd = shm_open(('/' + name).c_str(), readOnly ? O_RDONLY : O_RDWR, 0);
  if (fd < 0) {
    *err = errno;
    return nullptr;
  }
  struct stat file;
  *failed = "poolOpen";
  *err = fstat(fd, &file) != 0 ? errno : file.st_size == 0 ? EAGAIN : 0;
  const auto size = static_cast<uint64_t>(file.st_size);
  if (*err == 0 && size < kSmallestPool) *err = EBADMSG;
  std::shared_ptr<Mapping> mapping;
  if (*err == 0) {
    mapping = Mapping::map(fd, 0, size, readOnly);
    *err = mapping == nullptr ? errno : checkHeader(mapping->data(), size);
  }
  if (*err != 0) {
    close(fd);
    return nullptr;
  }
  mapping->adoptFd(fd);
  return std::unique_ptr<PoolMemory>(new PoolMemory(std::move(mapping), readOnly, false));
}

std::unique_ptr<PoolMemory> PoolMemory::openOrCreate(const std::string& name, const Creation& how, int* err,
                                                     const char** failed) {
  // A creator takes microseconds. One that died in the midst leaves what nobody can use, and is reported as EAGAIN.
  constexpr int kTries = 500;
  const timespec nap{0, 1'000'000};
  for (int i = 0;; ++i) {
    auto pool = open(name, false, err, failed);
    if (pool != nullptr || (*err != ENOENT && *err != EAGAIN)) return pool;
    if (*err == ENOENT) {
      pool = create(name, how, err, failed);
      if (pool != nullptr || *err != EEXIST) return pool;
    }
    if (i == kTries) return nullptr;
    nanosleep(&nap, nullptr);
  }
}

int PoolMemory::lock() {
  if (readOnly_) return -EROFS;
  if (dead_) return -EOWNERDEAD;
  if (!isOurKindOfMutex(base())) return -EBADMSG;
  const int rc = lockShared(mutexOf(base()));
  if (rc == -EOWNERDEAD) dead_ = true;
  return rc;
}

void PoolMemory::unlock() { unlockShared(mutexOf(base())); }

// Has pages made for all that allocating will write, and for what the block's user may write later. Where the file
// system could back the whole pool twice, a large block gets its pages as they are written: reserving a gigabyte takes
// a quarter of a second.
int PoolMemory::reserveFor(uint64_t block, uint64_t units, uint64_t bytes) {
  constexpr uint64_t kControl = kMinBlockUnits * kBlockUnit;
  const uint64_t end = block + units * kBlockUnit;
  // The header of what is split off, or the next one, whose first word is the user's.
  const uint64_t written = std::min(end + kControl, blocks_.end + kBlockUnit);
  if (bytes < kLargeBlock) return backing_.reserve(block, written - block);
  if (backing_.roomy()) {
    if (const int rc = backing_.reserve(block, kControl); rc != 0) return rc;
    return backing_.reserve(end, written - end);
  }
  // Asked first, because making pages until there are no more takes long.
  return backing_.canBack(block, written - block) ? backing_.reserve(block, written - block) : -ENOSPC;
}

int64_t PoolMemory::allocateLocked(uint64_t bytes) {
  if (bytes > size()) return -ENOMEM;
  return change([&](BlockBooks& books) -> int64_t {
    const Fit fit = books.find(bytes);
    if (fit.block == 0) return -ENOMEM;
    if (const int rc = reserveFor(fit.block, fit.units, bytes); rc != 0) return rc;
    books.allocate(fit);
    return static_cast<int64_t>(fit.block + kBlockHeader);
  });
}

int PoolMemory::freeLocked(uint64_t offset) {
  Extent extent;
  if (!isAllocatedBlock(blocks_, offset, 1, false, &extent)) return -EINVAL;
  return change([&](BlockBooks& books) {
    books.free(offset - kBlockHeader, extent);
    return 0;
  });
}

int64_t PoolMemory::allocate(uint64_t bytes) {
  return withRoom([&] { return allocateLocked(bytes); });
}

int PoolMemory::free(uint64_t offset) {
  const PoolLock lock(*this);
  return lock.code() != 0 ? lock.code() : freeLocked(offset);
}

int PoolMemory::allocateMany(uint64_t bytes, std::vector<uint64_t>* offsets) {
  const std::vector<uint64_t> sizes(offsets->size(), bytes);
  return withRoom([&] { return allocateEachLocked(sizes.data(), sizes.size(), offsets->data()); });
}

int PoolMemory::freeMany(const std::vector<uint64_t>& offsets) {
  const PoolLock lock(*this);
  int rc = lock.code();
  if (rc != 0) return rc;
  for (const uint64_t offset : offsets) {
    if (const int freed = freeLocked(offset); rc == 0) rc = freed;
  }
  return rc;
}

int PoolMemory::count(BlockCounts* counts) {
  const PoolLock lock(*this);
  if (lock.code() != 0) return lock.code();
  return countBlocks(blocks_, counts) ? 0 : -EBADMSG;
}

int64_t PoolMemory::freeBytes() {
  const PoolLock lock(*this);
  return lock.code() != 0 ? lock.code() : static_cast<int64_t>(poolManager(base())->get_free_memory());
}

}  // namespace flow_ipc
