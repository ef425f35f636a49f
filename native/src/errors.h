// How the addon reports failures: coded system errors, and TypeError / RangeError for misuse.
#pragma once

#include <node_api.h>

namespace flow_ipc {

// The symbolic name of an errno value ("ECONNREFUSED"), or "UNKNOWN".
const char* errnoName(int err);

// Each leaves an exception pending and returns nullptr, so that a callback can `return throwX(...)`.
// throwErrno: Error with code, errno (positive) and syscall; `detail` (may be null) ends the message.
napi_value throwErrno(napi_env env, int err, const char* syscall, const char* detail = nullptr);
napi_value throwType(napi_env env, const char* message);
napi_value throwRange(napi_env env, const char* message);

}  // namespace flow_ipc
