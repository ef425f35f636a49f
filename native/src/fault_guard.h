// FaultGuard: survives touches of foreign memory that would kill the process, and tells of them.
#pragma once

#include <cstddef>

namespace flow_ipc {

// Two things can go wrong with memory that another process owns:
//
// * Whoever may write a shared memory object may also cut it short while others have it mapped, and what they touch
//   behind its end is SIGBUS. While a guard exists, its range gets pages of zeros there instead (private ones), and
//   faulted() says that what was read since is not to be believed.
// * Who borrows it may write to it by mistake, into a private mapping, where each page that is written to stops
//   following its owner. A guard made with `readOnly` has the range write-protected until something is written, which
//   is SIGSEGV once. From then on the range can be written, and written() says so; refresh() undoes it all.
//
// The signal handlers are installed for the process with the first guard that needs them. They pass on what is not
// their own.
class FaultGuard {
 public:
  // The range is one of whole pages, as mapped; privately, if it is to be read-only.
  FaultGuard(const void* start, size_t length, bool readOnly = false);
  ~FaultGuard();  // before the range is unmapped
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

  bool faulted() const;
  bool written() const;
  // Drops what was written: every page is its owner's again, and protected.
  void refresh() const;

 private:
  struct Range* range_;
};

}  // namespace flow_ipc
