// Pool: the JavaScript object over a PoolMemory.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "addon_state.h"
#include "pool_memory.h"
#include "segment_list.h"

namespace flow_ipc {

class Pool : public Napi::ObjectWrap<Pool> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit Pool(const Napi::CallbackInfo& info);
  ~Pool() override;

 private:
  Napi::Value freeBytes(const Napi::CallbackInfo& info);
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value free(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value atomicLoad32(const Napi::CallbackInfo& info);
  Napi::Value atomicAdd32(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  // In pool_lists.cc:
  Napi::Value listCreate(const Napi::CallbackInfo& info);
  Napi::Value listGrow(const Napi::CallbackInfo& info);
  Napi::Value listLend(const Napi::CallbackInfo& info);
  Napi::Value listStore(const Napi::CallbackInfo& info);
  Napi::Value listTake(const Napi::CallbackInfo& info);
  Napi::Value listBorrow(const Napi::CallbackInfo& info);
  Napi::Value listRelease(const Napi::CallbackInfo& info);

  uint32_t* word32(const Napi::CallbackInfo& info);
  Napi::Value result(int64_t value) const;
  // Reads a list's offset; false: an exception is pending, or *answer is -EBADF (closed) or -EINVAL (negative).
  bool getList(const Napi::CallbackInfo& info, uint64_t* list, Napi::Value* answer);

  AddonState* state_;
  std::unique_ptr<PoolMemory> memory_;  // null when closed
  std::unique_ptr<SegmentLists> lists_;
};

napi_value poolCreate(napi_env env, napi_callback_info info);
napi_value poolOpen(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
