// Mapping: a piece of memory mapped from a descriptor, unmapped when its last user lets go.
#pragma once

#include <cstddef>
#include <memory>

namespace flow_ipc {

class Mapping {
 public:
  // Maps [offset, offset + length) of `fd`; offset need not be page-aligned. Takes no ownership of `fd`.
  // Null with errno set on failure.
  static std::shared_ptr<Mapping> map(int fd, size_t offset, size_t length, bool readOnly);
  ~Mapping();

  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return data_; }
  size_t size() const { return size_; }
  // The descriptor, when the mapping was told to keep a copy; else -1.
  int fd() const { return fd_; }
  void adoptFd(int fd) { fd_ = fd; }
  // Of whoever needs it no longer, while views keep the memory.
  void closeFd();

 private:
  Mapping(void* start, size_t mapped, char* data, size_t size)
      : start_(start), mapped_(mapped), data_(data), size_(size) {}

  void* start_;
  size_t mapped_;
  char* data_;
  size_t size_;
  int fd_ = -1;
};

}  // namespace flow_ipc
