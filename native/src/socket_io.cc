// accept, sendmsg, recvmsg and poll with as few Node-API calls as they can do with.
#include "socket_io.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <cstring>

#include "addon_state.h"
#include "args.h"
#include "pinger.h"
#include "sliced_wait.h"

namespace flow_ipc {
namespace {

constexpr size_t kPollSet = 64;

pollfd pollEntry(int fd, int asked) {
  return {fd, static_cast<short>((asked & 1 ? POLLIN : 0) | (asked & 2 ? POLLOUT : 0)), 0};
}

// A hang-up or error is reported as every bit asked.
int readyBits(const pollfd& entry, int asked) {
  if (entry.revents & (POLLHUP | POLLERR)) return asked;
  return (entry.revents & POLLIN ? 1 : 0) | (entry.revents & POLLOUT ? 2 : 0);
}

int pollInSlices(napi_env env, pollfd* entries, size_t count, double timeoutMs) {
  return waitInSlicesIfNeeded(env, timeoutMs, [&](int64_t ns) {
    const timespec limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    const int n = ppoll(entries, count, ns < 0 ? nullptr : &limit, nullptr);
    return n < 0 ? -errno : n;
  });
}

// One descriptor is legal. The room for more is there to receive, and so be able to close, what is not.
constexpr size_t kControlFds = 16;

bool isNull(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

// Puts the single received descriptor into the state's slots, or closes them all and marks the call bad.
void takeDescriptors(msghdr* message, double* out) {
  int first = -1;
  size_t count = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      if (count++ == 0) {
        first = fd;
      } else {
        close(fd);
      }
    }
  }
  if (count > 1 || (message->msg_flags & MSG_CTRUNC) != 0) {
    if (first >= 0) close(first);
    first = -1;
    out[AddonState::kBadControl] = 1;
  }
  out[AddonState::kReceivedFd] = first;
}

// The kernel drops control data that no byte carries: better an error than a lost descriptor.
constexpr char kNothingCarries[] = "a descriptor needs at least one byte to ride on";

AddonState* stateOf(napi_env env, napi_callback_info info) {
  void* data;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return static_cast<AddonState*>(data);
}

bool registerFd(napi_env env, const double* registers, int* fd) {
  const double value = registers[AddonState::kFd];
  if (!(value >= 0 && value <= INT_MAX)) {
    throwRange(env, "a file descriptor must be a non-negative 32-bit number");
    return false;
  }
  *fd = static_cast<int>(value);
  return true;
}

// Bytes taken, or -errno.
ssize_t sendParts(int fd, iovec* iov, size_t parts, int passFd) {
  msghdr message{};
  message.msg_iov = iov;
  message.msg_iovlen = parts;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  if (passFd >= 0) {
    std::memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &passFd, sizeof passFd);
  }
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  // The simpler call spares the kernel two copies in.
  const bool plain = parts == 1 && passFd < 0;
  PingGuard guard(fd);
  ssize_t sent;
  do sent = plain ? send(fd, iov[0].iov_base, iov[0].iov_len, kFlags) : sendmsg(fd, &message, kFlags);
  while (sent < 0 && errno == EINTR);
  guard.wrote(sent, iov[0].iov_len + (parts == 2 ? iov[1].iov_len : 0));
  return sent < 0 ? -errno : sent;
}

// Bytes read, 0 at end of file, or -errno.
ssize_t receiveInto(napi_env env, AddonState* state, int fd, iovec* iov, double waitMs) {
  double* out = state->out();
  out[AddonState::kReceivedFd] = -1;
  out[AddonState::kBadControl] = 0;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kControlFds)];
  msghdr message{};
  message.msg_iov = iov;
  message.msg_iovlen = 1;
  const auto receive = [&](int flags) {
    ssize_t n;
    do {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      n = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
  };
  const auto look = [&] { return receive(MSG_DONTWAIT); };
  ssize_t received = waitMs == 0 ? look() : state->yieldFirst(look);
  // Where nobody can stop this thread the read itself waits: a system call less than to poll first. A descriptor that
  // somebody made non-blocking says EAGAIN to that.
  if (received == -EAGAIN && waitMs < 0 && !canBeTerminated(env)) received = receive(0);
  if (received == -EAGAIN && waitMs != 0) {
    pollfd entry = pollEntry(fd, 1);
    const int rc = pollInSlices(env, &entry, 1, waitMs);
    if (rc <= 0) return rc == 0 ? -EAGAIN : rc;
    received = look();
  }
  if (received >= 0 && (message.msg_controllen != 0 || (message.msg_flags & MSG_CTRUNC) != 0)) {
    takeDescriptors(&message, out);
  }
  return received;
}

}  // namespace

napi_value acceptFd(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int fd;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd)) return nullptr;
  int connection;
  do connection = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  while (connection < 0 && (errno == ECONNABORTED || errno == EINTR));
  return number(env, connection < 0 ? -errno : connection);
}

