// ArrayBuffers that the engine does not count as memory of its own.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <memory>

namespace flow_ipc {

// Node-API's external buffers count in full towards V8's external memory, and 64 MiB more of that start a garbage
// collection: a gigabyte lent in shared memory would cost milliseconds, although collecting frees none of it.
// V8 does not count a backing store that has nothing to free, but only its C++ interface makes one.
//
// That interface is looked up at run time, by mangled name, and used on the majors of Node that this was tested
// on. Null on any other: the caller falls back to Node-API.
//
// `owner` is kept until V8 lets go of the memory, which is not when the buffer object dies: its contents can have been
// transferred to another one, perhaps of another thread. So it may be dropped on any thread.
napi_value makeUnaccountedBuffer(napi_env env, void* data, size_t length, std::shared_ptr<void> owner);

}  // namespace flow_ipc
