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
  ~BorrowedPools() override {
    if (table_ != nullptr) table_->remove(index_);
  }

  // Null when closed.
  JemallocBorrower* pools() const { return pools_.get(); }

 private:
  Napi::Value addPool(const Napi::CallbackInfo& info);
  Napi::Value removePool(const Napi::CallbackInfo& info);
  Napi::Value refresh(const Napi::CallbackInfo& info);
  Napi::Value listBorrow(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Napi::Value result(int64_t value) const;

  AddonState* state_;
  std::unique_ptr<JemallocBorrower> pools_ = std::make_unique<JemallocBorrower>();  // null when closed
  std::shared_ptr<IndexTable<BorrowedPools>> table_;  // of this environment's, which knows this one as index_
  size_t index_ = 0;
};

}  // namespace flow_ipc
