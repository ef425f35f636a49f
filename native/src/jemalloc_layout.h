// The layout of what SHM-jemalloc puts into pools for C++ readers and ours: addresses, pointers, segment lists.
#pragma once

#include <cstdint>

namespace flow_ipc {

// JavaScript's addresses: window * 2^31 + offset (packages/shm/src/shared-memory.ts).
constexpr int kWindowBits = 31;
constexpr uint64_t kWindowMask = (uint64_t{1} << kWindowBits) - 1;

// Pointers in shared memory (flow-ipc-protocol 7.2): offset, pool id, and a bit that tells them from raw ones.
constexpr uint64_t kPoolPointer = uint64_t{1} << 63;
constexpr uint64_t poolPointer(uint32_t pool, uint64_t offset) {
  return kPoolPointer | uint64_t{pool} << 32 | offset;
}

// A segment list: holder with element count and root node, a ring of nodes. As in SHM-classic (flow-ipc-protocol 6.3),
// but for the pointers and the owner count, which is not in shared memory here. Checked against recorded pool images.
namespace list_layout {
constexpr uint64_t kHolderSize = 24;
constexpr uint64_t kCount = 0;
constexpr uint64_t kRoot = 8;
// The root and each node begin with their links.
constexpr uint64_t kNext = 0;
constexpr uint64_t kPrevious = 8;
// Node: links, allocator padding, deleter (optional allocator, buffer size), pointer, capacity, start, size.
constexpr uint64_t kNodeSize = 72;
constexpr uint64_t kPadding = 16;
constexpr uint64_t kDeleter = 24;
constexpr uint64_t kBufferSize = 32;
constexpr uint64_t kBuffer = 40;
constexpr uint64_t kCapacity = 48;
constexpr uint64_t kStart = 56;
constexpr uint64_t kUsed = 64;
// Byte 1 of the deleter says that there is an (empty) allocator.
constexpr uint64_t kEngaged = 0x100;
// More than any message has; bounds what reading a list can cost.
constexpr uint64_t kMostSegments = uint64_t{1} << 20;
}  // namespace list_layout

}  // namespace flow_ipc
