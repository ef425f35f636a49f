// What small messages and blocks need of arenas, without objects, views or arguments of Node-API: see staged_pool.cc.
#include "staged_arena.h"

#include <cerrno>
#include <cstring>

#include "addon_state.h"
#include "errors.h"
#include "jemalloc_borrower_object.h"
#include "jemalloc_object.h"
#include "registers.h"

namespace flow_ipc {
namespace {

// As in ts/staged-arena.ts.
enum Operation {
  kAllocate = 0,
  kFree = 1,
  kBegin = 2,
  kLend = 3,
  kStore = 4,
  kRelease = 5,
  // From here on of a peer's pools.
  kTake = 6,
  kFind = 7,
};

int64_t begin(OwnArena& arena, uint64_t capacity, double* out) {
  char* buffer;
  if (capacity == 0 || capacity % 8 != 0) return -EINVAL;
  const int64_t list = arena.lists()->create(capacity, &buffer);
  if (list < 0) return list;
  out[AddonState::kListOffset] = static_cast<double>(list);
  return static_cast<int64_t>(arena.addressOf(buffer));
}

int64_t lend(OwnArena& arena, uint64_t list, uint64_t used) {
  const int rc = arena.lists()->lend(list, &used, 1);
  if (rc == 0) arena.tellHandle(list);
  return rc;
}

int64_t store(OwnArena& arena, const uint8_t* bytes, uint64_t length) {
  const int64_t list = arena.lists()->store(bytes, length);
  if (list >= 0) arena.tellHandle(static_cast<uint64_t>(list));
  return list;
}

// The list that the registers name, when it has one segment: null with a code.
const BorrowedSegment* only(JemallocBorrower& pools, int64_t collection, int64_t pool, uint64_t offset, double* out,
                            int64_t* code) {
  // Anything that is no uint32 names no pool, which UINT32_MAX does not either.
  const auto id = [](int64_t value) {
    return value < 0 || value > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(value);
  };
  *code = pools.read(id(collection), id(pool), offset, UINT64_MAX);
  if (*code == 0 && pools.segments().size() != 1) *code = -EMSGSIZE;
  out[AddonState::kPoolId] = pools.missing();
  return *code == 0 ? &pools.segments()[0] : nullptr;
}

}  // namespace

napi_value arenaStaged(napi_env env, napi_callback_info info) {
  void* data;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  auto* state = static_cast<AddonState*>(data);
  double* out = state->out();
  const int64_t operation = wholeNumber(out[AddonState::kOperation], kFind);
  const int64_t place = wholeNumber(out[AddonState::kList], kMostExact);
  const int64_t size = wholeNumber(out[AddonState::kSize], kMostExact);
  const int64_t extra = wholeNumber(out[AddonState::kExtra], kMostExact);
  if (operation < 0) return throwRange(env, "a register is out of range");
  if (operation == kAllocate && size < 1) return throwRange(env, "bytes must be at least 1");
  int64_t result = -EBADF;
  if (operation >= kTake) {
    BorrowedPools* borrowed = state->borrowedPools->at(out[AddonState::kPool]);
    JemallocBorrower* pools = borrowed == nullptr ? nullptr : borrowed->pools();
    if (pools != nullptr && place < 0) {
      result = -EINVAL;
    } else if (pools != nullptr) {
      const BorrowedSegment* segment = only(*pools, size, extra, static_cast<uint64_t>(place), out, &result);
      if (segment != nullptr && operation == kTake && segment->length > AddonState::kListBytes) {
        result = -EMSGSIZE;
      } else if (segment != nullptr) {
        result = static_cast<int64_t>(segment->length);
        if (operation == kTake) std::memcpy(state->listBytes(), segment->data, segment->length);
        else out[AddonState::kListOffset] = static_cast<double>(segment->address);
      }
    }
    out[AddonState::kResult] = static_cast<double>(result);
    return nullptr;
  }
  OwnArena* arena = state->arenas->at(out[AddonState::kPool]);
  if (arena != nullptr && arena->lists() != nullptr) {
    const auto address = static_cast<uint64_t>(place);
    const auto bytes = static_cast<uint64_t>(size);
    if (place < 0 || size < 0) {
      result = -EINVAL;
    } else {
      switch (operation) {
        case kAllocate:
          result = arena->lists()->allocate(bytes);
          break;
        case kFree:
          result = arena->lists()->free(address);
          break;
        case kBegin:
          result = begin(*arena, bytes, out);
          break;
        case kLend:
          result = lend(*arena, address, bytes);
          break;
        case kStore:
          result = bytes > AddonState::kListBytes ? -EINVAL : store(*arena, state->listBytes(), bytes);
          break;
        default:
          result = arena->lists()->release(address);
      }
    }
    arena->tellPoolEvents();
  }
  out[AddonState::kResult] = static_cast<double>(result);
  return nullptr;
}

}  // namespace flow_ipc