napi_value sendBytes(napi_env env, napi_callback_info info) {
  size_t argc = 8;
  napi_value argv[8];
  int fd;
  int64_t at[2];
  int64_t length[2] = {0, 0};
  int64_t passFd;
  Bytes part[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getInt(env, argv[7], &passFd, "passFd must be a number") ||
      !getInt(env, argv[2], &at[0], "aOffset must be a number") ||
      !getInt(env, argv[3], &length[0], "aLength must be a number") ||
      !getBytes(env, argv[1], &part[0], "a must be a Uint8Array") ||
      !checkSlice(env, part[0], at[0], length[0])) {
    return nullptr;
  }
  iovec iov[2];
  size_t parts = 1;
  iov[0] = {part[0].data + at[0], static_cast<size_t>(length[0])};
  if (!isNull(env, argv[4])) {
    if (!getInt(env, argv[5], &at[1], "bOffset must be a number") ||
        !getInt(env, argv[6], &length[1], "bLength must be a number") ||
        !getBytes(env, argv[4], &part[1], "b must be a Uint8Array or null") ||
        !checkSlice(env, part[1], at[1], length[1])) {
      return nullptr;
    }
    iov[1] = {part[1].data + at[1], static_cast<size_t>(length[1])};
    parts = 2;
  }
  if (passFd > INT_MAX) return throwRange(env, "passFd must be a 32-bit number");
  if (passFd >= 0 && length[0] + length[1] == 0) return throwRange(env, kNothingCarries);
  return number(env, sendParts(fd, iov, parts, static_cast<int>(passFd < 0 ? -1 : passFd)));
}

napi_value sendStaged(napi_env env, napi_callback_info info) {
  AddonState* state = stateOf(env, info);
  double* registers = state->out();
  int fd;
  if (!registerFd(env, registers, &fd)) return nullptr;
  const double length = registers[AddonState::kSize];
  const double passFd = registers[AddonState::kExtra];
  if (!(length >= 0 && length <= static_cast<double>(AddonState::kStageOut))) {
    return throwRange(env, "length must be within the stage");
  }
  if (!(passFd >= -1 && passFd <= INT_MAX)) return throwRange(env, "passFd must be a 32-bit number");
  iovec iov{state->stage(), static_cast<size_t>(length)};
  if (passFd >= 0 && iov.iov_len == 0) return throwRange(env, kNothingCarries);
  registers[AddonState::kResult] = sendParts(fd, &iov, 1, static_cast<int>(passFd));
  return nullptr;
}

napi_value recvBytes(napi_env env, napi_callback_info info) {
  size_t argc = 5;
  napi_value argv[5];
  void* data;
  int fd;
  int64_t offset;
  int64_t length;
  Bytes bytes;
  double waitMs = 0;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getFd(env, argv[0], &fd) || !getInt(env, argv[2], &offset, "offset must be a number") ||
      !getInt(env, argv[3], &length, "length must be a number") ||
      !getBytes(env, argv[1], &bytes, "buf must be a Uint8Array") || !checkSlice(env, bytes, offset, length) ||
      (argc == 5 && !getDouble(env, argv[4], &waitMs, "waitMs must be a number"))) {
    return nullptr;
  }
  // recvmsg with no room returns 0, which would read as end of file.
  if (length == 0) return throwRange(env, "length must be at least 1");
  iovec iov{bytes.data + offset, static_cast<size_t>(length)};
  return number(env, receiveInto(env, static_cast<AddonState*>(data), fd, &iov, waitMs));
}

napi_value recvStaged(napi_env env, napi_callback_info info) {
  AddonState* state = stateOf(env, info);
  double* registers = state->out();
  int fd;
  if (!registerFd(env, registers, &fd)) return nullptr;
  const double offset = registers[AddonState::kSize];
  const double waitMs = registers[AddonState::kExtra];
  if (!(offset >= 0 && offset < static_cast<double>(AddonState::kStageIn))) {
    return throwRange(env, "offset must be within the stage");
  }
  if (waitMs != waitMs) return throwType(env, "waitMs must be a number");
  const auto at = static_cast<size_t>(offset);
  iovec iov{state->stage() + AddonState::kStageOut + at, AddonState::kStageIn - at};
  registers[AddonState::kResult] = receiveInto(env, state, fd, &iov, waitMs);
  return nullptr;
}

napi_value pollFd(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  int fd;
  int64_t asked;
  double timeoutMs;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getInt(env, argv[1], &asked, "events must be a number") ||
      !getDouble(env, argv[2], &timeoutMs, "timeoutMs must be a number")) {
    return nullptr;
  }
  if (asked < 0 || asked > 3) return throwRange(env, "events must be READABLE, WRITABLE, both or 0");
  pollfd entry = pollEntry(fd, static_cast<int>(asked));
  const int rc = pollInSlices(env, &entry, 1, timeoutMs);
  if (rc <= 0) return number(env, rc);
  if (entry.revents & POLLNVAL) return number(env, -EBADF);
  return number(env, readyBits(entry, static_cast<int>(asked)));
}

napi_value pollFds(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  double timeoutMs;
  napi_typedarray_type type;
  size_t length;
  void* data;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getDouble(env, argv[1], &timeoutMs, "timeoutMs must be a number")) return nullptr;
  if (napi_get_typedarray_info(env, argv[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array || length % 3 != 0 || length > 3 * kPollSet) {
    return throwType(env, "set must be an Int32Array of up to 64 triples");
  }
  auto* triples = static_cast<int32_t*>(data);
  const size_t count = length / 3;
  pollfd entries[kPollSet];
  for (size_t i = 0; i < count; ++i) {
    const int asked = triples[3 * i + 1];
    if (asked < 0 || asked > 3) return throwRange(env, "events must be READABLE, WRITABLE, both or 0");
    // A negative descriptor is passed over by poll(2), which otherwise reports hang-ups unasked.
    entries[i] = pollEntry(asked == 0 ? -1 : triples[3 * i], asked);
    triples[3 * i + 2] = 0;
  }
  const int rc = pollInSlices(env, entries, count, timeoutMs);
  if (rc <= 0) return number(env, rc);
  for (size_t i = 0; i < count; ++i) {
    if (entries[i].revents & POLLNVAL) return number(env, -EBADF);
  }
  for (size_t i = 0; i < count; ++i) triples[3 * i + 2] = readyBits(entries[i], triples[3 * i + 1]);
  return number(env, rc);
}

}  // namespace flow_ipc
