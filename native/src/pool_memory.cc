// Creating, opening and allocating in a Boost.Interprocess segment whose first bytes we lay out by hand.
#include "pool_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include <boost/interprocess/indexes/null_index.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/segment_manager.hpp>

#include "posix_shm.h"
#include "robust_mutex.h"

namespace flow_ipc {
namespace {

namespace bipc = boost::interprocess;
using Manager = bipc::segment_manager<char, bipc::rbtree_best_fit<RobustMutexFamily>, bipc::null_index>;

// As managed_open_or_create_impl puts it: a state word, then the segment manager at the next multiple of 16.
constexpr uint64_t kState = 0;
constexpr uint32_t kReady = 2;
constexpr uint32_t kCorrupted = 3;
constexpr uint64_t kManager = 16;
// Fields of the segment manager, as offsets from the pool's base (flow-ipc-protocol 6.1).
constexpr uint64_t kMutexKind = kManager + 16;
constexpr uint64_t kExtraHeaderBytes = 88;
constexpr uint64_t kSegmentSize = 104;
constexpr uint64_t kFirstBlock = kManager + sizeof(Manager);
static_assert(sizeof(pthread_mutex_t) == 40, "the layout is that of x86-64 and glibc");
static_assert(sizeof(Manager) == 144, "the layout must be Flow-IPC's");
constexpr uint64_t kSmallestPool = kFirstBlock + (kMinBlockUnits + 1) * kBlockUnit;
// Smaller requests are not worth a system call: running out of pages then shows at the next large one.
constexpr uint64_t kBackingThreshold = 256 * 1024;

Manager* manager(char* base) { return reinterpret_cast<Manager*>(base + kManager); }
pthread_mutex_t* mutexOf(char* base) { return reinterpret_cast<pthread_mutex_t*>(base + kManager); }
uint64_t word(const char* base, uint64_t offset) {
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(base + offset), __ATOMIC_RELAXED);
}

// 0, EAGAIN or EBADMSG.
int checkHeader(const char* base, uint64_t size) {
  const uint32_t state = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + kState), __ATOMIC_ACQUIRE);
  if (state < kReady) return EAGAIN;
  if (state >= kCorrupted) return EBADMSG;
  // The kind of mutex, before any thread library looks at it: process-shared (128), perhaps robust (16).
  const uint32_t kind = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + kMutexKind), __ATOMIC_RELAXED);
  // The two flags of lock elision (256, 512) are no difference.
  if ((kind & ~0x300u) != 128 && (kind & ~0x300u) != 144) return EBADMSG;
  if (word(base, kSegmentSize) != size - kManager) return EBADMSG;
  return word(base, kExtraHeaderBytes) == sizeof(Manager) - 96 ? 0 : EBADMSG;
}

}  // namespace

PoolMemory::PoolMemory(std::shared_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {
  const uint64_t units = (size() - kFirstBlock) / kBlockUnit;
  blocks_ = {base(), kFirstBlock, kFirstBlock + (units - 1) * kBlockUnit};
}

std::unique_ptr<PoolMemory> PoolMemory::create(const std::string& name, size_t size, int mode, int* err,
                                               const char** failed) {
  *failed = "ftruncate";
  *err = EINVAL;
  if (size < kSmallestPool) return nullptr;
  const int fd = createShm(name, size, mode, failed);
  if (fd < 0) {
    *err = -fd;
    return nullptr;
  }
  // The pages that the next lines write are had now: a full file system is an error here, and SIGBUS there.
  *failed = "posix_fallocate";
  *err = posix_fallocate(fd, 0, static_cast<off_t>(kSmallestPool));
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
  new (mapping->data() + kManager) Manager(size - kManager);
  __atomic_store_n(reinterpret_cast<uint32_t*>(mapping->data() + kState), kReady, __ATOMIC_RELEASE);
  return std::unique_ptr<PoolMemory>(new PoolMemory(std::move(mapping)));
}

std::unique_ptr<PoolMemory> PoolMemory::open(const std::string& name, int* err, const char** failed) {
  *failed = "shm_open";
  const int fd = shm_open(('/' + name).c_str(), O_RDWR, 0);
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
    mapping = Mapping::map(fd, 0, size, false);
    *err = mapping == nullptr ? errno : checkHeader(mapping->data(), size);
  }
  if (*err != 0) {
    close(fd);
    return nullptr;
  }
  mapping->adoptFd(fd);
  return std::unique_ptr<PoolMemory>(new PoolMemory(std::move(mapping)));
}

int PoolMemory::lock() {
  if (dead_) return -EOWNERDEAD;
  const int rc = lockShared(mutexOf(base()));
  dead_ = rc == -EOWNERDEAD;
  return rc;
}

void PoolMemory::unlock() { unlockShared(mutexOf(base())); }

int64_t PoolMemory::allocateLocked(uint64_t bytes) {
  if (bytes > size()) return -ENOMEM;
  void* block = manager(base())->allocate(bytes, std::nothrow);
  if (block == nullptr) return -ENOMEM;
  const auto offset = static_cast<uint64_t>(static_cast<char*>(block) - base());
  if (bytes >= kBackingThreshold && !canBack(offset, bytes)) {
    manager(base())->deallocate(block);
    return -ENOSPC;
  }
  return static_cast<int64_t>(offset);
}

void PoolMemory::freeLocked(uint64_t offset) { manager(base())->deallocate(base() + offset); }

// Whether the file system has pages for what of the block is still a hole. Without this the first write to a page
// that cannot be had is SIGBUS.
bool PoolMemory::canBack(uint64_t offset, uint64_t bytes) const {
  struct statvfs fs;
  if (fstatvfs(mapping_->fd(), &fs) != 0 || fs.f_blocks == 0) return true;  // 0 blocks: a tmpfs without limit
  const uint64_t available = static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
  if (bytes <= available) return true;
  // Pages that earlier blocks at this place have left behind need not be had again.
  uint64_t holes = 0;
  const auto end = static_cast<off_t>(offset + bytes);
  for (auto at = static_cast<off_t>(offset); at < end && holes <= available;) {
    off_t data = lseek(mapping_->fd(), at, SEEK_DATA);
    if (data < 0 || data > end) data = end;
    holes += static_cast<uint64_t>(data - at);
    if (data == end) break;
    at = lseek(mapping_->fd(), data, SEEK_HOLE);
    if (at < 0) break;
  }
  return holes <= available;
}

int64_t PoolMemory::allocate(uint64_t bytes) {
  const PoolLock lock(*this);
  return lock.code() != 0 ? lock.code() : allocateLocked(bytes);
}

int PoolMemory::free(uint64_t offset) {
  const PoolLock lock(*this);
  if (lock.code() != 0) return lock.code();
  if (!isAllocatedBlock(blocks_, offset, 1, false)) return -EINVAL;
  freeLocked(offset);
  return 0;
}

int64_t PoolMemory::freeBytes() {
  const PoolLock lock(*this);
  return lock.code() != 0 ? lock.code() : static_cast<int64_t>(manager(base())->get_free_memory());
}

}  // namespace flow_ipc
