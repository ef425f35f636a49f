// BipcQueue: a boost::interprocess::message_queue with ways of waiting that neither burn a core nor hang.
#pragma once

#include "mq_bipc_bell.h"
#include "mq_bipc_memory.h"
#include "mq_bipc_notifier.h"
#include "mq_bipc_watcher.h"

namespace flow_ipc {

class BipcQueue final : public MqQueue {
 public:
  explicit BipcQueue(std::shared_ptr<BipcMemory> memory);
  ~BipcQueue() override { close(); }

  int send(const uint8_t* data, size_t length) override;
  int64_t receive(uint8_t* room, size_t length) override;
  int ready(Way way) override;
  int wait(Way way, int64_t ns) override;
  int watchFd(Way way) override;
  int arm(Way way) override;
  int interruptFd(Way) override { return -1; }
  void close() override;

 private:
  void onInterrupt(Way way, bool on) override;
  int prepareBell(Way way);

  std::shared_ptr<BipcMemory> memory_;  // null when closed
  // Per way, and made when first needed.
  std::unique_ptr<BipcBell> bells_[2];
  std::unique_ptr<BipcWatcher> watchers_[2];
  std::unique_ptr<BipcNotifier> notifier_;
};

}  // namespace flow_ipc
