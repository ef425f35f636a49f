// What small messages and blocks need of arenas, without objects, views or arguments of Node-API: see staged_pool.cc.
#include "staged_arena.h"

#include <cerrno>
#include <cstring>

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

// The list that the registers name: what is read of it is in pools.segments(). 0, or a code.
int64_t read(JemallocBorrower& pools, const Registers& given) {
  // Anything that is no uint32 names no pool, which UINT32_MAX does not either.
  const auto id = [](int64_t value) {
    return value < 0 || value > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(value);
  };
  if (given.place < 0) return -EINVAL;
  const int rc = pools.read(id(given.size), id(given.extra), static_cast<uint64_t>(given.place), UINT64_MAX);
  given.out[AddonState::kPoolId] = pools.missing();
  return rc == 0 && pools.segments().size() != 1 ? -EMSGSIZE : rc;
}

int64_t takeOrFind(BorrowedPools* borrowed, const Registers& given) {
  if (borrowed == nullptr || borrowed->pools() == nullptr) return -EBADF;
  JemallocBorrower& pools = *borrowed->pools();
  if (const int64_t rc = read(pools, given); rc != 0) return rc;
  const BorrowedSegment& only = pools.segments()[0];
  if (given.operation == kFind) {
    given.out[AddonState::kListOffset] = static_cast<double>(only.address);
  } else {
    if (only.length > AddonState::kListBytes) return -EMSGSIZE;
    std::memcpy(given.state->listBytes(), only.data, only.length);
  }
  return static_cast<int64_t>(only.length);
}

int64_t onArena(OwnArena& arena, const Registers& given) {
  if (given.place < 0 || given.size < 0) return -EINVAL;
  const auto address = static_cast<uint64_t>(given.place);
  const auto bytes = static_cast<uint64_t>(given.size);
  switch (given.operation) {
    case kAllocate:
      return arena.lists()->allocate(bytes);
    case kFree:
      return arena.lists()->free(address);
    case kBegin:
      return begin(arena, bytes, given.out);
    case kLend:
      return lend(arena, address, bytes);
    case kStore:
      return bytes > AddonState::kListBytes ? -EINVAL : store(arena, given.state->listBytes(), bytes);
    default:
      return arena.lists()->release(address);
  }
}

}  // namespace

napi_value arenaStaged(napi_env env, napi_callback_info info) {
  const Registers given(env, info, kFind);
  if (given.operation < 0) return throwRange(env, "a register is out of range");
  if (given.operation == kAllocate && given.size < 1) return throwRange(env, "bytes must be at least 1");
  const double index = given.out[AddonState::kPool];
  if (given.operation >= kTake) return given.answer(takeOrFind(given.state->borrowedPools->at(index), given));
  OwnArena* arena = given.state->arenas->at(index);
  if (arena == nullptr || arena->lists() == nullptr) return given.answer(-EBADF);
  const int64_t result = onArena(*arena, given);
  arena->tellPoolEvents();
  return given.answer(result);
}

}  // namespace flow_ipc
