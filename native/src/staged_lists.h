// Small messages in pools, with as little crossing as possible.
#pragma once

#include <node_api.h>

namespace flow_ipc {

// One operation on a segment list, chosen by a register; arguments and result are in registers (ts/staged-lists.ts).
napi_value listStaged(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
