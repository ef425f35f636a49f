// The thread that signals Boost's condition variables.
#include "mq_bipc_notifier.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "helper_thread.h"
#include "sliced_wait.h"

namespace flow_ipc {
namespace {

constexpr int64_t kPatienceNs = 1'000'000'000;

}  // namespace

struct BipcNotifier::State {
  explicit State(std::shared_ptr<BipcMemory> memoryOf) : memory(std::move(memoryOf)) {}
  const std::shared_ptr<BipcMemory> memory;
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  bool stop = false;
  bool pending[2] = {false, false};
  int64_t busySince = 0;
};

BipcNotifier::BipcNotifier(std::shared_ptr<BipcMemory> memory) : state_(std::make_shared<State>(std::move(memory))) {}

BipcNotifier::~BipcNotifier() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_one();
}

int BipcNotifier::notify(Way way) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->busySince != 0 && monotonicNs() - state_->busySince > kPatienceNs) return -EOWNERDEAD;
  state_->pending[static_cast<int>(way)] = true;
  if (state_->started) {
    state_->changed.notify_one();
    return 0;
  }
  const int rc = startHelper([state = state_] { run(*state); });
  state_->started = rc == 0;
  return rc;
}

void BipcNotifier::run(State& state) {
  std::unique_lock<std::mutex> lock(state.mutex);
  for (;;) {
    state.changed.wait(lock, [&] { return state.pending[0] || state.pending[1] || state.stop; });
    for (const Way way : {Way::kSend, Way::kReceive}) {
      bool& pending = state.pending[static_cast<int>(way)];
      if (!pending) continue;
      pending = false;
      state.busySince = monotonicNs();
      lock.unlock();
      // All of them: a bell of ours may be the one that a single signal wakes.
      pthread_cond_broadcast(state.memory->condition(way));
      lock.lock();
      state.busySince = 0;
    }
    if (state.stop && !state.pending[0] && !state.pending[1]) return;
  }
}

}  // namespace flow_ipc
