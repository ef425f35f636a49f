// Owner counts, changed only where they make sense.
#include "shared_object.h"

#include <cerrno>
#include <cstring>

namespace flow_ipc {
namespace {

// A holder is { T object; atomic<unsigned> owners; }.
uint64_t countOffset(uint64_t size) { return (size + 3) & ~uint64_t{3}; }

}  // namespace

uint32_t* SharedObjects::count(uint64_t object, uint64_t size) {
  if (size == 0 || size > pool_.size()) return nullptr;
  const uint64_t holder = countOffset(size) + sizeof(uint32_t);
  // Without the lock: the header of a block that we have a share in does not change.
  if (!hasAllocatedHeader(pool_.blocks(), object, holder, true)) return nullptr;
  return reinterpret_cast<uint32_t*>(pool_.base() + object + countOffset(size));
}

int64_t SharedObjects::create(uint64_t size) {
  const uint64_t at = countOffset(size);
  const int64_t object = pool_.allocate(at + sizeof(uint32_t));
  if (object < 0) return object;
  std::memset(pool_.base() + object, 0, at);
  __atomic_store_n(reinterpret_cast<uint32_t*>(pool_.base() + object + at), 1, __ATOMIC_RELEASE);
  return object;
}

int SharedObjects::lend(uint64_t object, uint64_t size) {
  if (pool_.readOnly()) return -EROFS;
  uint32_t* owners = count(object, size);
  if (owners == nullptr) return -EINVAL;
  uint32_t now = __atomic_load_n(owners, __ATOMIC_RELAXED);
  do {
    if (now == 0 || now == UINT32_MAX) return -EINVAL;
  } while (!__atomic_compare_exchange_n(owners, &now, now + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return 0;
}

int SharedObjects::check(uint64_t object, uint64_t size) { return owners(object, size) > 0 ? 0 : -EINVAL; }

int64_t SharedObjects::owners(uint64_t object, uint64_t size) {
  const uint32_t* owners = count(object, size);
  return owners == nullptr ? -EINVAL : static_cast<int64_t>(__atomic_load_n(owners, __ATOMIC_ACQUIRE));
}

int64_t SharedObjects::drop(uint64_t object, uint64_t size) {
  if (pool_.readOnly()) return -EROFS;
  uint32_t* owners = count(object, size);
  if (owners == nullptr) return -EINVAL;
  uint32_t now = __atomic_load_n(owners, __ATOMIC_RELAXED);
  do {
    if (now == 0) return -EINVAL;
  } while (!__atomic_compare_exchange_n(owners, &now, now - 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return now - 1;
}

}  // namespace flow_ipc
