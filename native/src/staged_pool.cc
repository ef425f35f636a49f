// What small messages and blocks need of a pool, without objects, views or arguments of Node-API: these cost more than
// the work.
#include "staged_pool.h"

#include <cerrno>

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

int64_t find(SegmentLists& lists, uint64_t list, double* out) {
  if (const int rc = lists.read(list, UINT64_MAX); rc != 0) return rc;
  if (lists.segments().size() != 1) return -EMSGSIZE;
  const Segment& only = lists.segments()[0];
  out[AddonState::kListOffset] = static_cast<double>(only.data);
  return static_cast<int64_t>(only.used);
}

}  // namespace

napi_value poolStaged(napi_env env, napi_callback_info info) {
  const Registers given(env, info, kGiveBack);
  const int64_t size = given.size;
  if (given.operation < 0 || size < 0 || given.extra < 0 || given.extra > static_cast<int64_t>(AddonState::kListBytes)) {
    return throwRange(env, "a register is out of range");
  }
  if (given.operation == kAllocate && size < 1) return throwRange(env, "bytes must be at least 1");
  AddonState& state = *given.state;
  Pool* pool = state.pools->at(given.out[AddonState::kPool]);
  SegmentLists* lists = pool == nullptr ? nullptr : pool->lists();
  if (lists == nullptr) return given.answer(-EBADF);
  if (given.place < 0) return given.answer(-EINVAL);
  SpareLists& spares = *pool->spares();
  const auto place = static_cast<uint64_t>(given.place);
  const auto bytes = static_cast<uint64_t>(size);
  const auto length = static_cast<uint64_t>(given.extra);
  switch (given.operation) {
    case kBuild:
      return given.answer(build(spares, size, given.out));
    case kSend:
      return given.answer(lists->send(place, &bytes, 1, state.listBytes(), length));
    case kSendKeeping:
      return given.answer(spares.send(place, bytes, state.listBytes(), length));
    case kRetire:
      return given.answer(spares.retire(place));
    case kGiveBack:
      return given.answer(static_cast<int64_t>(spares.giveBack()));
    case kTake:
      return given.answer(lists->take(place, state.listBytes(), AddonState::kListBytes));
    case kFind:
      return given.answer(find(*lists, place, given.out));
    case kRelease:
      return given.answer(lists->release(place));
    case kAllocate:
      return given.answer(pool->memory()->allocate(bytes));
    default:
      return given.answer(pool->memory()->free(place));
  }
}

}  // namespace flow_ipc
