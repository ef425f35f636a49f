// Blocking that a stopping worker can leave: waits in slices and looks between them whether JavaScript may still run.
#pragma once

#include <node_api.h>

#include <cerrno>
#include <cstdint>

namespace flow_ipc {

int64_t monotonicNs();
// False once worker.terminate() or process.exit() has stopped the environment.
bool canRunJs(napi_env env);

// Nobody can interrupt a blocked thread for us, and process.exit() joins workers: five looks a second are the price.
constexpr int64_t kSliceNs = 200'000'000;

// Calls wait(nanoseconds) until it returns > 0 or an error other than -EINTR, or the time is up (0).
// `timeoutMs` < 0 waits for ever.
template <typename Wait>
int waitInSlices(napi_env env, double timeoutMs, Wait wait) {
  const bool forever = timeoutMs < 0 || timeoutMs > 1e12;
  const int64_t deadline = forever ? 0 : monotonicNs() + static_cast<int64_t>(timeoutMs * 1e6);
  for (;;) {
    int64_t left = kSliceNs;
    if (!forever) {
      left = timeoutMs == 0 ? 0 : deadline - monotonicNs();
      if (left < 0) left = 0;
    }
    const bool last = !forever && left <= kSliceNs;
    const int rc = wait(last ? left : kSliceNs);
    if (rc > 0 || (rc < 0 && rc != -EINTR)) return rc;
    if (rc == 0 && last) return 0;
    if (!canRunJs(env)) return 0;
  }
}

// False on the main thread, which nobody can stop while it blocks.
bool canBeTerminated(napi_env env);

// The same for a wait that takes -1 nanoseconds for "for ever": where nobody can stop the thread there are no slices,
// which saves the kernel a timer a wait (half a microsecond of a round trip).
template <typename Wait>
int waitInSlicesIfNeeded(napi_env env, double timeoutMs, Wait wait) {
  if (timeoutMs >= 0 || canBeTerminated(env)) return waitInSlices(env, timeoutMs, wait);
  int rc;
  do rc = wait(int64_t{-1});
  while (rc == -EINTR);
  return rc;
}

}  // namespace flow_ipc
