// fallocate, SEEK_DATA and statvfs behind the table.
#include "backing.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace flow_ipc {
namespace {

constexpr uint64_t kPage = 4096;
// A signal interrupts fallocate, which then undoes all it did: pieces keep a profiler's ticks from starving it.
constexpr uint64_t kPiece = 64 * 1024 * 1024;

}  // namespace

Backing::Backing(int fd, uint64_t size, bool committed)
    : fd_(fd), size_(size), chunks_(static_cast<size_t>((size + kChunk - 1) >> kChunkShift)) {
  // Zeroed by the kernel as it is touched: the table of a pool of terabytes costs what is used of it.
  auto* table = static_cast<uint8_t*>(std::calloc(chunks_, 1));
  if (table == nullptr) throw std::bad_alloc();
  if (committed) std::memset(table, 1, chunks_);
  known_.reset(table, std::free);
}

int Backing::makePages(uint64_t offset, uint64_t end) const {
  for (uint64_t at = offset; at < end; at += kPiece) {
    const auto length = static_cast<off_t>(std::min(kPiece, end - at));
    while (fallocate(fd_, 0, static_cast<off_t>(at), length) != 0) {
      // Not on tmpfs: a file system that cannot reserve leaves us where we were without this.
      if (errno == EOPNOTSUPP) return 0;
      if (errno != EINTR) return -ENOSPC;
    }
  }
  return 0;
}

int Backing::reserve(uint64_t offset, uint64_t bytes) {
  const uint64_t end = offset + bytes;
  const uint64_t last = (end - 1) >> kChunkShift;
  for (uint64_t chunk = offset >> kChunkShift; chunk <= last; ++chunk) {
    if (isKnown(chunk)) continue;
    uint64_t stop = chunk + 1;
    while (stop <= last && !isKnown(stop)) ++stop;
    if (makePages(chunk << kChunkShift, std::min(stop << kChunkShift, size_)) != 0) {
      // Whole chunks cannot be had any more; the very pages may.
      const uint64_t from = std::max(offset, chunk << kChunkShift) & ~(kPage - 1);
      if (makePages(from, std::min(end, stop << kChunkShift)) != 0) return -ENOSPC;
    } else {
      for (uint64_t made = chunk; made < stop; ++made) noteKnown(made);
    }
    chunk = stop - 1;
  }
  return 0;
}

// Whether all pages of [offset, end) are data. Page by page: looking for the next hole would walk all data up to it.
bool Backing::isData(uint64_t offset, uint64_t end) const {
  if (end - offset > kChunk) {
    const auto at = static_cast<off_t>(offset);
    if (lseek(fd_, at, SEEK_DATA) != at) return false;
    const off_t hole = lseek(fd_, at, SEEK_HOLE);
    return hole < 0 || static_cast<uint64_t>(hole) >= end;
  }
  for (uint64_t page = offset & ~(kPage - 1); page < end; page += kPage) {
    if (lseek(fd_, static_cast<off_t>(page), SEEK_DATA) != static_cast<off_t>(page)) return false;
  }
  return true;
}

bool Backing::readableSlow(uint64_t offset, uint64_t bytes) {
  // What somebody wrote is data. What nobody wrote holds nothing that a pointer could lead to.
  if (!isData(offset, offset + bytes)) return false;
  // Next time there is nothing to ask; without the right, or the room, to make pages only where all is data already.
  if (reserve(offset, bytes) == 0) return true;
  for (uint64_t chunk = offset >> kChunkShift; chunk <= (offset + bytes - 1) >> kChunkShift; ++chunk) {
    if (isData(chunk << kChunkShift, std::min((chunk + 1) << kChunkShift, size_))) noteKnown(chunk);
  }
  return true;
}

bool Backing::roomy() const {
  struct statvfs fs;
  if (fstatvfs(fd_, &fs) != 0 || fs.f_blocks == 0) return true;  // 0 blocks: a tmpfs without limit
  return static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize / 2 >= size_;
}

bool Backing::canBack(uint64_t offset, uint64_t bytes) const {
  struct statvfs fs;
  if (fstatvfs(fd_, &fs) != 0 || fs.f_blocks == 0) return true;
  const uint64_t available = static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
  if (bytes <= available) return true;
  // Pages that earlier blocks at this place have left behind need not be had again.
  uint64_t holes = 0;
  const auto end = static_cast<off_t>(offset + bytes);
  for (auto at = static_cast<off_t>(offset); at < end && holes <= available;) {
    off_t data = lseek(fd_, at, SEEK_DATA);
    if (data < 0 || data > end) data = end;
    holes += static_cast<uint64_t>(data - at);
    if (data == end) break;
    at = lseek(fd_, data, SEEK_HOLE);
    if (at < 0) break;
  }
  return holes <= available;
}

}  // namespace flow_ipc
