// epoll_ctl and epoll_wait for threads that have no event loop.
#include "epoll_reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "args.h"
#include "sliced_wait.h"
#include "wrapped.h"

namespace flow_ipc {
namespace {

constexpr int kReadable = 1;
constexpr int kWritable = 2;
constexpr size_t kMaxEvents = 128;

// The asked bits ride along, so that a hang-up can be reported as all of them.
uint64_t pack(int fd, int asked) {
  return static_cast<uint32_t>(fd) | static_cast<uint64_t>(static_cast<uint32_t>(asked)) << 32;
}

// -1 nanoseconds: for ever.
int epollWait(int epoll, epoll_event* events, int capacity, int64_t ns) {
#ifdef SYS_epoll_pwait2  // by number: the glibc wrapper would tie us to 2.35
  const timespec limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  if (ns > 0 && ns % 1'000'000 != 0) {
    const long rc = syscall(SYS_epoll_pwait2, epoll, events, capacity, &limit, nullptr, 0);
    if (rc >= 0 || errno != ENOSYS) return rc < 0 ? -errno : static_cast<int>(rc);
  }
#endif
  const int ms = ns < 0 ? -1 : static_cast<int>((ns + 999'999) / 1'000'000);
  const int rc = epoll_wait(epoll, events, capacity, ms);
  return rc < 0 ? -errno : rc;
}

}  // namespace

Napi::Function EpollReactor::define(Napi::Env env) {
  return DefineClass(
      env, "EpollReactor",
      {InstanceMethod<&EpollReactor::set>("set"), InstanceMethod<&EpollReactor::wait>("wait"),
       InstanceMethod<&EpollReactor::wake>("wake"), InstanceMethod<&EpollReactor::close>("close"),
       InstanceAccessor<&EpollReactor::wakeFd>("wakeFd")});
}

EpollReactor::EpollReactor(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!isWrapped(*this)) return;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = epoll_ < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = pack(wake_, kReadable);
  if (wake_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    const int err = errno;
    closeFds();
    throwErrno(info.Env(), err, "epoll_create1");
  }
}

EpollReactor::~EpollReactor() { closeFds(); }

void EpollReactor::closeFds() {
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_ >= 0) ::close(wake_);
  epoll_ = wake_ = -1;
}

Napi::Value EpollReactor::set(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int fd;
  int64_t asked;
  if (!getFd(env, info[0], &fd) || !getInt(env, info[1], &asked, "events must be a number")) return Napi::Value();
  if (epoll_ < 0) {
    throwType(env, "the reactor is closed");
    return Napi::Value();
  }
  if (asked < 0 || asked > (kReadable | kWritable) || fd == wake_ || fd == epoll_) {
    throwRange(env, "events must be READABLE, WRITABLE, both or 0, and fd not one of the reactor's own");
    return Napi::Value();
  }
  if (asked == 0) {
    // Closing a descriptor takes it out of the set, so "not there" is what was wanted.
    if (epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) != 0 && errno != ENOENT && errno != EBADF) {
      throwErrno(env, errno, "epoll_ctl");
    }
    return Napi::Value();
  }
  epoll_event event{};
  event.events = (asked & kReadable ? EPOLLIN | EPOLLRDHUP : 0u) | (asked & kWritable ? EPOLLOUT : 0u);
  event.data.u64 = pack(fd, static_cast<int>(asked));
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0 &&
      (errno != ENOENT || epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)) {
    throwErrno(env, errno, "epoll_ctl");
  }
  return Napi::Value();
}

Napi::Value EpollReactor::wait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double timeoutMs;
  if (!getDouble(env, info[0], &timeoutMs, "timeoutMs must be a number")) return Napi::Value();
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, info[1], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array || length < 2) {
    throwType(env, "out must be an Int32Array of at least 2 elements");
    return Napi::Value();
  }
  if (epoll_ < 0) return Napi::Value(env, number(env, -EBADF));

  epoll_event events[kMaxEvents];
  // One more than fits, for the wake descriptor.
  const int capacity = static_cast<int>(std::min(length / 2, kMaxEvents - 1)) + 1;
  const int n =
      waitInSlicesIfNeeded(env, timeoutMs, [&](int64_t ns) { return epollWait(epoll_, events, capacity, ns); });
  if (n < 0) return Napi::Value(env, number(env, n));

  auto* pairs = static_cast<int32_t*>(data);
  int count = 0;
  for (int i = 0; i < n; ++i) {
    const int fd = static_cast<int32_t>(events[i].data.u64 & 0xffffffffu);
    const int asked = static_cast<int>(events[i].data.u64 >> 32);
    const uint32_t bits = events[i].events;
    if (fd == wake_) {
      uint64_t ignored;
      [[maybe_unused]] const ssize_t drained = read(wake_, &ignored, sizeof ignored);
      continue;
    }
    if (count == capacity - 1) break;  // level-triggered: it is reported next time
    int ready = (bits & (EPOLLIN | EPOLLRDHUP) ? kReadable : 0) | (bits & EPOLLOUT ? kWritable : 0);
    if (bits & (EPOLLHUP | EPOLLERR)) ready = asked;
    pairs[2 * count] = fd;
    pairs[2 * count + 1] = ready & asked;
    ++count;
  }
  return Napi::Value(env, number(env, count));
}

Napi::Value EpollReactor::wake(const Napi::CallbackInfo&) {
  if (wake_ >= 0) eventfd_write(wake_, 1);
  return Napi::Value();
}

Napi::Value EpollReactor::close(const Napi::CallbackInfo&) {
  closeFds();
  return Napi::Value();
}

Napi::Value EpollReactor::wakeFd(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), number(info.Env(), wake_));
}

napi_value signalFd(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd)) return nullptr;
  const int rc = eventfd_write(fd, 1);
  return number(env, rc == 0 ? 0 : -errno);
}

}  // namespace flow_ipc
