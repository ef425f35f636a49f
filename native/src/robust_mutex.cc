// Locking of process-shared mutexes that never hangs.
#include "robust_mutex.h"

#include <cerrno>
#include <ctime>

namespace flow_ipc {
namespace {

constexpr int kPatienceSeconds = 1;

}  // namespace

int lockShared(pthread_mutex_t* mutex) {
  // Not trylock first: on a mutex that is not recoverable, glibc's trylock says so but keeps it locked, and the next
  // one to come would wait for us.
  timespec limit;
// The thread sanitizer does not know clocklock, and would see races wherever it is taken.
#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)
  // The monotonic clock: a step of the wall clock must not end, or stretch, the wait. Coarse is quicker to read, and
  // of the same scale.
  clock_gettime(CLOCK_MONOTONIC_COARSE, &limit);
  limit.tv_sec += kPatienceSeconds;
  const int rc = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &limit);
#else
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += kPatienceSeconds;
  const int rc = pthread_mutex_timedlock(mutex, &limit);
#endif
  if (rc == EOWNERDEAD) {
    // We hold it now, over books that may be half written. Unlocking without pthread_mutex_consistent() makes it
    // ENOTRECOVERABLE for every process, C++ ones included.
    pthread_mutex_unlock(mutex);
  }
  return rc == ENOTRECOVERABLE ? -EOWNERDEAD : -rc;
}

void unlockShared(pthread_mutex_t* mutex) { pthread_mutex_unlock(mutex); }

}  // namespace flow_ipc
