// BorrowedPools: the JavaScript object over a JemallocBorrower.
#pragma once

#include <napi.h>

#include <memory>

#include "addon_state.h"
#include "jemalloc_borrower.h"

namespace flow_ipc {

class BorrowedPools : public Napi::ObjectWrap<BorrowedPools> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit BorrowedPools(const Napi::CallbackInfo& info);

 private:
  Napi::Value addPool(const Napi::CallbackInfo& info);
  Napi::Value removePool(const Napi::CallbackInfo& info);
  Napi::Value refresh(const Napi::CallbackInfo& info);
  Napi::Value listTake(const Napi::CallbackInfo& info);
  Napi::Value listFind(const Napi::CallbackInfo& info);
  Napi::Value listBorrow(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  // Reads (collection, pool, offset) and the list there: 0 or a code; false: an exception is pending.
  bool readList(const Napi::CallbackInfo& info, uint64_t maxSegments, int* code);
  Napi::Value result(int64_t value) const;
  // The code of a read, with the pool that it lacked in out[kPoolId].
  Napi::Value readFailed(int code) const;

  AddonState* state_;
  std::unique_ptr<JemallocBorrower> pools_ = std::make_unique<JemallocBorrower>();  // null when closed
};

}  // namespace flow_ipc
