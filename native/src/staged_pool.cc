// What small messages and blocks need of a pool, without objects, views or arguments of Node-API: these cost more than
// the work.
#include "staged_pool.h"

#include <cerrno>
#include <cstring>

#include "addon_state.h"
#include "errors.h"
#include "pool.h"
#include "registers.h"

namespace flow_ipc {
namespace {

// As in ts/staged-pool.ts.
enum Operation {
  kBuild = 0,
  kSend = 1,
  kTake = 2,
  kFind = 3,
  kRelease = 4,
  kAllocate = 5,
  kFree = 6,
  kSendKeeping = 7,
  kRetire = 8,
  kGiveBack = 9,
};

int64_t build(SpareLists& lists, int64_t capacity, double* out) {
  uint64_t buffer = 0;
  if (capacity <= 0 || capacity % 8 != 0) return -EINVAL;
  const int64_t list = lists.build(static_cast<uint64_t>(capacity), &buffer);
  if (list < 0) return list;
  out[AddonState::kListOffset] = static_cast<double>(list);
  return static_cast<int64_t>(buffer);
}

int64_t send(SegmentLists& lists, uint64_t list, uint64_t used, AddonState& state, uint64_t length) {
  return lists.send(list, &used, 1, state.listBytes(), length);
}

int64_t find(SegmentLists& lists, uint64_t list, double* out) {
  if (const int rc = lists.read(list, UINT64_MAX); rc != 0) return rc;
  if (lists.segments().size() != 1) return -EMSGSIZE;
  const Segment& only = lists.segments()[0];
  out[AddonState::kListOffset] = static_cast<double>(only.data);
  return static_cast<int64_t>(only.used);
}

}  // namespace

napi_value poolStaged(napi_env env, napi_callback_info info) {
  void* data;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  auto* state = static_cast<AddonState*>(data);
  double* out = state->out();
  const int64_t operation = wholeNumber(out[AddonState::kOperation], kGiveBack);
  const int64_t list = wholeNumber(out[AddonState::kList], kMostExact);
  const int64_t size = wholeNumber(out[AddonState::kSize], kMostExact);
  const int64_t length = wholeNumber(out[AddonState::kExtra], static_cast<double>(AddonState::kListBytes));
  if (operation < 0 || size < 0 || length < 0) return throwRange(env, "a register is out of range");
  if (operation == kAllocate && size < 1) return throwRange(env, "bytes must be at least 1");
  Pool* pool = state->pools->at(out[AddonState::kPool]);
  SegmentLists* lists = pool == nullptr ? nullptr : pool->lists();
  int64_t result = -EBADF;
  if (lists != nullptr && list < 0) {
    result = -EINVAL;
  } else if (lists != nullptr) {
    const auto offset = static_cast<uint64_t>(list);
    switch (operation) {
      case kBuild:
        result = build(*pool->spares(), size, out);
        break;
      case kSendKeeping:
        result = pool->spares()->send(offset, static_cast<uint64_t>(size), state->listBytes(), static_cast<uint64_t>(length));
        break;
      case kRetire:
        result = pool->spares()->retire(offset);
        break;
      case kGiveBack:
        result = static_cast<int64_t>(pool->spares()->giveBack());
        break;
      case kSend:
        result = send(*lists, offset, static_cast<uint64_t>(size), *state, static_cast<uint64_t>(length));
        break;
      case kTake:
        result = lists->take(offset, state->listBytes(), AddonState::kListBytes);
        break;
      case kFind:
        result = find(*lists, offset, out);
        break;
      case kRelease:
        result = lists->release(offset);
        break;
      case kAllocate:
        result = pool->memory()->allocate(static_cast<uint64_t>(size));
        break;
      default:
        result = pool->memory()->free(offset);
    }
  }
  out[AddonState::kResult] = static_cast<double>(result);
  return nullptr;
}

}  // namespace flow_ipc
