// FutexLock: a lock of 8 bytes in shared memory that survives its owner's death; and bare futex waits and wakes.
#pragma once

#include <cstdint>

namespace flow_ipc {

// Layout, little-endian: u32 state, u32 owner's start time.
//   state: bits 0-29 the owner's process id, 0 when free; bit 30: the last owner died holding it; bit 31: somebody
//   waits, in futex(FUTEX_WAIT) on the state.
//   start time: the low 32 bits of field 22 of /proc/<pid>/stat, so that a recycled id is not taken for the owner.
// Both change in one 64-bit compare-and-swap. Owners are processes, not threads: who may unlock is for callers to know.
// A waiter looks every 50 ms whether the owner still lives; all must see the same process ids (one pid namespace).
enum class Taken : int { kNo = 0, kYes = 1, kFromDead = 2 };

class FutexLock {
 public:
  explicit FutexLock(uint64_t* word) : word_(word) {}

  // `waited`: others may be waiting too, so unlocking must wake. Looks for a dead owner with `lookForDead`, which costs
  // tens of microseconds.
  Taken tryTake(bool waited, bool lookForDead);
  // False when this process does not own it.
  bool release();
  // As if this process had died holding it.
  void abandon();
  // Waits up to `nanoseconds` for a lock that is held to become free, or its owner to be found dead.
  // True: tryTake(true, …) is worth a try.
  bool await(int64_t nanoseconds);

 private:
  uint64_t* word_;
};

// 0 woken or not waited, -ETIMEDOUT, -EINTR.
int futexWait(uint32_t* word, uint32_t expected, int64_t nanoseconds);
// How many were woken.
int futexWake(uint32_t* word, int count);

}  // namespace flow_ipc
