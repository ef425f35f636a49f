// Backing: which parts of a sparse shared-memory file have pages, so that touching them can never be SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flow_ipc {

// One byte a chunk of 64 KiB, 1 when all its pages are known to be there. Pages never go away again, so what is known
// stays true; what is not known costs a system call to find out, once a chunk.
class Backing {
 public:
  static constexpr unsigned kChunkShift = 16;
  static constexpr uint64_t kChunk = uint64_t{1} << kChunkShift;

  // Takes no ownership of `fd`. `committed`: all pages are there.
  Backing(int fd, uint64_t size, bool committed);

  // Has pages made for [offset, offset + bytes), which must lie in the file. 0 or -ENOSPC.
  int reserve(uint64_t offset, uint64_t bytes);
  // Whether [offset, offset + bytes) can be read: false when somebody's pointer leads into a hole.
  bool readable(uint64_t offset, uint64_t bytes) { return known(offset, bytes) || readableSlow(offset, bytes); }
  // The same for bytes that somebody may have allocated and not written yet: false only when there are no pages to be had.
  bool usable(uint64_t offset, uint64_t bytes) {
    return readable(offset, bytes) || roomy() || reserve(offset, bytes) == 0;
  }
  // Whether the file system could make pages for all of the file twice over: then large blocks need not be reserved.
  bool roomy() const;
  // Whether it has pages for what of [offset, offset + bytes) is still a hole.
  bool canBack(uint64_t offset, uint64_t bytes) const;

  // The table, for readers elsewhere. It lives as long as somebody holds it.
  const std::shared_ptr<uint8_t>& table() const { return known_; }
  size_t chunks() const { return chunks_; }

 private:
  bool known(uint64_t offset, uint64_t bytes) const {
    const uint64_t last = (offset + bytes - 1) >> kChunkShift;
    for (uint64_t chunk = offset >> kChunkShift; chunk <= last; ++chunk) {
      if (!isKnown(chunk)) return false;
    }
    return true;
  }
  // Others look without a lock, scripts too: each byte goes from 0 to 1, once.
  bool isKnown(uint64_t chunk) const { return __atomic_load_n(known_.get() + chunk, __ATOMIC_RELAXED) != 0; }
  void noteKnown(uint64_t chunk) { __atomic_store_n(known_.get() + chunk, 1, __ATOMIC_RELAXED); }
  bool readableSlow(uint64_t offset, uint64_t bytes);
  bool isData(uint64_t offset, uint64_t end) const;
  int makePages(uint64_t offset, uint64_t end) const;

  int fd_;
  uint64_t size_;
  size_t chunks_;
  std::shared_ptr<uint8_t> known_;
};

}  // namespace flow_ipc
