// Small messages and blocks in pools, with as little crossing as possible.
#pragma once

#include <node_api.h>

namespace flow_ipc {

// One operation on a segment list or block, chosen by a register; arguments and result are in registers (ts/staged-pool.ts).
napi_value poolStaged(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
