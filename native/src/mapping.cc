// mmap and munmap.
#include "mapping.h"

#include <sys/mman.h>
#include <unistd.h>

namespace flow_ipc {

std::shared_ptr<Mapping> Mapping::map(int fd, size_t offset, size_t length, bool readOnly) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t lead = offset % page;
  // Read-only means private but writable: a stray write from JavaScript gets a page of its own instead of
  // killing the process, and never reaches the owner.
  const int flags = (readOnly ? MAP_PRIVATE : MAP_SHARED) | MAP_NORESERVE;
  void* start = mmap(nullptr, length + lead, PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(offset - lead));
  if (start == MAP_FAILED) return nullptr;
  return std::shared_ptr<Mapping>(new Mapping(start, length + lead, static_cast<char*>(start) + lead, length));
}

Mapping::~Mapping() {
  munmap(start_, mapped_);
  closeFd();
}

void Mapping::closeFd() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace flow_ipc
