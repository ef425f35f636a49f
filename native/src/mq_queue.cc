// What both kinds of queue share: interruption, and the register through which other threads find a queue.
#include "mq_queue.h"

#include <unordered_map>

namespace flow_ipc {
namespace {

struct Register {
  std::mutex mutex;
  uint32_t last = 0;
  std::unordered_map<uint32_t, std::weak_ptr<MqQueue>> queues;
};

// Never destroyed: workers may outlive the static objects when the process exits.
Register& theRegister() {
  static auto* instance = new Register;
  return *instance;
}

}  // namespace

bool MqQueue::interrupt(Way way, bool on) {
  const std::lock_guard<std::mutex> lock(life_);
  if (interrupted_[static_cast<int>(way)].exchange(on, std::memory_order_acq_rel) == on) return false;
  onInterrupt(way, on);
  return true;
}

uint32_t registerQueue(const std::shared_ptr<MqQueue>& queue) {
  Register& all = theRegister();
  const std::lock_guard<std::mutex> lock(all.mutex);
  while (++all.last == 0 || all.queues.count(all.last) != 0) continue;
  all.queues[all.last] = queue;
  return all.last;
}

void unregisterQueue(uint32_t id) {
  Register& all = theRegister();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.queues.erase(id);
}

std::shared_ptr<MqQueue> findQueue(uint32_t id) {
  Register& all = theRegister();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.queues.find(id);
  return found == all.queues.end() ? nullptr : found->second.lock();
}

}  // namespace flow_ipc
