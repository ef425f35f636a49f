// Descriptors of any kind: owning them, asking what they are, their flags, and putting one in the place of another.
#pragma once

#include <node_api.h>

namespace flow_ipc {

napi_value ownFd(napi_env env, napi_callback_info info);
napi_value disownFd(napi_env env, napi_callback_info info);
napi_value replaceFd(napi_env env, napi_callback_info info);
napi_value fdFlags(napi_env env, napi_callback_info info);
napi_value setNonBlocking(napi_env env, napi_callback_info info);
napi_value socketInfo(napi_env env, napi_callback_info info);

}  // namespace flow_ipc
