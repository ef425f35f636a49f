// The waiting methods of Pool: locks and futexes in shared memory as seen from JavaScript.
#include <climits>
#include <cmath>

#include "args.h"
#include "pool.h"
#include "sliced_wait.h"
#include "waiting_thread.h"

namespace flow_ipc {
namespace {

// Threads that wait for somebody who no longer asks are gone after so long.
constexpr double kLongestWaitMs = 1000;

int64_t nanoseconds(double ms) { return ms <= 0 ? 0 : static_cast<int64_t>(std::fmin(ms, kLongestWaitMs) * 1e6); }

}  // namespace

// The place named by the first argument; false with an exception pending.
bool Pool::getPlace(const Napi::CallbackInfo& info, uint64_t alignment, uint64_t* place) {
  const Napi::Env env = info.Env();
  int64_t offset;
  if (!getInt(env, info[0], &offset, "offset must be a number")) return false;
  if (memory_ == nullptr || memory_->readOnly()) {
    throwType(env, memory_ == nullptr ? "the pool is closed" : "the pool is read-only");
    return false;
  }
  if (offset < static_cast<int64_t>(memory_->firstUserOffset()) || static_cast<uint64_t>(offset) % alignment != 0 ||
      !memory_->contains(static_cast<uint64_t>(offset), alignment)) {
    throwRange(env, "offset must be a multiple of the word's size within the pool's blocks");
    return false;
  }
  *place = static_cast<uint64_t>(offset);
  return true;
}

uint64_t* Pool::lockWord(uint64_t place) { return reinterpret_cast<uint64_t*>(memory_->base() + place); }

Napi::Value Pool::tookLock(uint64_t place, Taken taken) {
  if (taken != Taken::kNo) held_.insert(place);
  return result(static_cast<int>(taken));
}

Napi::Value Pool::lockTry(const Napi::CallbackInfo& info) {
  uint64_t place;
  bool waited;
  if (!getPlace(info, sizeof(uint64_t), &place) ||
      !getBool(info.Env(), info[1], &waited, "waited must be a boolean")) {
    return Napi::Value();
  }
  return tookLock(place, FutexLock(lockWord(place)).tryTake(waited, waited));
}

Napi::Value Pool::lockTake(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t place;
  double timeoutMs;
  if (!getPlace(info, sizeof(uint64_t), &place) ||
      !getDouble(env, info[1], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  FutexLock lock(lockWord(place));
  Taken taken = lock.tryTake(false, false);
  if (taken == Taken::kNo) {
    waitInSlices(env, timeoutMs, [&](int64_t slice) {
      lock.await(slice);
      taken = lock.tryTake(true, true);
      return static_cast<int>(taken);
    });
  }
  return tookLock(place, taken);
}

Napi::Value Pool::lockRelease(const Napi::CallbackInfo& info) {
  uint64_t place;
  if (!getPlace(info, sizeof(uint64_t), &place)) return Napi::Value();
  // Ours, and not another environment's of this process.
  const bool ours = held_.erase(place) != 0 && FutexLock(lockWord(place)).release();
  return Napi::Boolean::New(info.Env(), ours);
}

Napi::Value Pool::lockAwait(const Napi::CallbackInfo& info) {
  uint64_t place;
  double timeoutMs;
  if (!getPlace(info, sizeof(uint64_t), &place) ||
      !getDouble(info.Env(), info[1], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  return result(waitOnThread([mapping = memory_->mapping(), word = lockWord(place), ns = nanoseconds(timeoutMs)] {
    FutexLock(word).await(ns);
  }));
}

Napi::Value Pool::futexWait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t place;
  int64_t expected;
  double timeoutMs;
  if (!getPlace(info, sizeof(uint32_t), &place) ||
      !getInt(env, info[1], &expected, "expected must be a number") ||
      !getDouble(env, info[2], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  auto* word = reinterpret_cast<uint32_t*>(memory_->base() + place);
  const int rc = waitInSlices(env, timeoutMs, [&](int64_t slice) {
    const int waited = flow_ipc::futexWait(word, static_cast<uint32_t>(expected), slice);
    return waited == 0 ? 1 : waited == -ETIMEDOUT ? 0 : waited;
  });
  return Napi::Boolean::New(env, rc > 0);
}

Napi::Value Pool::futexAwait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t place;
  int64_t expected;
  double timeoutMs;
  if (!getPlace(info, sizeof(uint32_t), &place) ||
      !getInt(env, info[1], &expected, "expected must be a number") ||
      !getDouble(env, info[2], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  return result(waitOnThread([mapping = memory_->mapping(), word = reinterpret_cast<uint32_t*>(memory_->base() + place),
                              value = static_cast<uint32_t>(expected), ns = nanoseconds(timeoutMs)] {
    flow_ipc::futexWait(word, value, ns);
  }));
}

Napi::Value Pool::futexWake(const Napi::CallbackInfo& info) {
  uint64_t place;
  int64_t count;
  if (!getPlace(info, sizeof(uint32_t), &place) || !getInt(info.Env(), info[1], &count, "count must be a number")) {
    return Napi::Value();
  }
  const int most = count > INT_MAX ? INT_MAX : count < 0 ? 0 : static_cast<int>(count);
  return result(flow_ipc::futexWake(reinterpret_cast<uint32_t*>(memory_->base() + place), most));
}

// What this environment holds when it lets the pool go would be held for ever: its process may live on.
void Pool::abandonLocks() {
  for (const uint64_t place : held_) FutexLock(lockWord(place)).abandon();
  held_.clear();
}

}  // namespace flow_ipc
