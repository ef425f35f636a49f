// The addon's exports: one table, one state per environment. The contract is ts/binding.ts.
#include <dlfcn.h>
#include <napi.h>

#include <string>

#include "addon_state.h"
#include "args.h"
#include "descriptors.h"
#include "epoll_reactor.h"
#include "fd_watcher.h"
#include "jemalloc_borrower_object.h"
#include "jemalloc_object.h"
#include "mq_object.h"
#include "named_semaphore.h"
#include "pinger.h"
#include "pool.h"
#include "pool_memory.h"
#include "posix_shm.h"
#include "sliced_wait.h"
#include "socket_io.h"
#include "sockets.h"
#include "staged_arena.h"
#include "staged_pool.h"
#include "timer_fd.h"

#ifdef __SANITIZE_ADDRESS__
#define FLOW_IPC_BUILD "asan+ubsan"
#else
#define FLOW_IPC_BUILD "release"
#endif

namespace flow_ipc {
namespace {

napi_value monotonicNow(napi_env env, napi_callback_info) { return number(env, monotonicNs()); }

// Version, kind of build, compiler, and the file that was loaded.
std::string describeBuild() {
  static const char here = 0;
  Dl_info file{};
  const bool known = dladdr(&here, &file) != 0 && file.dli_fname != nullptr;
  return std::string("flow_ipc " FLOW_IPC_VERSION " (" FLOW_IPC_BUILD ", " __VERSION__ ") ") +
         (known ? file.dli_fname : "?");
}

struct Export {
  const char* name;
  napi_callback call;
};

constexpr Export kFunctions[] = {
    {"accept", acceptFd},
    {"closeFd", closeFd},
    {"connectAbstract", connectAbstract},
    {"detachBuffers", detachBuffers},
    {"disownFd", disownFd},
    {"dupFd", dupFd},
    {"fdFlags", fdFlags},
    {"poolStaged", poolStaged},
    {"arenaStaged", arenaStaged},
    {"listenAbstract", listenAbstract},
    {"mapFd", mapFd},
    {"monotonicNs", monotonicNow},
    {"mqCreate", mqCreate},
    {"mqInterrupt", mqInterrupt},
    {"mqOpen", mqOpen},
    {"mqUnlink", mqUnlink},
    {"ownFd", ownFd},
    {"peerCredentials", peerCredentials},
    {"pollFd", pollFd},
    {"pollFds", pollFds},
    {"poolCreate", poolCreate},
    {"poolOpen", poolOpen},
    {"poolOpenOrCreate", poolOpenOrCreate},
    {"recv", recvBytes},
    {"recvStaged", recvStaged},
    {"replaceFd", replaceFd},
    {"semOpen", semOpen},
    {"send", sendBytes},
    {"sendStaged", sendStaged},
    {"setNonBlocking", setNonBlocking},
    {"setSocketBuffers", setSocketBuffers},
    {"shmCreate", shmCreate},
    {"shmOpen", shmOpen},
    {"shmUnlink", shmUnlink},
    {"signalFd", signalFd},
    {"socketInfo", socketInfo},
    {"socketPair", socketPair},
    {"startPinging", startPinging},
    {"stopPinging", stopPinging},
    {"timerFd", timerFd},
    {"timerFdSet", timerFdSet},
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  AddonState* state = AddonState::create(env);
  if (state == nullptr) return exports;
  for (const Export& entry : kFunctions) {
    napi_value function;
    if (napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.call, state, &function) != napi_ok) {
      return exports;
    }
    napi_set_named_property(env, exports, entry.name, function);
  }
  exports["FdWatcher"] = FdWatcher::define(env, state);
  exports["EpollReactor"] = EpollReactor::define(env);
  exports["OwnArena"] = OwnArena::define(env, state);
  exports["BorrowedPools"] = BorrowedPools::define(env, state);
  // Kept private: scripts get instances from poolCreate(), poolOpen(), mqCreate(), mqOpen() and semOpen() only.
  state->poolClass = Napi::Persistent(Pool::define(env, state));
  state->semaphoreClass = Napi::Persistent(NamedSemaphore::define(env, state));
  state->queueClass = Napi::Persistent(MessageQueue::define(env, state));
  exports["out"] = state->outArray(env);
  exports["listBytes"] = state->listBytesArray(env);
  exports["stage"] = state->stageArray(env);
  exports["version"] = Napi::String::New(env, describeBuild());
  return exports;
}

}  // namespace
}  // namespace flow_ipc

using flow_ipc::initialize;
NODE_API_MODULE(flow_ipc, initialize)
