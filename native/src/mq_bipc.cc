// Waiting for, and waking the users of, a Boost message queue.
#include "mq_bipc.h"

#include <cerrno>

#include "sliced_wait.h"

namespace flow_ipc {

BipcQueue::BipcQueue(std::shared_ptr<BipcMemory> memory) : memory_(std::move(memory)) {
  maxMessages_ = memory_->maxMessages();
  maxMessageSize_ = memory_->maxMessageSize();
}

int BipcQueue::send(const uint8_t* data, size_t length) {
  if (memory_ == nullptr) return -EBADF;
  bool blocked = false;
  const int rc = memory_->send(data, length, &blocked);
  if (rc == 0 && blocked) {
    if (notifier_ == nullptr) notifier_ = std::make_unique<BipcNotifier>(memory_);
    // The message is in the queue all the same: the next operation tells.
    if (const int failed = notifier_->notify(Way::kReceive); failed != 0) memory_->fail(failed);
  }
  return rc;
}

int64_t BipcQueue::receive(uint8_t* room, size_t length) {
  if (memory_ == nullptr) return -EBADF;
  bool blocked = false;
  const int64_t rc = memory_->receive(room, length, &blocked);
  if (rc >= 0 && blocked) {
    if (notifier_ == nullptr) notifier_ = std::make_unique<BipcNotifier>(memory_);
    if (const int failed = notifier_->notify(Way::kSend); failed != 0) memory_->fail(failed);
  }
  return rc;
}

int BipcQueue::ready(Way way) { return memory_ == nullptr ? -EBADF : memory_->ready(way); }

int BipcQueue::prepareBell(Way way) {
  if (!memory_->bellNeeded(way)) return 0;
  auto& bell = bells_[static_cast<int>(way)];
  if (bell == nullptr) bell = std::make_unique<BipcBell>(memory_, way);
  return bell->request();
}

int BipcQueue::wait(Way way, int64_t ns) {
  if (memory_ == nullptr) return -EBADF;
  const int64_t deadline = monotonicNs() + ns;
  for (;;) {
    const uint32_t seen = memory_->sequence(way);
    if (interrupted(way)) return -ECANCELED;
    memory_->announceSleeper(way);
    if (const int rc = memory_->peek(way); rc != 0) return rc;
    const int64_t left = deadline - monotonicNs();
    if (left <= 0) return 0;
    if (const int rc = prepareBell(way); rc != 0) return rc;
    memory_->sleep(way, seen, left);
  }
}

int BipcQueue::watchFd(Way way) {
  const std::lock_guard<std::mutex> lock(life_);
  if (memory_ == nullptr) return -EBADF;
  auto& watcher = watchers_[static_cast<int>(way)];
  if (watcher == nullptr) watcher = std::make_unique<BipcWatcher>(memory_, way);
  const int rc = watcher->open();
  return rc < 0 ? rc : watcher->fd();
}

int BipcQueue::arm(Way way) {
  if (memory_ == nullptr) return -EBADF;
  if (const int fd = watchFd(way); fd < 0) return fd;
  BipcWatcher& watcher = *watchers_[static_cast<int>(way)];
  if (const int rc = watcher.arm(); rc != 0) return rc;
  if (interrupted(way)) watcher.signal();
  return prepareBell(way);
}

void BipcQueue::onInterrupt(Way way, bool on) {
  if (memory_ == nullptr || !on) return;
  memory_->bump(way);
  if (watchers_[static_cast<int>(way)] != nullptr) watchers_[static_cast<int>(way)]->signal();
}

void BipcQueue::close() {
  const std::lock_guard<std::mutex> lock(life_);
  for (auto& watcher : watchers_) watcher.reset();
  for (auto& bell : bells_) bell.reset();
  notifier_.reset();
  memory_.reset();  // the mapping goes with the last thread that uses it
}

}  // namespace flow_ipc
