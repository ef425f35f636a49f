// What one JavaScript environment (main thread or worker) owns: there are no globals, so any number may coexist.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>

#include "index_table.h"
#include "owned_fds.h"
#include "yield_first.h"

namespace flow_ipc {

class BorrowedPools;
class MqQueue;
class OwnArena;
class Pool;
class PoolMemory;
struct WatchHandle;

class AddonState {
 public:
  // Sets instance data and the teardown hook. Null with an exception pending on failure.
  static AddonState* create(Napi::Env env);
  ~AddonState();

  AddonState(const AddonState&) = delete;
  AddonState& operator=(const AddonState&) = delete;

  // Slots of the exported `out` array. Always valid memory, whatever JavaScript does with the array. From kFd on they are
  // the registers of sendStaged(), recvStaged(), poolStaged() and arenaStaged(): arguments and result pass here in a fifth of the time
  // that Node-API takes for them.
  enum Slot {
    kListOffset = 0,
    kReceivedFd = 1,
    kBadControl = 2,
    kPoolId = 4,
    kPoolOffset = 5,
    kPoolEvents = 6,
    kFd = 8,
    kSize = 9,
    kExtra = 10,
    kResult = 11,
    kOperation = 12,
    kPool = 13,
    kList = 14,
    kSlots = 15,
  };
  double* out() { return shared_->out; }
  Napi::Value outArray(Napi::Env env);

  // Bytes on their way to or from the kernel, exported as `stage`: what is sent, then what was received. As valid as `out`.
  static constexpr size_t kStageOut = 4096;
  static constexpr size_t kStageIn = 256 * 1024;
  uint8_t* stage() { return shared_->stage; }
  Napi::Value stageArray(Napi::Env env);

  // Metadata on its way into a pool or out of it, exported as `listBytes`. As valid as `out`.
  static constexpr size_t kListBytes = 8 * 1024;
  uint8_t* listBytes() { return shared_->listBytes; }
  Napi::Value listBytesArray(Napi::Env env);

  // The pools and arenas that are open here, for functions that are told which by its index.
  const std::shared_ptr<IndexTable<Pool>> pools = std::make_shared<IndexTable<Pool>>();
  const std::shared_ptr<IndexTable<OwnArena>> arenas = std::make_shared<IndexTable<OwnArena>>();
  const std::shared_ptr<IndexTable<BorrowedPools>> borrowedPools = std::make_shared<IndexTable<BorrowedPools>>();

  // Of this environment's thread, for its blocking reads.
  YieldFirst yieldFirst;

  uv_loop_t* loop() const { return loop_; }
  // libuv handles of this environment: the loop must not be torn down before the last has closed.
  void addWatch(WatchHandle* handle);
  void removeWatch(WatchHandle* handle);

  // Closed with this state, that is once scripts have stopped and every watch has been closed.
  OwnedFds ownedFds;

  // poolCreate() and poolOpen() pass their pool to the constructor of Pool here: scripts cannot make one.
  std::unique_ptr<PoolMemory> pendingPool;
  Napi::FunctionReference poolClass;
  // Likewise a message queue.
  std::shared_ptr<MqQueue> pendingQueue;
  Napi::FunctionReference queueClass;
  // Likewise the name of a semaphore being opened.
  void* pendingSemaphore = nullptr;
  Napi::FunctionReference semaphoreClass;

 private:
  AddonState() = default;
  static void onTeardown(napi_async_cleanup_hook_handle hook, void* self);
  void finishTeardownIfIdle();

  // Memory that scripts see too.
  struct Shared {
    double out[kSlots] = {};
    alignas(64) uint8_t stage[kStageOut + kStageIn];
    alignas(64) uint8_t listBytes[kListBytes];
  };
  Napi::Value arrayOver(Napi::Env env, void* data, size_t size, napi_typedarray_type type, size_t length);
  std::shared_ptr<Shared> shared_;
  uv_loop_t* loop_ = nullptr;
  WatchHandle* watches_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool tearingDown_ = false;
};

}  // namespace flow_ipc
