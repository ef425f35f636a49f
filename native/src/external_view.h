// ArrayBuffers over memory that somebody owns. Each holds the owner until it is detached or collected.
#pragma once

#include <node_api.h>

#include <memory>

namespace flow_ipc {

// No copy. The caller has checked that [data, data + length) is the owner's.
// Null with a RangeError pending when the engine cannot make a buffer that large.
napi_value makeView(napi_env env, const std::shared_ptr<void>& owner, void* data, size_t length);

}  // namespace flow_ipc
