// The thread that waits for Boost's condition variable.
#include "mq_bipc_bell.h"

#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "helper_thread.h"
#include "sliced_wait.h"

namespace flow_ipc {

struct BipcBell::State {
  State(std::shared_ptr<BipcMemory> memoryOf, Way wayOf) : memory(std::move(memoryOf)), way(wayOf) {}
  const std::shared_ptr<BipcMemory> memory;
  const Way way;
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  bool pending = false;
  std::atomic<bool> stop{false};
};

BipcBell::BipcBell(std::shared_ptr<BipcMemory> memory, Way way)
    : state_(std::make_shared<State>(std::move(memory), way)) {}

BipcBell::~BipcBell() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->stop = true;  // listen() looks at it at least every slice
  state_->changed.notify_one();
}

int BipcBell::request() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->pending) return 0;
  state_->pending = true;
  if (state_->started) {
    state_->changed.notify_one();
    return 0;
  }
  const int rc = startHelper([state = state_] { run(*state); });
  state_->started = rc == 0;
  return rc;
}

void BipcBell::run(State& state) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(state.mutex);
      state.changed.wait(lock, [&] { return state.pending || state.stop; });
      if (state.stop) return;
      state.pending = false;
    }
    listen(state);
  }
}

void BipcBell::listen(State& state) {
  BipcMemory& memory = *state.memory;
  if (memory.lock() != 0) {
    memory.bump(state.way);  // they shall see for themselves
    return;
  }
  if (!memory.addBell(state.way)) {  // sleepers look by themselves now and then
    memory.unlock();
    return;
  }
  int rc = 0;
  while (rc == 0 && !state.stop && memory.peek(state.way) == 0 && memory.bellNeeded(state.way)) {
    timespec limit;
    const int64_t end = monotonicNs() + kSliceNs;
    limit.tv_sec = static_cast<time_t>(end / 1'000'000'000);
    limit.tv_nsec = static_cast<long>(end % 1'000'000'000);
    rc = pthread_cond_clockwait(memory.condition(state.way), memory.mutex(), CLOCK_MONOTONIC, &limit);
    if (rc == ETIMEDOUT) rc = 0;
  }
  if (rc == 0) {
    memory.removeBell(state.way);
    memory.unlock();
  } else {
    // EOWNERDEAD: we have the mutex, over books that may be half written. See lockShared().
    if (rc == EOWNERDEAD) memory.unlock();
    memory.fail(rc == EOWNERDEAD || rc == ENOTRECOVERABLE ? -EOWNERDEAD : -EBADMSG);
  }
  if (memory.peek(state.way) != 0) memory.bump(state.way);
}

}  // namespace flow_ipc
