// Plain POSIX shared memory objects. Names are given without the leading slash.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <string>

namespace flow_ipc {

napi_value shmCreate(napi_env env, napi_callback_info info);
napi_value shmOpen(napi_env env, napi_callback_info info);
napi_value shmUnlink(napi_env env, napi_callback_info info);
napi_value mapFd(napi_env env, napi_callback_info info);

// Reads the (name, size, mode) that shmCreate and poolCreate share.
bool getShmArgs(napi_env env, const napi_value* argv, std::string* name, size_t* size, int* mode);

}  // namespace flow_ipc
