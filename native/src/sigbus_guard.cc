// The SIGBUS handler and the ranges it looks after.
#include "sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace flow_ipc {

// Only atomics, and never freed: the handler may look at it at any moment. A range of length 0 is free to be reused.
struct Range {
  std::atomic<uintptr_t> start{0};
  std::atomic<size_t> length{0};
  std::atomic<bool> faulted{false};
  Range* next = nullptr;
};

namespace {

std::atomic<Range*> ranges{nullptr};
std::atomic<bool> installed{false};
struct sigaction previous;
uintptr_t pageSize;

// Async-signal-safe as the one system call it makes.
bool patch(uintptr_t address) {
  for (Range* range = ranges.load(std::memory_order_acquire); range != nullptr; range = range->next) {
    const uintptr_t start = range->start.load(std::memory_order_acquire);
    if (address - start >= range->length.load(std::memory_order_acquire)) continue;
    void* page = reinterpret_cast<void*>(address & ~(pageSize - 1));
    if (mmap(page, pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) return false;
    range->faulted.store(true, std::memory_order_release);
    return true;
  }
  return false;
}

void onSigbus(int signal, siginfo_t* info, void* context) {
  if (info->si_code > 0 && patch(reinterpret_cast<uintptr_t>(info->si_addr))) return;
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // What it would have done without us: the fault, or the signal, comes again at once.
    sigaction(SIGBUS, &previous, nullptr);
    if (info->si_code <= 0) raise(SIGBUS);
  }
}

Range* acquire() {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!installed.load()) {
    pageSize = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = onSigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
    installed.store(true);
  }
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

SigbusGuard::SigbusGuard(const void* start, size_t length) : range_(acquire()) {
  range_->faulted.store(false);
  range_->start.store(reinterpret_cast<uintptr_t>(start));
  range_->length.store(length, std::memory_order_release);
}

SigbusGuard::~SigbusGuard() {
  range_->length.store(0, std::memory_order_release);
  range_->start.store(0, std::memory_order_release);
}

bool SigbusGuard::faulted() const { return range_->faulted.load(std::memory_order_acquire); }

}  // namespace flow_ipc
