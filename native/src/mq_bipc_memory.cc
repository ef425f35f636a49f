// Laying out, checking and using a message queue of Boost.Interprocess.
#include "mq_bipc_memory.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <ctime>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/offset_ptr.hpp>

#include "mq_bipc_layout.h"
#include "create_shm.h"
#include "robust_mutex.h"
#include "sliced_wait.h"

namespace flow_ipc {
namespace {

using namespace bipc_layout;

// What this Boost says of the offsets in mq_bipc_layout.h; they are the same in all versions since 1.52.
namespace bipc = boost::interprocess;
using Header = bipc::ipcdetail::mq_hdr_t<bipc::offset_ptr<void>>;
using MessageHeader = bipc::ipcdetail::msg_hdr_t<bipc::offset_ptr<void>>;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
static_assert(sizeof(Header) == kHeaderSize && sizeof(MessageHeader) == kMessageHeader);
static_assert(offsetof(Header, mp_index) == kIndexPointer - kHeader);
static_assert(offsetof(Header, m_max_num_msg) == kMaxMessages - kHeader);
static_assert(offsetof(Header, m_max_msg_size) == kMaxMessageSize - kHeader);
static_assert(offsetof(Header, m_cur_num_msg) == kCount - kHeader);
static_assert(offsetof(Header, m_mutex) == kMutex - kHeader);
static_assert(offsetof(Header, m_cond_recv) == kMayReceive - kHeader);
static_assert(offsetof(Header, m_cond_send) == kMaySend - kHeader);
static_assert(offsetof(Header, m_cur_first_msg) == kFirst - kHeader);
static_assert(offsetof(Header, m_blocked_senders) == kBlockedSenders - kHeader);
static_assert(offsetof(Header, m_blocked_receivers) == kBlockedReceivers - kHeader);
static_assert(offsetof(MessageHeader, len) == kLength && offsetof(MessageHeader, priority) == kPriority);
#pragma GCC diagnostic pop
static_assert(sizeof(pthread_mutex_t) == 40 && sizeof(pthread_cond_t) == 48, "those of x86-64 and glibc");

// An offset_ptr that points to nothing has this value.
constexpr uint64_t kNull = 1;
constexpr uint64_t kLargest = uint64_t{1} << 40;
// How long open() waits for a creator that is not done.
constexpr int kCreatorPatienceMs = 1000;

uint64_t roundUp(uint64_t value) { return (value + 7) & ~uint64_t{7}; }
constexpr uint64_t sequenceOf(Way way) { return way == Way::kSend ? kReceives : kSends; }
constexpr uint8_t sleeperOf(Way way) { return way == Way::kSend ? 1 : 2; }

void initializeCondition(void* place) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(static_cast<pthread_cond_t*>(place), &attributes);
  pthread_condattr_destroy(&attributes);
}

}  // namespace

bool BipcMemory::measure(uint64_t maxMessages, uint64_t maxMessageSize, Geometry* geometry) {
  if (maxMessages < 1 || maxMessages > kLargest / 32 || maxMessageSize < 1 || maxMessageSize > kLargest) return false;
  geometry->stride = roundUp(maxMessageSize) + kMessageHeader;
  geometry->messages = kIndex + maxMessages * sizeof(uint64_t);
  if (geometry->stride > kLargest / maxMessages) return false;
  geometry->total = geometry->messages + maxMessages * geometry->stride;
  return true;
}

BipcMemory::BipcMemory(std::shared_ptr<Mapping> mapping, uint64_t maxMessages, uint64_t maxMessageSize,
                       const Geometry& geometry)
    : mapping_(std::move(mapping)),
      guard_(mapping_->data(), mapping_->size()),
      base_(mapping_->data()),
      maxMessages_(maxMessages),
      maxMessageSize_(maxMessageSize),
      geometry_(geometry),
      opened_{{sequence(Way::kSend)}, {sequence(Way::kReceive)}} {}

void BipcMemory::layOut(char* base, uint64_t maxMessages, uint64_t maxMessageSize, const Geometry& geometry) {
  const auto set = [&](uint64_t offset, uint64_t value) { std::memcpy(base + offset, &value, sizeof value); };
  set(kIndexPointer, kIndex - kIndexPointer);
  set(kMaxMessages, maxMessages);
  set(kMaxMessageSize, maxMessageSize);
  new (base + kMutex) SharedMutex<false>();
  initializeCondition(base + kMayReceive);
  initializeCondition(base + kMaySend);
  for (uint64_t i = 0; i < maxMessages; ++i) {
    const uint64_t entry = kIndex + i * sizeof(uint64_t);
    set(entry, geometry.messages + i * geometry.stride - entry);
  }
  __atomic_store_n(reinterpret_cast<uint32_t*>(base + kState), kStateReady, __ATOMIC_RELEASE);
}

