// The mutex family of our pools: Boost's layout (a pthread mutex), robust, and locked from outside Boost.
#pragma once

#include <pthread.h>

namespace flow_ipc {

// Takes the process-shared mutex: 0, -EOWNERDEAD (a process died holding it; it stays unusable for everyone),
// -ETIMEDOUT (not had within a second: with a mutex that is not robust, its owner is dead), or another -errno.
int lockShared(pthread_mutex_t* mutex);
void unlockShared(pthread_mutex_t* mutex);

// What Boost constructs in the pool. Its own lock() and unlock() do nothing: the pool takes the mutex around each
// whole operation, so that a failure is a return code and a message of three blocks costs one lock, not six.
template <bool Recursive>
class SharedMutex {
 public:
  SharedMutex() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    // Not PTHREAD_MUTEX_NORMAL for the other: naming the default type sets a flag in the bytes that C++ does not set.
    if (Recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void lock() {}
  bool try_lock() { return true; }
  void unlock() {}

 private:
  pthread_mutex_t mutex_;
};

struct RobustMutexFamily {
  using mutex_type = SharedMutex<false>;
  using recursive_mutex_type = SharedMutex<true>;
};

}  // namespace flow_ipc
