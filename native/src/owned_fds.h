// Descriptors that scripts of one environment own: what the end of a worker closes, since no script runs then.
#pragma once

#include <vector>

namespace flow_ipc {

class OwnedFds {
 public:
  OwnedFds() = default;
  ~OwnedFds();
  OwnedFds(const OwnedFds&) = delete;
  OwnedFds& operator=(const OwnedFds&) = delete;

  void add(int fd);
  // False when it was not in there.
  bool remove(int fd);

 private:
  // By number. Descriptors are small and dense, so this stays a few bytes, and nothing is allocated per descriptor.
  std::vector<bool> owned_;
};

}  // namespace flow_ipc