std::shared_ptr<BipcMemory> BipcMemory::create(const std::string& name, int64_t maxMessages, int64_t maxMessageSize,
                                               int mode, int* err, const char** failed) {
  Geometry geometry;
  *failed = "ftruncate";
  *err = EINVAL;
  if (maxMessages < 0 || maxMessageSize < 0) return nullptr;
  const auto count = static_cast<uint64_t>(maxMessages);
  const auto size = static_cast<uint64_t>(maxMessageSize);
  if (!measure(count, size, &geometry)) return nullptr;
  const int fd = createShm(name, geometry.total, mode, failed);
  if (fd < 0) {
    *err = -fd;
    return nullptr;
  }
  // All pages are had now: a full file system is an error here, and SIGBUS later.
  *failed = "posix_fallocate";
  *err = posix_fallocate(fd, 0, static_cast<off_t>(geometry.total));
  std::shared_ptr<Mapping> mapping;
  if (*err == 0) {
    *failed = "mmap";
    mapping = Mapping::map(fd, 0, geometry.total, false);
    if (mapping == nullptr) *err = errno;
  }
  close(fd);
  if (*err != 0) {
    shm_unlink(('/' + name).c_str());
    return nullptr;
  }
  std::shared_ptr<BipcMemory> memory(new BipcMemory(std::move(mapping), count, size, geometry));
  layOut(memory->base_, count, size, geometry);
  return memory;
}

int BipcMemory::check(const char* base, uint64_t size, uint64_t* maxMessages, uint64_t* maxMessageSize,
                      Geometry* geometry) {
  const auto read = [&](uint64_t offset) {
    return __atomic_load_n(reinterpret_cast<const uint64_t*>(base + offset), __ATOMIC_RELAXED);
  };
  const uint32_t state = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + kState), __ATOMIC_ACQUIRE);
  if (state < kStateReady) return EAGAIN;
  if (state >= kStateCorrupted) return EBADMSG;
  *maxMessages = read(kMaxMessages);
  *maxMessageSize = read(kMaxMessageSize);
  if (!measure(*maxMessages, *maxMessageSize, geometry) || geometry->total > size) return EBADMSG;
  return read(kIndexPointer) == kIndex - kIndexPointer ? 0 : EBADMSG;
}

