// PosixQueue: a POSIX message queue, whose descriptor can be polled on Linux.
#pragma once

#include <mqueue.h>

#include "mq_queue.h"

namespace flow_ipc {

class PosixQueue final : public MqQueue {
 public:
  // O_EXCL, exactly `mode`. Names without the leading slash. Null with *err (positive) and *failed set on failure.
  static std::shared_ptr<PosixQueue> create(const std::string& name, int64_t maxMessages, int64_t maxMessageSize,
                                            int mode, int* err, const char** failed);
  static std::shared_ptr<PosixQueue> open(const std::string& name, int* err, const char** failed);
  ~PosixQueue() override { close(); }

  int send(const uint8_t* data, size_t length) override;
  int64_t receive(uint8_t* room, size_t length) override;
  int ready(Way way) override;
  int wait(Way way, int64_t ns) override;
  int watchFd(Way) override { return queue_; }
  int arm(Way way) override;
  int interruptFd(Way way) override;
  void close() override;

 private:
  static std::shared_ptr<PosixQueue> adopt(mqd_t queue, int* err, const char** failed);
  void onInterrupt(Way way, bool on) override;
  int poll(Way way, int64_t ns, int interruptFd);

  mqd_t queue_ = -1;
  int interrupts_[2] = {-1, -1};  // eventfds, made when first needed
};

}  // namespace flow_ipc
