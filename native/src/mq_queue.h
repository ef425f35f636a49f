// MqQueue: a message queue of either kind, as the JavaScript half sees it. Knows nothing of JavaScript.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace flow_ipc {

enum class Way { kSend = 0, kReceive = 1 };

// One thread operates a queue. Only interrupt() may be called from others, as long as they hold a shared_ptr.
class MqQueue {
 public:
  virtual ~MqQueue() = default;
  MqQueue(const MqQueue&) = delete;
  MqQueue& operator=(const MqQueue&) = delete;

  uint64_t maxMessages() const { return maxMessages_; }
  uint64_t maxMessageSize() const { return maxMessageSize_; }

  // All or nothing. 0 (bytes when receiving), -EAGAIN (full, empty), -EMSGSIZE (too long; room for less than the
  // longest message), or what has ended the use of this queue.
  virtual int send(const uint8_t* data, size_t length) = 0;
  virtual int64_t receive(uint8_t* room, size_t length) = 0;
  // Whether the operation would be possible now: 1, 0 or -errno.
  virtual int ready(Way way) = 0;
  // Blocks for up to `ns` until the operation may have become possible (1), else 0. -ECANCELED: interrupted (see interrupt()).
  virtual int wait(Way way, int64_t ns) = 0;

  // For event loops. The descriptor stays the queue's. After arm() it becomes ready, once, when the operation may be
  // possible or waits are interrupted, at once if that is so now: writable for a POSIX queue's kSend, else readable.
  // arm() is 0 or -errno.
  virtual int watchFd(Way way) = 0;
  virtual int arm(Way way) = 0;
  // An eventfd that is readable while waits are interrupted, or -1 where watchFd() tells that as well. -errno.
  virtual int interruptFd(Way way) = 0;

  // Waits fail with -ECANCELED from now on, or no more. False when that was so already.
  bool interrupt(Way way, bool on);
  bool interrupted(Way way) const { return interrupted_[static_cast<int>(way)].load(std::memory_order_acquire); }

  // Ends all use; waits in other threads end. Idempotent.
  virtual void close() = 0;

 protected:
  MqQueue() = default;
  // After the flag has changed, under life_.
  virtual void onInterrupt(Way way, bool on) = 0;

  uint64_t maxMessages_ = 0;
  uint64_t maxMessageSize_ = 0;
  std::mutex life_;  // between interrupt() of any thread and close()

 private:
  std::atomic<bool> interrupted_[2] = {false, false};
};

// Queues open in this process, by number, so that any thread can interrupt one that another thread waits for.
uint32_t registerQueue(const std::shared_ptr<MqQueue>& queue);
void unregisterQueue(uint32_t id);
std::shared_ptr<MqQueue> findQueue(uint32_t id);

}  // namespace flow_ipc