std::shared_ptr<BipcMemory> BipcMemory::open(const std::string& name, int* err, const char** failed) {
  for (int waited = 0;; ++waited) {
    *failed = "shm_open";
    const int fd = shm_open(('/' + name).c_str(), O_RDWR, 0);
    if (fd < 0) {
      *err = errno;
      return nullptr;
    }
    struct stat file;
    *failed = "mqOpen";
    *err = fstat(fd, &file) != 0 ? errno : file.st_size == 0 ? EAGAIN : 0;
    const auto size = static_cast<uint64_t>(file.st_size);
    if (*err == 0 && size < kIndex) *err = EBADMSG;
    // Boost leaves the pages of its queues to be had when first touched, where there may be none left.
    if (*err == 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, file.st_size) != 0 && errno == ENOSPC) *err = ENOSPC;
    std::shared_ptr<Mapping> mapping;
    if (*err == 0) {
      mapping = Mapping::map(fd, 0, size, false);
      if (mapping == nullptr) *err = errno;
    }
    close(fd);
    if (*err == 0) {
      uint64_t count;
      uint64_t longest;
      Geometry geometry;
      const FaultGuard guard(mapping->data(), mapping->size());
      *err = check(mapping->data(), size, &count, &longest, &geometry);
      if (guard.faulted()) *err = EBADMSG;
      if (*err == 0) {
        return std::shared_ptr<BipcMemory>(new BipcMemory(std::move(mapping), count, longest, geometry));
      }
    }
    if (*err != EAGAIN || waited >= kCreatorPatienceMs) return nullptr;
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

int BipcMemory::fail(int code) {
  int none = 0;
  failure_.compare_exchange_strong(none, code, std::memory_order_acq_rel);
  return failure();
}

int BipcMemory::lock() {
  if (const int code = failure(); code != 0) return code;
  // The kind of mutex, before any thread library looks at it: process-shared (128), perhaps robust (16). The two flags
  // of lock elision (256, 512) are no difference.
  const uint32_t kind = __atomic_load_n(at<uint32_t>(kMutex + kMutexKind), __ATOMIC_RELAXED) & ~0x300u;
  if (kind != 128 && kind != 144) return fail(-EBADMSG);
  const int rc = lockShared(mutex());
  if (rc == 0) return 0;
  // Once the time has run out it would again: the holder is dead or stopped, and each try takes a second.
  return fail(rc == -EOWNERDEAD || rc == -ETIMEDOUT ? rc : -EBADMSG);
}

void BipcMemory::unlock() { unlockShared(mutex()); }

pthread_mutex_t* BipcMemory::mutex() const { return at<pthread_mutex_t>(kMutex); }

pthread_cond_t* BipcMemory::condition(Way way) const {
  return at<pthread_cond_t>(way == Way::kSend ? kMaySend : kMayReceive);
}

namespace {

// Holds the mutex for a scope, if it could be had. What glibc follows when it unlocks a robust mutex are pointers and
// a kind in the shared memory: they are put back as they were, in case that a peer has written over them meanwhile.
class Lock {
 public:
  explicit Lock(BipcMemory& memory) : memory_(memory), code_(memory.lock()) {
    if (code_ != 0) return;
    auto* bytes = reinterpret_cast<const char*>(memory_.mutex());
    std::memcpy(&kind_, bytes + kMutexKind, sizeof kind_);
    std::memcpy(links_, bytes + kMutexLinks, sizeof links_);
  }
  ~Lock() {
    if (code_ != 0) return;
    auto* bytes = reinterpret_cast<char*>(memory_.mutex());
    std::memcpy(bytes + kMutexKind, &kind_, sizeof kind_);
    std::memcpy(bytes + kMutexLinks, links_, sizeof links_);
    memory_.unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  int code() const { return code_; }

 private:
  BipcMemory& memory_;
  int code_;
  uint32_t kind_;
  uint64_t links_[2];
};

}  // namespace

uint64_t BipcMemory::message(uint64_t entry) const {
  const uint64_t place = kIndex + entry * sizeof(uint64_t);
  const uint64_t value = word(place);
  const uint64_t offset = place + value - geometry_.messages;  // wraps when it points before the first
  if (value == kNull || offset >= maxMessages_ * geometry_.stride || offset % geometry_.stride != 0) return 0;
  return geometry_.messages + offset;
}

int BipcMemory::send(const uint8_t* data, size_t length, bool* blocked) {
  if (length > maxMessageSize_) return -EMSGSIZE;
  {
    const Lock lock(*this);
    if (lock.code() != 0) return lock.code();
    const uint64_t count = word(kCount);
    const uint64_t first = word(kFirst);
    if (count > maxMessages_ || first >= maxMessages_) return fail(-EBADMSG);
    noteDrift(count);
    if (count == maxMessages_) return guard_.faulted() ? fail(-EBADMSG) : -EAGAIN;
    // Priority 0, the lowest: before all others.
    const uint64_t slot = (first == 0 ? maxMessages_ : first) - 1;
    const uint64_t target = message(slot);
    if (target == 0) return fail(-EBADMSG);
    setWord(target + kLength, length);
    __atomic_store_n(at<uint32_t>(target + kPriority), 0, __ATOMIC_RELAXED);
    std::memcpy(base_ + target + kMessageHeader, data, length);
    setWord(kFirst, slot);
    setWord(kCount, count + 1);
    __atomic_fetch_add(at<uint32_t>(kSends), 1, __ATOMIC_SEQ_CST);
    *blocked = othersBlocked(Way::kReceive);
  }
  if (guard_.faulted()) return fail(-EBADMSG);
  announce(Way::kReceive);
  return 0;
}

int64_t BipcMemory::receive(uint8_t* room, size_t space, bool* blocked) {
  if (space < maxMessageSize_) return -EMSGSIZE;
  uint64_t length;
  {
    const Lock lock(*this);
    if (lock.code() != 0) return lock.code();
    const uint64_t count = word(kCount);
    const uint64_t first = word(kFirst);
    if (count > maxMessages_ || first >= maxMessages_) return fail(-EBADMSG);
    noteDrift(count);
    if (count == 0) return guard_.faulted() ? fail(-EBADMSG) : -EAGAIN;
    const uint64_t source = message((first + count - 1) % maxMessages_);
    if (source == 0) return fail(-EBADMSG);
    length = word(source + kLength);
    if (length > maxMessageSize_) return fail(-EBADMSG);
    std::memcpy(room, base_ + source + kMessageHeader, length);
    // As Boost leaves a free message.
    setWord(source + kLength, 0);
    __atomic_store_n(at<uint32_t>(source + kPriority), 0, __ATOMIC_RELAXED);
    setWord(kCount, count - 1);
    __atomic_fetch_add(at<uint32_t>(kReceives), 1, __ATOMIC_SEQ_CST);
    *blocked = othersBlocked(Way::kSend);
  }
  if (guard_.faulted()) return fail(-EBADMSG);
  announce(Way::kSend);
  return static_cast<int64_t>(length);
}

int BipcMemory::peek(Way way) const {
  if (const int code = failure(); code != 0) return code;
  const uint64_t count = word(kCount);
  // A count that cannot be is for the operation itself to find.
  return count > maxMessages_ || (way == Way::kSend ? count < maxMessages_ : count > 0) ? 1 : 0;
}

int BipcMemory::ready(Way way) {
  const Lock lock(*this);
  if (lock.code() != 0) return lock.code();
  const uint64_t count = word(kCount);
  if (count > maxMessages_ || guard_.faulted()) return fail(-EBADMSG);
  return (way == Way::kSend ? count < maxMessages_ : count > 0) ? 1 : 0;
}

uint32_t BipcMemory::sequence(Way way) const {
  return __atomic_load_n(at<uint32_t>(sequenceOf(way)), __ATOMIC_SEQ_CST);
}

void BipcMemory::announceSleeper(Way way) {
  __atomic_fetch_or(at<uint8_t>(kSleepers), sleeperOf(way), __ATOMIC_SEQ_CST);
}

void BipcMemory::sleep(Way way, uint32_t seen, int64_t ns) const {
  const timespec limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  syscall(SYS_futex, at<uint32_t>(sequenceOf(way)), FUTEX_WAIT, seen, &limit, nullptr, 0);
}

void BipcMemory::wakeSleepers(Way way) const {
  syscall(SYS_futex, at<uint32_t>(sequenceOf(way)), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void BipcMemory::bump(Way way) {
  // Both, so that the books balance as before, and it does not look as if one of us had sent.
  for (const Way each : {Way::kSend, Way::kReceive}) {
    opened_[static_cast<int>(each)].fetch_add(1, std::memory_order_relaxed);
    __atomic_fetch_add(at<uint32_t>(sequenceOf(each)), 1, __ATOMIC_SEQ_CST);
  }
  wakeSleepers(way);
}

bool BipcMemory::bellNeeded(Way way) const {
  return foreign_.load(std::memory_order_relaxed) ||
         sequence(way) == opened_[static_cast<int>(way)].load(std::memory_order_relaxed);
}

void BipcMemory::noteDrift(uint64_t count) {
  const uint32_t drift = sequence(Way::kReceive) - sequence(Way::kSend) - static_cast<uint32_t>(count);
  if (driftKnown_ && drift != drift_) foreign_.store(true, std::memory_order_relaxed);
  drift_ = drift;
  driftKnown_ = true;
}

// Wakes those of ours who may sleep until `way` is possible. The system call is saved when there are none.
void BipcMemory::announce(Way way) {
  const uint8_t bit = sleeperOf(way);
  if ((__atomic_load_n(at<uint8_t>(kSleepers), __ATOMIC_SEQ_CST) & bit) == 0) return;
  __atomic_fetch_and(at<uint8_t>(kSleepers), static_cast<uint8_t>(~bit), __ATOMIC_SEQ_CST);
  wakeSleepers(way);
}

bool BipcMemory::othersBlocked(Way way) const {
  const bool sending = way == Way::kSend;
  const uint8_t bells = __atomic_load_n(at<uint8_t>(sending ? kBellSenders : kBellReceivers), __ATOMIC_RELAXED);
  return word(sending ? kBlockedSenders : kBlockedReceivers) > bells;
}

bool BipcMemory::addBell(Way way) {
  const bool sending = way == Way::kSend;
  uint8_t* bells = at<uint8_t>(sending ? kBellSenders : kBellReceivers);
  const uint8_t before = __atomic_load_n(bells, __ATOMIC_RELAXED);
  if (before == UINT8_MAX) return false;
  const uint64_t counter = sending ? kBlockedSenders : kBlockedReceivers;
  setWord(counter, word(counter) + 1);
  __atomic_store_n(bells, static_cast<uint8_t>(before + 1), __ATOMIC_RELAXED);
  return true;
}

void BipcMemory::removeBell(Way way) {
  const bool sending = way == Way::kSend;
  const uint64_t counter = sending ? kBlockedSenders : kBlockedReceivers;
  setWord(counter, word(counter) - 1);
  __atomic_fetch_sub(at<uint8_t>(sending ? kBellSenders : kBellReceivers), 1, __ATOMIC_RELAXED);
}

}  // namespace flow_ipc
