// The set of owned descriptors.
#include "owned_fds.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "pinger.h"

namespace flow_ipc {

OwnedFds::~OwnedFds() {
  for (size_t fd = 0; fd < owned_.size(); ++fd) {
    if (!owned_[fd]) continue;
    Pinger::remove(static_cast<int>(fd));
    close(static_cast<int>(fd));
  }
}

void OwnedFds::add(int fd) {
  const auto at = static_cast<size_t>(fd);
  if (at >= owned_.size()) owned_.resize(std::max(at + 1, owned_.size() * 2));
  owned_[at] = true;
}

bool OwnedFds::remove(int fd) {
  const auto at = static_cast<size_t>(fd);
  if (at >= owned_.size() || !owned_[at]) return false;
  owned_[at] = false;
  return true;
}

}  // namespace flow_ipc
