// Making and asking Unix stream sockets: the calls that throw. All results are close-on-exec and non-blocking.
#pragma once

#include <node_api.h>

namespace flow_ipc {

napi_value closeFd(napi_env env, napi_callback_info info);
napi_value dupFd(napi_env env, napi_callback_info info);
napi_value listenAbstract(napi_env env, napi_callback_info info);
napi_value connectAbstract(napi_env env, napi_callback_info info);
napi_value socketPair(napi_env env, napi_callback_info info);
napi_value peerCredentials(napi_env env, napi_callback_info info);
napi_value setSocketBuffers(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
