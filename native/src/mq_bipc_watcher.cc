// The thread that sleeps on the futex of a Boost queue and writes to an eventfd.
#include "mq_bipc_watcher.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "helper_thread.h"
#include "sliced_wait.h"

namespace flow_ipc {

struct BipcWatcher::State {
  State(std::shared_ptr<BipcMemory> memoryOf, Way wayOf) : memory(std::move(memoryOf)), way(wayOf) {}
  void fire() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (fd < 0 || !armed) return;
    armed = false;
    signalled = true;
    eventfd_write(fd, 1);
  }
  const std::shared_ptr<BipcMemory> memory;
  const Way way;
  std::mutex mutex;  // of the descriptor: it is closed by another thread than the one that writes to it
  int fd = -1;
  bool started = false;
  bool signalled = false;
  std::atomic<bool> armed{false};
  std::atomic<bool> stop{false};
};

BipcWatcher::BipcWatcher(std::shared_ptr<BipcMemory> memory, Way way)
    : state_(std::make_shared<State>(std::move(memory), way)) {}

BipcWatcher::~BipcWatcher() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->fd >= 0) close(state_->fd);
    state_->fd = -1;
    state_->stop = true;
    if (!state_->started) return;
  }
  state_->memory->bump(state_->way);
}

int BipcWatcher::fd() const { return state_->fd; }

int BipcWatcher::open() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->fd < 0) state_->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return state_->fd < 0 ? -errno : 0;
}

int BipcWatcher::arm() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->signalled) {
      eventfd_t value;
      eventfd_read(state_->fd, &value);
      state_->signalled = false;
    }
    if (!state_->started) {
      const int rc = startHelper([state = state_] { run(*state); });
      if (rc != 0) return rc;
      state_->started = true;
    }
    state_->armed = true;
  }
  // From here on a sender wakes the thread. What had come before is seen here.
  state_->memory->announceSleeper(state_->way);
  if (state_->memory->peek(state_->way) != 0) state_->fire();
  return 0;
}

void BipcWatcher::signal() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->fd < 0) return;
  state_->signalled = true;
  eventfd_write(state_->fd, 1);
}

void BipcWatcher::run(State& state) {
  BipcMemory& memory = *state.memory;
  while (!state.stop) {
    const uint32_t seen = memory.sequence(state.way);
    if (state.armed) {
      memory.announceSleeper(state.way);
      if (memory.peek(state.way) != 0) state.fire();
    }
    // Not armed it sleeps all the same, unannounced: senders save the call that would wake it, until arm() announces
    // it. In slices, in case that a C++ program was the one, unheard of by any bell.
    if (!state.stop) memory.sleep(state.way, seen, kSliceNs);
  }
}

}  // namespace flow_ipc
