// YieldFirst: lets others run a few times, and looks, before a thread goes to sleep.
#pragma once

#include <sched.h>

#include <cstdint>

#include "sliced_wait.h"

namespace flow_ipc {

// Going to sleep and being woken costs each side of a round trip more than anything else in it. Where the peer waits for
// this very processor, sched_yield() lets it run and answer at once; where it runs on another, its answer is there
// within a few looks. So both stay awake while messages go back and forth quickly, and sleep otherwise.
//
// Two rules keep that from doing harm:
//
// * Looks that found nothing twice running are given up for the next waits, longer each time: who waits for slow answers
//   pays for few of them.
// * A processor that is shared with somebody busy is gone for a whole time slice once it is yielded. After that has
//   happened there are no looks for a thousand times as long: it costs a thousandth at most.
class YieldFirst {
 public:
  // `look` returns -EAGAIN while there is nothing. Its last result.
  template <typename Look>
  auto operator()(Look look) -> decltype(look()) {
    if (skip_ > 0) {
      --skip_;
      return -EAGAIN;
    }
    decltype(look()) found = -EAGAIN;
    if (likelyThere_ || ++waits_ % kSample == 0) {
      found = look();
      likelyThere_ = found != -EAGAIN;
      if (likelyThere_) return found;
    }
    const int64_t begun = monotonicNs();
    if (begun < notBefore_) return -EAGAIN;
    for (int i = 0; i < kLooks; ++i) {
      sched_yield();
      found = look();
      const int64_t took = monotonicNs() - begun;
      if (took > kStolenNs) {
        notBefore_ = begun + 1001 * took;
        return found;
      }
      if (found == -EAGAIN) continue;
      failures_ = 0;
      return found;
    }
    if (++failures_ >= kPatience) skip_ = 1u << (failures_ < kMostFailures ? failures_ : kMostFailures);
    return -EAGAIN;
  }

 private:
  static constexpr int kLooks = 16;
  // A look before the first yield is mostly in vain where answers are waited for: one wait in so many tries.
  static constexpr uint32_t kSample = 16;
  static constexpr uint32_t kPatience = 2;
  static constexpr uint32_t kMostFailures = 10;
  // Shorter than the scheduler's slices, far longer than so many looks.
  static constexpr int64_t kStolenNs = 1'000'000;

  // Whether something was there already when a wait began, as of the last time that was looked at.
  bool likelyThere_ = true;
  uint32_t waits_ = 0;
  int64_t notBefore_ = 0;
  uint32_t failures_ = 0;
  uint32_t skip_ = 0;
};

}  // namespace flow_ipc
