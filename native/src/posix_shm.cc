// shm_open and friends.
#include "posix_shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "create_shm.h"
#include "external_view.h"
#include "mapping.h"

namespace flow_ipc {

bool getShmArgs(napi_env env, const napi_value* argv, std::string* name, size_t* size, int* mode) {
  int64_t wideSize;
  int64_t wideMode;
  if (!getString(env, argv[0], name, "name must be a string") ||
      !getInt(env, argv[1], &wideSize, "size must be a number") ||
      !getInt(env, argv[2], &wideMode, "mode must be a number")) {
    return false;
  }
  if (wideSize < 1 || wideSize > (int64_t{1} << 46) || wideMode < 0 || wideMode > 0777) {
    throwRange(env, "size must be from 1 to 2^46 and mode from 0 to 0o777");
    return false;
  }
  *size = static_cast<size_t>(wideSize);
  *mode = static_cast<int>(wideMode);
  return true;
}

napi_value shmCreate(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  std::string name;
  size_t size;
  int mode;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getShmArgs(env, argv, &name, &size, &mode)) return nullptr;
  const char* failed;
  const int fd = createShm(name, size, mode, &failed);
  return fd < 0 ? throwErrno(env, -fd, failed, name.c_str()) : number(env, fd);
}

napi_value shmOpen(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  std::string name;
  bool readOnly;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getString(env, argv[0], &name, "name must be a string") ||
      !getBool(env, argv[1], &readOnly, "readOnly must be a boolean")) {
    return nullptr;
  }
  const int fd = shm_open(('/' + name).c_str(), readOnly ? O_RDONLY : O_RDWR, 0);
  return fd < 0 ? throwErrno(env, errno, "shm_open", name.c_str()) : number(env, fd);
}

napi_value shmUnlink(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  std::string name;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getString(env, argv[0], &name, "name must be a string")) return nullptr;
  if (shm_unlink(('/' + name).c_str()) != 0) return throwErrno(env, errno, "shm_unlink", name.c_str());
  return nullptr;
}

napi_value mapFd(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value argv[4];
  int fd;
  int64_t offset;
  int64_t length;
  bool readOnly;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getFd(env, argv[0], &fd) || !getInt(env, argv[1], &offset, "offset must be a number") ||
      !getInt(env, argv[2], &length, "length must be a number") ||
      !getBool(env, argv[3], &readOnly, "readOnly must be a boolean")) {
    return nullptr;
  }
  struct stat file;
  if (fstat(fd, &file) != 0) return throwErrno(env, errno, "fstat");
  // Beyond the end of the file a touch is SIGBUS, so a length that does not fit is refused here.
  if (offset < 0 || length < 1 || offset > file.st_size || length > file.st_size - offset) {
    return throwRange(env, "offset and length must lie within the object");
  }
  const auto mapping = Mapping::map(fd, static_cast<size_t>(offset), static_cast<size_t>(length), readOnly);
  if (mapping == nullptr) return throwErrno(env, errno, "mmap");
  return makeView(env, mapping, mapping->data(), mapping->size());
}

}  // namespace flow_ipc
