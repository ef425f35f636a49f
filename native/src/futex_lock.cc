// Compare-and-swap, futex(2) and /proc.
#include "futex_lock.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace flow_ipc {
namespace {

constexpr uint64_t kOwner = 0x3fffffff;
constexpr uint64_t kOwnerDied = 0x40000000;
constexpr uint64_t kWaiters = 0x80000000;
constexpr int64_t kLookNs = 50'000'000;

// False when there is no such process, or it has ended and nobody has reaped it. *start: as in FutexLock's layout.
bool lookUpProcess(uint32_t pid, uint32_t* start) {
  char path[32];
  char text[1024];
  std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  FILE* file = std::fopen(path, "re");
  if (file == nullptr) {
    // Without /proc we can only ask whether the id is in use.
    *start = 0;
    return access("/proc/self/stat", R_OK) != 0 && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
  }
  const size_t length = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[length] = '\0';
  // The name, in parentheses, may hold anything: fields are counted from behind it. State is field 3, start field 22.
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ') return length == 0;
  const char state = at[2];
  at += 2;
  for (int field = 3; field < 22 && at != nullptr; ++field) at = std::strchr(at + 1, ' ');
  *start = at == nullptr ? 0 : static_cast<uint32_t>(std::strtoull(at + 1, nullptr, 10));
  return state != 'Z' && state != 'X';
}

uint64_t self() {
  static const uint64_t value = [] {
    const auto pid = static_cast<uint32_t>(getpid());
    uint32_t start = 0;
    lookUpProcess(pid, &start);
    return (static_cast<uint64_t>(start) << 32) | pid;
  }();
  return value;
}

bool ownerIsDead(uint64_t value) {
  const auto pid = static_cast<uint32_t>(value & kOwner);
  if (pid == (self() & kOwner)) return (value >> 32) != (self() >> 32);
  uint32_t start = 0;
  if (!lookUpProcess(pid, &start)) return true;
  return start != 0 && (value >> 32) != 0 && start != value >> 32;
}

uint32_t* stateOf(uint64_t* word) { return reinterpret_cast<uint32_t*>(word); }

bool swap(uint64_t* word, uint64_t* expected, uint64_t desired) {
  return __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

}  // namespace

Taken FutexLock::tryTake(bool waited, bool lookForDead) {
  uint64_t value = __atomic_load_n(word_, __ATOMIC_ACQUIRE);
  for (;;) {
    const bool free = (value & kOwner) == 0;
    if (!free && !(lookForDead && ownerIsDead(value))) return Taken::kNo;
    const uint64_t mine = self() | (value & kWaiters) | (waited ? kWaiters : 0);
    const bool died = !free || (value & kOwnerDied) != 0;
    if (swap(word_, &value, mine)) return died ? Taken::kFromDead : Taken::kYes;
  }
}

bool FutexLock::release() {
  uint64_t value = __atomic_load_n(word_, __ATOMIC_ACQUIRE);
  do {
    if ((value & kOwner) != (self() & kOwner) || value >> 32 != self() >> 32) return false;
  } while (!swap(word_, &value, 0));
  if ((value & kWaiters) != 0) futexWake(stateOf(word_), 1);
  return true;
}

void FutexLock::abandon() {
  uint64_t value = __atomic_load_n(word_, __ATOMIC_ACQUIRE);
  do {
    if ((value & kOwner) != (self() & kOwner)) return;
  } while (!swap(word_, &value, kOwnerDied));
  futexWake(stateOf(word_), INT_MAX);
}

bool FutexLock::await(int64_t nanoseconds) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t end = now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec + nanoseconds;
  for (;;) {
    uint64_t value = __atomic_load_n(word_, __ATOMIC_ACQUIRE);
    if ((value & kOwner) == 0) return true;
    if ((value & kWaiters) == 0 && !swap(word_, &value, value | kWaiters)) continue;
    value |= kWaiters;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t left = end - (now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec);
    if (left <= 0) return false;
    const int rc = futexWait(stateOf(word_), static_cast<uint32_t>(value), std::min(left, kLookNs));
    if (rc == -ETIMEDOUT && ownerIsDead(value)) return true;
  }
}

int futexWait(uint32_t* word, uint32_t expected, int64_t nanoseconds) {
  const timespec limit{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  // Not FUTEX_PRIVATE_FLAG: other processes wake us.
  const long rc = syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, nullptr, 0);
  return rc == 0 || errno == EAGAIN ? 0 : -errno;
}

int futexWake(uint32_t* word, int count) {
  const long rc = syscall(SYS_futex, word, FUTEX_WAKE, count, nullptr, nullptr, 0);
  return rc < 0 ? 0 : static_cast<int>(rc);
}

}  // namespace flow_ipc
