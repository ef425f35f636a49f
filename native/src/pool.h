// Pool: the JavaScript object over a PoolMemory.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <unordered_set>

#include "addon_state.h"
#include "futex_lock.h"
#include "pool_memory.h"
#include "segment_list.h"
#include "shared_object.h"
#include "spare_lists.h"

namespace flow_ipc {

class Pool : public Napi::ObjectWrap<Pool> {
 public:
  static Napi::Function define(Napi::Env env, AddonState* state);
  explicit Pool(const Napi::CallbackInfo& info);
  ~Pool() override;

  // Null when closed.
  SegmentLists* lists() const { return lists_.get(); }
  SpareLists* spares() const { return spares_.get(); }
  PoolMemory* memory() const { return memory_.get(); }

 private:
  Napi::Value freeBytes(const Napi::CallbackInfo& info);
  Napi::Value blockCounts(const Napi::CallbackInfo& info);
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value allocateMany(const Napi::CallbackInfo& info);
  Napi::Value free(const Napi::CallbackInfo& info);
  Napi::Value freeMany(const Napi::CallbackInfo& info);
  Napi::Value extend(const Napi::CallbackInfo& info);
  Napi::Value shrink(const Napi::CallbackInfo& info);
  Napi::Value backing(const Napi::CallbackInfo& info);
  Napi::Value usable(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value atomicLoad32(const Napi::CallbackInfo& info);
  Napi::Value atomicAdd32(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  // In pool_lists.cc:
  Napi::Value listCreate(const Napi::CallbackInfo& info);
  Napi::Value listBuild(const Napi::CallbackInfo& info);
  Napi::Value listGrow(const Napi::CallbackInfo& info);
  Napi::Value listLend(const Napi::CallbackInfo& info);
  Napi::Value listSend(const Napi::CallbackInfo& info);
  Napi::Value listShare(const Napi::CallbackInfo& info);
  Napi::Value listStore(const Napi::CallbackInfo& info);
  Napi::Value listTake(const Napi::CallbackInfo& info);
  Napi::Value listBorrow(const Napi::CallbackInfo& info);
  Napi::Value listRelease(const Napi::CallbackInfo& info);
  // In pool_objects.cc:
  Napi::Value objectCreate(const Napi::CallbackInfo& info);
  Napi::Value objectLend(const Napi::CallbackInfo& info);
  Napi::Value objectCheck(const Napi::CallbackInfo& info);
  Napi::Value objectDrop(const Napi::CallbackInfo& info);
  Napi::Value objectOwners(const Napi::CallbackInfo& info);
  // In pool_waiting.cc:
  Napi::Value lockTry(const Napi::CallbackInfo& info);
  Napi::Value lockTake(const Napi::CallbackInfo& info);
  Napi::Value lockRelease(const Napi::CallbackInfo& info);
  Napi::Value lockAwait(const Napi::CallbackInfo& info);
  Napi::Value futexWait(const Napi::CallbackInfo& info);
  Napi::Value futexAwait(const Napi::CallbackInfo& info);
  Napi::Value futexWake(const Napi::CallbackInfo& info);

  Napi::Value resize(const Napi::CallbackInfo& info, int (PoolMemory::*how)(uint64_t offset, uint64_t bytes));
  uint32_t* word32(const Napi::CallbackInfo& info);
  Napi::Value result(int64_t value) const;
  // Reads a list's offset; false: an exception is pending, or *answer is -EBADF (closed) or -EINVAL (negative).
  bool getList(const Napi::CallbackInfo& info, uint64_t* list, Napi::Value* answer);
  bool getObject(const Napi::CallbackInfo& info, uint64_t* object, uint64_t* size, Napi::Value* answer);
  bool getPlace(const Napi::CallbackInfo& info, uint64_t alignment, uint64_t* place);
  uint64_t* lockWord(uint64_t place);
  Napi::Value tookLock(uint64_t place, Taken taken);
  void abandonLocks();

  AddonState* state_;
  std::unique_ptr<PoolMemory> memory_;  // null when closed
  std::unique_ptr<SegmentLists> lists_;
  std::unique_ptr<SpareLists> spares_;
  std::unique_ptr<SharedObjects> objects_;
  std::shared_ptr<IndexTable<Pool>> table_;  // of this environment's pools, which knows this one as index_
  size_t index_ = 0;
  std::unordered_set<uint64_t> held_;  // locks that this environment took
};

napi_value poolCreate(napi_env env, napi_callback_info info);
napi_value poolOpen(napi_env env, napi_callback_info info);
napi_value poolOpenOrCreate(napi_env env, napi_callback_info info);
// Detaches each of an array of ArrayBuffers.
napi_value detachBuffers(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
