// NamedSemaphore: a POSIX named semaphore, which is what boost::interprocess::named_mutex is on Linux.
#pragma once

#include <napi.h>
#include <semaphore.h>

#include "addon_state.h"

namespace flow_ipc {

class NamedSemaphore : public Napi::ObjectWrap<NamedSemaphore> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit NamedSemaphore(const Napi::CallbackInfo& info);
  ~NamedSemaphore() override;

 private:
  Napi::Value tryWait(const Napi::CallbackInfo& info);
  Napi::Value post(const Napi::CallbackInfo& info);
  Napi::Value value(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  bool checkOpen(Napi::Env env);

  sem_t* semaphore_ = nullptr;
};

napi_value semOpen(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
