// BipcMemory: a mapped boost::interprocess::message_queue and the operations on it that do not wait.
//
// Boost's own code is not used, because it trusts what is in the memory: a peer that scribbles on an index makes it
// read and write anywhere, and one that died in the middle makes it wait for ever. This is another implementation of
// the same layout, under the same mutex, that checks every number before use, reads each once, waits for the mutex
// for a second at most, and survives a file that was cut short. C++ programs use the queue at the same time.
//
// Queues that we create have a robust mutex, as our pools have: the layout is the same, and when a holder dies C++
// peers get an exception instead of waiting for ever.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "mapping.h"
#include "mq_queue.h"
#include "fault_guard.h"

namespace flow_ipc {

class BipcMemory {
 public:
  static std::shared_ptr<BipcMemory> create(const std::string& name, int64_t maxMessages, int64_t maxMessageSize,
                                            int mode, int* err, const char** failed);
  // EAGAIN: its creator is not done after a second. EBADMSG: no queue, or a damaged one.
  static std::shared_ptr<BipcMemory> open(const std::string& name, int* err, const char** failed);

  uint64_t maxMessages() const { return maxMessages_; }
  uint64_t maxMessageSize() const { return maxMessageSize_; }

  // As MqQueue's. *blocked: C++ waiters of the other way that the caller must see to.
  int send(const uint8_t* data, size_t length, bool* blocked);
  int64_t receive(uint8_t* room, size_t length, bool* blocked);
  // 1, 0 or -errno, without the lock: what it says may be out of date already.
  int peek(Way way) const;
  int ready(Way way);

  // 0, or why the queue is of no use any more, for good: -EBADMSG damaged, -EOWNERDEAD, -ETIMEDOUT see lockShared().
  int failure() const { return failure_.load(std::memory_order_acquire); }
  int fail(int code);

  // The futex that is bumped when `way` may have become possible, and the way of sleeping on it without missing a
  // change: load, announce, look, sleep.
  uint32_t sequence(Way way) const;
  void announceSleeper(Way way);
  // Sleeps while the sequence is `seen`, for up to `ns`.
  void sleep(Way way, uint32_t seen, int64_t ns) const;
  void wakeSleepers(Way way) const;
  // Ends the sleep also of who had loaded the sequence but was not asleep yet.
  void bump(Way way);
  // Whether a C++ program may be the one to make `way` possible, which only Boost's condition variable would tell:
  // until a process of ours has done it once, and for good once the books show that somebody else did something.
  bool bellNeeded(Way way) const;

  // The mutex and Boost's condition variable of `way`, for threads that may be left behind waiting for them.
  int lock();
  void unlock();
  pthread_mutex_t* mutex() const;
  pthread_cond_t* condition(Way way) const;
  // With the lock: counts a bell of ours in or out. False when there are too many.
  bool addBell(Way way);
  void removeBell(Way way);

 private:
  struct Geometry {
    uint64_t messages;  // offset of the first
    uint64_t stride;
    uint64_t total;
  };
  static bool measure(uint64_t maxMessages, uint64_t maxMessageSize, Geometry* geometry);
  BipcMemory(std::shared_ptr<Mapping> mapping, uint64_t maxMessages, uint64_t maxMessageSize, const Geometry& geometry);
  static void layOut(char* base, uint64_t maxMessages, uint64_t maxMessageSize, const Geometry& geometry);
  static int check(const char* base, uint64_t size, uint64_t* maxMessages, uint64_t* maxMessageSize, Geometry* geometry);

  template <typename T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }
  uint64_t word(uint64_t offset) const { return __atomic_load_n(at<uint64_t>(offset), __ATOMIC_RELAXED); }
  void setWord(uint64_t offset, uint64_t value) { __atomic_store_n(at<uint64_t>(offset), value, __ATOMIC_RELAXED); }
  // Offset of the message that an entry of the index points at, or 0 when it points at none.
  uint64_t message(uint64_t entry) const;
  void announce(Way way);
  bool othersBlocked(Way way) const;
  void noteDrift(uint64_t count);

  std::shared_ptr<Mapping> mapping_;
  FaultGuard guard_;  // after the mapping: gone before it
  char* const base_;
  const uint64_t maxMessages_;
  const uint64_t maxMessageSize_;
  const Geometry geometry_;
  std::atomic<int> failure_{0};
  // Messages in the queue that our counts do not account for, when last seen: it changes when C++ sends or receives.
  uint32_t drift_ = 0;
  bool driftKnown_ = false;
  std::atomic<bool> foreign_{false};
  std::atomic<uint32_t> opened_[2];  // the sequences at the time of opening
};

}  // namespace flow_ipc
