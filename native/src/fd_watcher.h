// FdWatcher: one uv_poll on the loop of the environment that made it.
#pragma once

#include <napi.h>
#include <uv.h>

#include "addon_state.h"

namespace flow_ipc {

class FdWatcher;

// The libuv half. It outlives the JavaScript half until libuv has let go of it.
struct WatchHandle {
  uv_poll_t poll;
  AddonState* state;
  FdWatcher* owner;  // null once the JavaScript half is gone or closed
  WatchHandle* previous = nullptr;
  WatchHandle* next = nullptr;
  void close();
};

class FdWatcher : public Napi::ObjectWrap<FdWatcher> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit FdWatcher(const Napi::CallbackInfo& info);
  ~FdWatcher() override;

 private:
  Napi::Value start(const Napi::CallbackInfo& info);
  Napi::Value ref(const Napi::CallbackInfo& info);
  Napi::Value unref(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  static void onReady(uv_poll_t* poll, int status, int events);
  void deliver(int ready);
  int arm();
  void dropCallback();

  WatchHandle* handle_ = nullptr;
  int asked_ = 0;
  bool delivering_ = false;
  napi_async_context context_ = nullptr;
  Napi::FunctionReference callback_;

  friend struct WatchHandle;
};

}  // namespace flow_ipc
