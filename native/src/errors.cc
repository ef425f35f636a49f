// Building of JavaScript errors from errno values.
#include "errors.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace flow_ipc {
namespace {

struct ErrnoName {
  int value;
  const char* name;
};

// Only what the calls in this addon can return; strerrorname_np() would tie us to a newer glibc.
constexpr ErrnoName kNames[] = {
    {EACCES, "EACCES"},       {EADDRINUSE, "EADDRINUSE"},     {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
    {EAGAIN, "EAGAIN"},       {EBADF, "EBADF"},               {EBADMSG, "EBADMSG"},
    {EBUSY, "EBUSY"},         {ECONNABORTED, "ECONNABORTED"}, {ECONNREFUSED, "ECONNREFUSED"},
    {ECONNRESET, "ECONNRESET"}, {EDEADLK, "EDEADLK"},         {EDQUOT, "EDQUOT"},
    {EEXIST, "EEXIST"},       {EFAULT, "EFAULT"},             {EFBIG, "EFBIG"},
    {EINTR, "EINTR"},         {EINVAL, "EINVAL"},             {EIO, "EIO"},
    {EISCONN, "EISCONN"},     {EISDIR, "EISDIR"},             {ELOOP, "ELOOP"},
    {EMFILE, "EMFILE"},       {EMSGSIZE, "EMSGSIZE"},         {ENAMETOOLONG, "ENAMETOOLONG"},
    {ENFILE, "ENFILE"},       {ENOBUFS, "ENOBUFS"},           {ENODEV, "ENODEV"},
    {ENOENT, "ENOENT"},       {ENOMEM, "ENOMEM"},             {ENOSPC, "ENOSPC"},
    {ENOSYS, "ENOSYS"},       {ENOTCONN, "ENOTCONN"},         {ENOTDIR, "ENOTDIR"},
    {ENOTRECOVERABLE, "ENOTRECOVERABLE"},                     {ENOTSOCK, "ENOTSOCK"},
    {ENOTSUP, "ENOTSUP"},     {ENXIO, "ENXIO"},               {EOVERFLOW, "EOVERFLOW"},
    {EOWNERDEAD, "EOWNERDEAD"}, {EPERM, "EPERM"},             {EPIPE, "EPIPE"},
    {EPROTOTYPE, "EPROTOTYPE"}, {ERANGE, "ERANGE"},           {EROFS, "EROFS"},
    {ESRCH, "ESRCH"},         {ETIMEDOUT, "ETIMEDOUT"},       {ETXTBSY, "ETXTBSY"},
};

void setString(napi_env env, napi_value object, const char* key, const char* text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) {
    napi_set_named_property(env, object, key, value);
  }
}

}  // namespace

const char* errnoName(int err) {
  for (const ErrnoName& entry : kNames) {
    if (entry.value == err) return entry.name;
  }
  return "UNKNOWN";
}

napi_value throwErrno(napi_env env, int err, const char* syscall, const char* detail) {
  const char* code = errnoName(err);
  char buffer[128];
  // GNU strerror_r: returns the text, thread-safe.
  std::string text = std::string(syscall) + ' ' + code + ": " + strerror_r(err, buffer, sizeof buffer);
  if (detail != nullptr) text += std::string(" '") + detail + '\'';

  napi_value message;
  napi_value error;
  napi_value number;
  if (napi_create_string_utf8(env, text.c_str(), text.size(), &message) != napi_ok ||
      napi_create_error(env, nullptr, message, &error) != napi_ok) {
    return nullptr;
  }
  setString(env, error, "code", code);
  setString(env, error, "syscall", syscall);
  if (napi_create_int32(env, err, &number) == napi_ok) napi_set_named_property(env, error, "errno", number);
  napi_throw(env, error);
  return nullptr;
}

napi_value throwType(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return nullptr;
}

napi_value throwRange(napi_env env, const char* message) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
  return nullptr;
}

}  // namespace flow_ipc
