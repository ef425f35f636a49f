// OwnArena: the JavaScript object over a JemallocArena and what lives in it.
#pragma once

#include <napi.h>

#include <memory>

#include "addon_state.h"
#include "jemalloc_arena.h"
#include "jemalloc_lists.h"

namespace flow_ipc {

class OwnArena : public Napi::ObjectWrap<OwnArena> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit OwnArena(const Napi::CallbackInfo& info);
  ~OwnArena() override;

  // Null when closed. After a call that may make or remove pools: tellPoolEvents().
  JemallocLists* lists() const { return lists_.get(); }
  // The count of pool events that wait into out[kPoolEvents].
  void tellPoolEvents();
  // Pool id and offset of the address into out[kPoolId] and out[kPoolOffset].
  void tellHandle(uint64_t address);
  // Of a place in a pool of this arena, which must be open.
  uint64_t addressOf(const char* at) const { return arena_->toAddress(at); }

 private:
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value allocateMany(const Napi::CallbackInfo& info);
  Napi::Value free(const Napi::CallbackInfo& info);
  Napi::Value freeMany(const Napi::CallbackInfo& info);
  Napi::Value extend(const Napi::CallbackInfo& info);
  Napi::Value shrink(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value handle(const Napi::CallbackInfo& info);
  Napi::Value takePoolEvents(const Napi::CallbackInfo& info);
  Napi::Value pools(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value decay(const Napi::CallbackInfo& info);
  Napi::Value purge(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  // In jemalloc_object_lists.cc:
  Napi::Value listCreate(const Napi::CallbackInfo& info);
  Napi::Value listGrow(const Napi::CallbackInfo& info);
  Napi::Value listLend(const Napi::CallbackInfo& info);
  Napi::Value listStore(const Napi::CallbackInfo& info);
  Napi::Value listRelease(const Napi::CallbackInfo& info);

  Napi::Value resize(const Napi::CallbackInfo& info, int (JemallocLists::*how)(uint64_t block, uint64_t bytes));
  // The code, after tellPoolEvents().
  Napi::Value result(int64_t value);
  // Reads an address; false: an exception is pending, or *answer is -EBADF (closed) or -EINVAL (negative).
  bool getAddress(const Napi::CallbackInfo& info, uint64_t* address, Napi::Value* answer);
  Napi::Value bufferView(const char* at, uint64_t length);

  AddonState* state_;
  std::unique_ptr<JemallocArena> arena_;  // null when closed
  std::unique_ptr<JemallocLists> lists_;
  std::shared_ptr<IndexTable<OwnArena>> table_;  // of this environment's arenas, which knows this one as index_
  size_t index_ = 0;
};

}  // namespace flow_ipc
