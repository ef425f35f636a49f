// Small messages and blocks in jemalloc's arenas, with as little crossing as possible.
#pragma once

#include <node_api.h>

namespace flow_ipc {

// One operation on an arena of ours, or on a peer's pools, chosen by a register; arguments and result are in registers
// (ts/staged-arena.ts).
napi_value arenaStaged(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
