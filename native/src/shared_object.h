// Objects in a pool: bytes followed by an owner count, as the C++ library's construct<T>() makes them.
#pragma once

#include <cstdint>

#include "pool_memory.h"

namespace flow_ipc {

// An object is named by its offset, which is what its 8-byte handle holds. `size` is that of the bytes before the
// count: whoever borrows knows the type. Codes as PoolMemory's; -EINVAL: there is no such object.
class SharedObjects {
 public:
  explicit SharedObjects(PoolMemory& pool) : pool_(pool) {}

  // Zeroed; owner count 1. Offset or code.
  int64_t create(uint64_t size);
  // One owner more. 0 or code.
  int lend(uint64_t object, uint64_t size);
  // Whether it can be borrowed: nothing changes, as the lender counted for the borrower. 0 or -EINVAL.
  int check(uint64_t object, uint64_t size);
  // One owner less: owners left, or a code. After the last one the object can be borrowed no more, and its block is
  // the caller's to free.
  int64_t drop(uint64_t object, uint64_t size);
  // Owners now, or -EINVAL.
  int64_t owners(uint64_t object, uint64_t size);

 private:
  // Null when `object` is not that of an allocated block of the right size.
  uint32_t* count(uint64_t object, uint64_t size);

  PoolMemory& pool_;
};

}  // namespace flow_ipc
