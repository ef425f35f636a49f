// timerfd_create and timerfd_settime.
#include "timer_fd.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "args.h"

namespace flow_ipc {

napi_value timerFd(napi_env env, napi_callback_info) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return fd < 0 ? throwErrno(env, errno, "timerfd_create") : number(env, fd);
}

napi_value timerFdSet(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  int fd;
  double ms;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getDouble(env, argv[1], &ms, "ms must be a number")) return nullptr;
  itimerspec spec{};
  if (ms >= 0) {
    // All zeroes would disarm; beyond some thirty years it does not matter. Setting clears an earlier expiry.
    const auto ns = std::max<int64_t>(1, static_cast<int64_t>(std::min(ms, 1e12) * 1e6));
    spec.it_value = {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  }
  if (timerfd_settime(fd, 0, &spec, nullptr) != 0) return throwErrno(env, errno, "timerfd_settime");
  return nullptr;
}

}  // namespace flow_ipc
