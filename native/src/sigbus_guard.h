// SigbusGuard: turns a touch of memory that its file no longer backs into a flag, where it would kill the process.
#pragma once

#include <cstddef>

namespace flow_ipc {

// Whoever may write a shared memory object may also cut it short while others have it mapped, and what they touch
// behind its end is SIGBUS. While a guard exists, its range gets pages of zeros there instead (private ones), and
// faulted() says that what was read since is not to be believed.
//
// The signal handler is installed for the process with the first guard. It passes on what is not its own.
class SigbusGuard {
 public:
  // The range is one of whole pages, as mapped.
  SigbusGuard(const void* start, size_t length);
  ~SigbusGuard();  // before the range is unmapped
  SigbusGuard(const SigbusGuard&) = delete;
  SigbusGuard& operator=(const SigbusGuard&) = delete;

  bool faulted() const;

 private:
  struct Range* range_;
};

}  // namespace flow_ipc
