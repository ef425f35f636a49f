// Unix stream sockets in the abstract namespace.
#include "sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstring>

#include "args.h"
#include "pinger.h"

namespace flow_ipc {
namespace {

// Blocking, although no call here blocks unless it is asked to: MSG_DONTWAIT says so for each.
constexpr int kSocketType = SOCK_STREAM | SOCK_CLOEXEC;

// NUL + name, no trailing NUL: the length says where the name ends. 0 when it is too long.
socklen_t makeAddress(const std::string& name, sockaddr_un* address) {
  if (name.size() + 1 > sizeof address->sun_path) return 0;
  std::memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

// Makes a socket for `name` and hands it to `use` (bind or connect). Throws, or returns the descriptor.
template <typename Use>
napi_value makeSocket(napi_env env, const std::string& name, const char* syscall, Use use) {
  sockaddr_un address;
  const socklen_t length = makeAddress(name, &address);
  if (name.empty()) return throwErrno(env, EINVAL, syscall, "");
  if (length == 0) return throwErrno(env, ENAMETOOLONG, syscall, name.c_str());
  const int fd = socket(AF_UNIX, kSocketType, 0);
  if (fd < 0) return throwErrno(env, errno, "socket");
  if (use(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    const int err = errno;
    close(fd);
    return throwErrno(env, err, syscall, name.c_str());
  }
  return number(env, fd);
}

}  // namespace

napi_value closeFd(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd)) return nullptr;
  Pinger::remove(fd);
  // After EINTR the descriptor is gone all the same on Linux.
  if (close(fd) != 0 && errno != EINTR) return throwErrno(env, errno, "close");
  return nullptr;
}

napi_value dupFd(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd)) return nullptr;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? throwErrno(env, errno, "dup") : number(env, copy);
}

napi_value listenAbstract(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  std::string name;
  int64_t backlog;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getString(env, argv[0], &name, "name must be a string", true) ||
      !getInt(env, argv[1], &backlog, "backlog must be a number")) {
    return nullptr;
  }
  if (backlog < 0 || backlog > INT_MAX) return throwRange(env, "backlog must be a non-negative 32-bit number");
  return makeSocket(env, name, "listen", [&](int fd, const sockaddr* address, socklen_t length) {
    // accept4() has no flag not to wait.
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return -1;
    return bind(fd, address, length) != 0 ? -1 : listen(fd, static_cast<int>(backlog));
  });
}

napi_value connectAbstract(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  std::string name;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getString(env, argv[0], &name, "name must be a string", true)) return nullptr;
  // Unix sockets connect at once; a full backlog is EAGAIN because the socket does not block yet.
  return makeSocket(env, name, "connect", [](int fd, const sockaddr* address, socklen_t length) {
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return -1;
    int rc;
    do rc = connect(fd, address, length);
    while (rc != 0 && errno == EINTR);
    return rc != 0 ? rc : fcntl(fd, F_SETFL, 0);
  });
}

napi_value socketPair(napi_env env, napi_callback_info) {
  int fds[2];
  if (socketpair(AF_UNIX, kSocketType, 0, fds) != 0) return throwErrno(env, errno, "socketpair");
  napi_value pair;
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, number(env, fds[0]));
  napi_set_element(env, pair, 1, number(env, fds[1]));
  return pair;
}

napi_value setSocketBuffers(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  int fd;
  int64_t bytes[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getInt(env, argv[1], &bytes[0], "sendBytes must be a number") ||
      !getInt(env, argv[2], &bytes[1], "receiveBytes must be a number")) {
    return nullptr;
  }
  constexpr int kOptions[2] = {SO_SNDBUF, SO_RCVBUF};
  for (int i = 0; i < 2; ++i) {
    if (bytes[i] < 0 || bytes[i] > INT_MAX) return throwRange(env, "a buffer size must be a 32-bit number");
    const int size = static_cast<int>(bytes[i]);
    if (size != 0 && setsockopt(fd, SOL_SOCKET, kOptions[i], &size, sizeof size) != 0) {
      return throwErrno(env, errno, "setsockopt");
    }
  }
  return nullptr;
}

napi_value peerCredentials(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd)) return nullptr;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return throwErrno(env, errno, "getsockopt");
  }
  // An unconnected socket has no peer: the kernel answers pid 0 and uid -1.
  if (credentials.uid == static_cast<uid_t>(-1)) return throwErrno(env, ENOTCONN, "getsockopt");
  napi_value result;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "pid", number(env, credentials.pid));
  napi_set_named_property(env, result, "uid", number(env, credentials.uid));
  napi_set_named_property(env, result, "gid", number(env, credentials.gid));
  return result;
}

}  // namespace flow_ipc
