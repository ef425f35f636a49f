// The layout of segment lists, which both kinds of shared memory put messages into.
#pragma once

#include <cstdint>

namespace flow_ipc {

// A segment list: holder with element count and root node, a ring of nodes (flow-ipc-protocol 6.3, 7.2). Pointers are
// self-relative in SHM-classic, and name a pool in SHM-jemalloc. Checked against recorded pool images.
namespace list_layout {
constexpr uint64_t kHolderSize = 24;
constexpr uint64_t kCount = 0;
constexpr uint64_t kRoot = 8;
// SHM-classic's holder has the count of owners behind that, and is longer by it; SHM-jemalloc's owner counts privately.
constexpr uint64_t kOwners = 24;
constexpr uint64_t kClassicHolderSize = 32;
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
