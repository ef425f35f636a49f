// EpollReactor: a blocking epoll set with an eventfd to end the wait from any thread.
#pragma once

#include <napi.h>

namespace flow_ipc {

class EpollReactor : public Napi::ObjectWrap<EpollReactor> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EpollReactor(const Napi::CallbackInfo& info);
  ~EpollReactor() override;

 private:
  Napi::Value set(const Napi::CallbackInfo& info);
  Napi::Value wait(const Napi::CallbackInfo& info);
  Napi::Value wake(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value wakeFd(const Napi::CallbackInfo& info);
  void closeFds();

  int epoll_ = -1;
  int wake_ = -1;
};

// Adds 1 to an eventfd: how another thread, given wakeFd, ends a wait. 0 or -errno.
napi_value signalFd(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
