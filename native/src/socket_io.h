// The hot calls: they return a count or -errno and make no objects. Callback data is the AddonState.
#pragma once

#include <node_api.h>

namespace flow_ipc {

napi_value acceptFd(napi_env env, napi_callback_info info);
napi_value sendBytes(napi_env env, napi_callback_info info);
napi_value recvBytes(napi_env env, napi_callback_info info);
// The same two between the kernel and the environment's stage: no array to look up, few arguments.
napi_value sendStaged(napi_env env, napi_callback_info info);
napi_value recvStaged(napi_env env, napi_callback_info info);
napi_value pollFd(napi_env env, napi_callback_info info);
napi_value pollFds(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
