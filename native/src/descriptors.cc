// Descriptors of any kind.
#include "descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "addon_state.h"
#include "args.h"

namespace flow_ipc {
namespace {

// The first argument as a descriptor, and the environment's state.
bool readFd(napi_env env, napi_callback_info info, int* fd, AddonState** state = nullptr) {
  size_t argc = 1;
  napi_value argv[1];
  void* data;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (state != nullptr) *state = static_cast<AddonState*>(data);
  return getFd(env, argv[0], fd);
}

napi_value boolean(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

}  // namespace

napi_value ownFd(napi_env env, napi_callback_info info) {
  int fd;
  AddonState* state;
  if (readFd(env, info, &fd, &state)) {
    // A number that no process can have would only make the set of them large.
    if (fcntl(fd, F_GETFD) < 0) return throwErrno(env, errno, "fcntl");
    state->ownedFds.add(fd);
  }
  return nullptr;
}

napi_value disownFd(napi_env env, napi_callback_info info) {
  int fd;
  AddonState* state;
  return readFd(env, info, &fd, &state) ? boolean(env, state->ownedFds.remove(fd)) : nullptr;
}

napi_value replaceFd(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  int source;
  int target;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &source) || !getFd(env, argv[1], &target)) return nullptr;
  int rc;
  // EBUSY: another thread is just opening a file that will get this number.
  do rc = dup3(source, target, O_CLOEXEC);
  while (rc < 0 && (errno == EINTR || errno == EBUSY));
  return rc < 0 ? throwErrno(env, errno, "dup3") : nullptr;
}

napi_value fdFlags(napi_env env, napi_callback_info info) {
  int fd;
  if (!readFd(env, info, &fd)) return nullptr;
  const int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? throwErrno(env, errno, "fcntl") : number(env, flags);
}

napi_value setNonBlocking(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  int fd;
  bool on;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getBool(env, argv[1], &on, "on must be a boolean")) return nullptr;
  const int flags = fcntl(fd, F_GETFL);
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)) return throwErrno(env, errno, "fcntl");
  return nullptr;
}

napi_value socketInfo(napi_env env, napi_callback_info info) {
  int fd;
  if (!readFd(env, info, &fd)) return nullptr;
  struct {
    const char* name;
    int option;
  } constexpr kOptions[] = {{"domain", SO_DOMAIN}, {"type", SO_TYPE}, {"listening", SO_ACCEPTCONN}};
  napi_value result;
  napi_create_object(env, &result);
  for (const auto& [name, option] : kOptions) {
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, option, &value, &length) != 0) return throwErrno(env, errno, "getsockopt");
    napi_set_named_property(env, result, name, option == SO_ACCEPTCONN ? boolean(env, value != 0) : number(env, value));
  }
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const bool connected = getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
  napi_set_named_property(env, result, "connected", boolean(env, connected));
  return result;
}

}  // namespace flow_ipc
