// shm_open with exactly the mode that was asked for.
#include "create_shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace flow_ipc {

int createShm(const std::string& name, size_t size, int mode, const char** failed) {
  const std::string path = '/' + name;
  *failed = "shm_open";
  const int fd = shm_open(path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return -errno;
  // fchmod, because the mode given to shm_open passes through the umask. Size before mode: who may open it at
  // last finds it complete in length.
  *failed = "ftruncate";
  int rc = ftruncate(fd, static_cast<off_t>(size));
  if (rc == 0) {
    *failed = "fchmod";
    rc = fchmod(fd, static_cast<mode_t>(mode));
  }
  if (rc == 0) return fd;
  const int err = errno;
  close(fd);
  shm_unlink(path.c_str());
  return -err;
}

}  // namespace flow_ipc
