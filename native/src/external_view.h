// ArrayBuffers over mapped memory. Each holds the mapping until it is detached or collected.
#pragma once

#include <node_api.h>

#include <memory>

#include "mapping.h"

namespace flow_ipc {

// No copy. The caller has checked that [data, data + length) lies in the mapping.
// Null with a RangeError pending when the engine cannot make a buffer that large.
napi_value makeView(napi_env env, const std::shared_ptr<Mapping>& mapping, char* data, size_t length);

}  // namespace flow_ipc
