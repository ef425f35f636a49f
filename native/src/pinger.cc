// The thread that pings, and what it pings.
#include "pinger.h"

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "args.h"
#include "errors.h"
#include "helper_thread.h"

namespace flow_ipc {
namespace {

using Clock = std::chrono::steady_clock;

// Looks in which nothing had been sent before a ping is due: a look comes twice a period, and the first may come right
// after the last send.
constexpr int kQuietLooks = 3;
// After a ping of ours: one a period.
constexpr int kQuietAfterPing = 1;
// Some thirty years: a period of infinity is no error.
constexpr double kLongestMs = 1e12;

struct Connection {
  std::unique_ptr<PingSlot> slot = std::make_unique<PingSlot>();
  Clock::duration halfPeriod;
  Clock::time_point nextLook;
  uint16_t frame;
  int quiet = 0;
};

// Of the process, and never destroyed: the thread is detached, and may outlive every environment.
struct Registry {
  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<int, Connection> connections;
  bool running = false;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

void look(int fd, Connection& connection) {
  PingSlot& slot = *connection.slot;
  // Who sends now needs no ping.
  if (slot.busy.exchange(true, std::memory_order_acquire)) {
    connection.quiet = 0;
    return;
  }
  connection.quiet = slot.sent ? 0 : connection.quiet + 1;
  slot.sent = false;
  if (connection.quiet >= kQuietLooks && slot.atBoundary) {
    const uint8_t bytes[] = {static_cast<uint8_t>(connection.frame & 0xff), static_cast<uint8_t>(connection.frame >> 8)};
    // A ping that the kernel does not take is dropped; what else went wrong, the owner finds out.
    send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    connection.quiet = kQuietAfterPing;
  }
  slot.busy.store(false, std::memory_order_release);
}

// Ends when there is nothing to ping: add() starts another thread then.
void keepPinging() {
  Registry& all = registry();
  std::unique_lock lock(all.mutex);
  while (!all.connections.empty()) {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    for (auto& [fd, connection] : all.connections) {
      if (connection.nextLook <= now) {
        look(fd, connection);
        connection.nextLook = now + connection.halfPeriod;
      }
      next = std::min(next, connection.nextLook);
    }
    all.changed.wait_until(lock, next);
  }
  all.running = false;
}

}  // namespace

std::atomic<PingSlot*> Pinger::slots_[Pinger::kMost];

bool Pinger::add(int fd, double periodMs, uint16_t frame) {
  if (static_cast<size_t>(fd) >= kMost || slotOf(fd) != nullptr) return false;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  if (!all.running) {
    if (startHelper(keepPinging) != 0) return false;
    all.running = true;
  }
  Connection& connection = all.connections[fd];
  connection.halfPeriod =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(std::min(periodMs, kLongestMs) / 2));
  connection.nextLook = Clock::now() + connection.halfPeriod;
  connection.frame = frame;
  slots_[fd].store(connection.slot.get(), std::memory_order_relaxed);
  all.changed.notify_one();
  return true;
}

void Pinger::removeSlot(int fd) {
  Registry& all = registry();
  // The pinger holds this for as long as it looks: when it is ours no ping is under way.
  const std::lock_guard lock(all.mutex);
  slots_[fd].store(nullptr, std::memory_order_relaxed);
  all.connections.erase(fd);
  if (all.connections.empty()) all.changed.notify_one();
}

void PingGuard::pause() { sched_yield(); }

napi_value startPinging(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  int fd;
  double periodMs;
  int64_t frame;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getDouble(env, argv[1], &periodMs, "periodMs must be a number") ||
      !getInt(env, argv[2], &frame, "frame must be a number")) {
    return nullptr;
  }
  if (!(periodMs >= 1)) return throwRange(env, "periodMs must be at least 1");
  if (frame < 0 || frame > UINT16_MAX) return throwRange(env, "frame must be a 16-bit number");
  napi_value result;
  napi_get_boolean(env, Pinger::add(fd, periodMs, static_cast<uint16_t>(frame)), &result);
  return result;
}

napi_value stopPinging(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (getFd(env, argv[0], &fd)) Pinger::remove(fd);
  return nullptr;
}

}  // namespace flow_ipc
