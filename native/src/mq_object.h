// MessageQueue: the JavaScript object over a queue of either kind.
#pragma once

#include <napi.h>

#include <memory>

#include "addon_state.h"
#include "mq_queue.h"

namespace flow_ipc {

class MessageQueue : public Napi::ObjectWrap<MessageQueue> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit MessageQueue(const Napi::CallbackInfo& info);
  ~MessageQueue() override;

 private:
  Napi::Value trySend(const Napi::CallbackInfo& info);
  Napi::Value tryReceive(const Napi::CallbackInfo& info);
  Napi::Value send(const Napi::CallbackInfo& info);
  Napi::Value receive(const Napi::CallbackInfo& info);
  Napi::Value ready(const Napi::CallbackInfo& info);
  Napi::Value wait(const Napi::CallbackInfo& info);
  Napi::Value watchFd(const Napi::CallbackInfo& info);
  Napi::Value arm(const Napi::CallbackInfo& info);
  Napi::Value interruptFd(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Napi::Value result(int64_t value) const;
  // Blocks until attempt() is anything but -EAGAIN, which it is in the end when the time is up.
  template <typename Attempt>
  int64_t insist(Way way, double timeoutMs, Attempt attempt);

  std::shared_ptr<MqQueue> queue_;
  uint32_t id_ = 0;
};

napi_value mqCreate(napi_env env, napi_callback_info info);
napi_value mqOpen(napi_env env, napi_callback_info info);
napi_value mqUnlink(napi_env env, napi_callback_info info);
napi_value mqInterrupt(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
