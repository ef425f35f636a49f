// Pings for threads that are too busy to send them: one thread of the process sees to all connections.
#pragma once

#include <node_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flow_ipc {

// What the pinger knows of a socket on which frames are sent. Guarded by `busy`, which a sender takes for the length of
// one system call, and the pinger only when it is free.
struct PingSlot {
  std::atomic<bool> busy{false};
  // Every write is made of whole frames, or begins with the rest of one: so after a write that the kernel took whole,
  // and only then, a frame may begin. The first such write is also what the protocol begins with.
  bool atBoundary = false;
  bool sent = true;
};

class Pinger {
 public:
  // From now on, when nothing was sent for one and a half to two periods, two bytes are sent, where the kernel takes them
  // at once and no frame is in the midst. Only for a stream socket in the hands of the calling thread, whose every send
  // goes through PingGuard. False when it cannot be: too high a number, no thread to be had, or registered already.
  static bool add(int fd, double periodMs, uint16_t frame);

  // No ping after this. To be called before the descriptor is closed, or anything else is to be sent last. Nothing happens
  // when it was not registered.
  static void remove(int fd) {
    if (slotOf(fd) != nullptr) removeSlot(fd);
  }

  static PingSlot* slotOf(int fd) {
    return static_cast<size_t>(fd) < kMost ? slots_[fd].load(std::memory_order_relaxed) : nullptr;
  }

 private:
  static void removeSlot(int fd);

  static constexpr size_t kMost = 65536;
  // By descriptor. The owner of a descriptor sets, reads and clears its slot, so no order is needed.
  static std::atomic<PingSlot*> slots_[kMost];
};

// Around one write to a socket that may be registered.
class PingGuard {
 public:
  explicit PingGuard(int fd) : slot_(Pinger::slotOf(fd)) {
    // Held by the pinger for one system call that does not block.
    if (slot_ != nullptr) {
      while (slot_->busy.exchange(true, std::memory_order_acquire)) pause();
    }
  }

  // `taken`: bytes that the kernel took, or less than 0; `all`: what it was given.
  void wrote(int64_t taken, size_t all) {
    if (slot_ == nullptr || taken < 0) return;
    slot_->sent = true;
    slot_->atBoundary = static_cast<size_t>(taken) == all;
  }

  ~PingGuard() {
    if (slot_ != nullptr) slot_->busy.store(false, std::memory_order_release);
  }

  PingGuard(const PingGuard&) = delete;
  PingGuard& operator=(const PingGuard&) = delete;

 private:
  static void pause();
  PingSlot* slot_;
};

napi_value startPinging(napi_env env, napi_callback_info info);
napi_value stopPinging(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
