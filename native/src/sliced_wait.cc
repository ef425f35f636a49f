// Clock and liveness checks of sliced waiting.
#include "sliced_wait.h"

#include <ctime>

#include "addon_state.h"

namespace flow_ipc {

int64_t monotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

bool canRunJs(napi_env env) {
  // Node-API has no direct question. A coercion of undefined runs no script, but is refused when none may run.
  napi_value undefined;
  napi_value result;
  return napi_get_undefined(env, &undefined) == napi_ok &&
         napi_coerce_to_bool(env, undefined, &result) == napi_ok;
}

bool canBeTerminated(napi_env env) {
  void* state = nullptr;
  return napi_get_instance_data(env, &state) != napi_ok || state == nullptr ||
         static_cast<AddonState*>(state)->loop() != uv_default_loop();
}

}  // namespace flow_ipc
