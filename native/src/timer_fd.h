// Timers that are descriptors, for loops that wait for nothing else.
#pragma once

#include <node_api.h>

namespace flow_ipc {

napi_value timerFd(napi_env env, napi_callback_info info);
napi_value timerFdSet(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
