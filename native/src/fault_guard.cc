// The SIGBUS and SIGSEGV handlers, and the ranges they look after.
#include "fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace flow_ipc {

// Only atomics, and never freed: the handlers may look at it at any moment. A range of length 0 is free to be reused.
struct Range {
  std::atomic<uintptr_t> start{0};
  std::atomic<size_t> length{0};
  std::atomic<bool> faulted{false};
  // Whether the range is write-protected, or was until written() became true.
  std::atomic<bool> readOnly{false};
  std::atomic<bool> written{false};
  Range* next = nullptr;
};

namespace {

std::atomic<Range*> ranges{nullptr};
uintptr_t pageSize;

Range* find(uintptr_t address) {
  for (Range* range = ranges.load(std::memory_order_acquire); range != nullptr; range = range->next) {
    const uintptr_t start = range->start.load(std::memory_order_acquire);
    if (address - start < range->length.load(std::memory_order_acquire)) return range;
  }
  return nullptr;
}

// Both are async-signal-safe as the one system call they make. True: the touch may be tried again.
bool patch(uintptr_t address) {
  Range* range = find(address);
  if (range == nullptr) return false;
  void* page = reinterpret_cast<void*>(address & ~(pageSize - 1));
  if (mmap(page, pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) return false;
  range->faulted.store(true, std::memory_order_release);
  return true;
}

bool unprotect(uintptr_t address) {
  Range* range = find(address);
  if (range == nullptr || !range->readOnly.load(std::memory_order_acquire)) return false;
  // Before the protection goes: who finds it gone finds this set.
  range->written.store(true, std::memory_order_release);
  return mprotect(reinterpret_cast<void*>(range->start.load()), range->length.load(), PROT_READ | PROT_WRITE) == 0;
}

template <int kSignal, bool (*kRepair)(uintptr_t)>
struct Handler {
  static inline struct sigaction previous;
  static inline std::once_flag once;

  static void install() {
    std::call_once(once, [] {
      struct sigaction action {};
      action.sa_sigaction = handle;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
      sigemptyset(&action.sa_mask);
      sigaction(kSignal, &action, &previous);
    });
  }

  static void handle(int signal, siginfo_t* info, void* context) {
    if (info->si_code > 0 && kRepair(reinterpret_cast<uintptr_t>(info->si_addr))) return;
    if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
      previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
      previous.sa_handler(signal);
    } else {
      // What it would have done without us: the fault, or the signal, comes again at once.
      sigaction(kSignal, &previous, nullptr);
      if (info->si_code <= 0) raise(kSignal);
    }
  }
};

using Cut = Handler<SIGBUS, patch>;
using Write = Handler<SIGSEGV, unprotect>;

Range* acquire() {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  pageSize = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  Cut::install();
  for (Range* range = ranges.load(); range != nullptr; range = range->next) {
    uintptr_t free = 0;
    // 1 marks it taken until the constructor has filled it in.
    if (range->start.compare_exchange_strong(free, 1)) return range;
  }
  auto* range = new Range;
  range->start.store(1);
  range->next = ranges.load();
  ranges.store(range, std::memory_order_release);
  return range;
}

}  // namespace

FaultGuard::FaultGuard(const void* start, size_t length, bool readOnly) : range_(acquire()) {
  if (readOnly) Write::install();
  range_->faulted.store(false);
  range_->written.store(false);
  range_->readOnly.store(readOnly);
  range_->start.store(reinterpret_cast<uintptr_t>(start));
  range_->length.store(length, std::memory_order_release);
  if (readOnly) mprotect(const_cast<void*>(start), length, PROT_READ);
}

FaultGuard::~FaultGuard() {
  range_->length.store(0, std::memory_order_release);
  range_->start.store(0, std::memory_order_release);
}

bool FaultGuard::faulted() const { return range_->faulted.load(std::memory_order_acquire); }

bool FaultGuard::written() const { return range_->written.load(std::memory_order_acquire); }

void FaultGuard::refresh() const {
  void* start = reinterpret_cast<void*>(range_->start.load());
  const size_t length = range_->length.load();
  // Protected first: what is written in between is noticed.
  range_->written.store(false, std::memory_order_release);
  mprotect(start, length, PROT_READ);
  madvise(start, length, MADV_DONTNEED);
}

}  // namespace flow_ipc
