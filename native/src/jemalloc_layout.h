// What SHM-jemalloc's pools hold for C++ readers and ours, beside segment lists: addresses and pointers.
#pragma once

#include <cstdint>

#include "list_layout.h"

namespace flow_ipc {

// JavaScript's addresses: window * 2^31 + offset (packages/shm/src/shared-memory.ts).
constexpr int kWindowBits = 31;
constexpr uint64_t kWindowMask = (uint64_t{1} << kWindowBits) - 1;

// Pointers in shared memory (flow-ipc-protocol 7.2): offset, pool id, and a bit that tells them from raw ones.
constexpr uint64_t kPoolPointer = uint64_t{1} << 63;
constexpr uint64_t poolPointer(uint32_t pool, uint64_t offset) {
  return kPoolPointer | uint64_t{pool} << 32 | offset;
}

}  // namespace flow_ipc
