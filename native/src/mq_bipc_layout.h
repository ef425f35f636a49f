// Where things are in a boost::interprocess::message_queue, as offsets from the base of its shared memory object.
//
//   0     u32  state: 2 ready. Three words that Boost leaves alone (it aligns what follows to 16) and we use: below
//   16         the queue's header, 192 bytes
//   208        index: one self-relative pointer (value = target - its own address) to a message for each message
//   208 + 8n   messages: length u64, priority u32, 4 unused, bytes up to the maximum size rounded up to 8
//
// The index is a ring. From kFirst on, kCount entries (modulo their number) are messages in the order of priority,
// newest first among equals: the next to be received is the last of them. The other entries are free messages.
#pragma once

#include <cstdint>

namespace flow_ipc::bipc_layout {

constexpr uint64_t kState = 0;
constexpr uint32_t kStateReady = 2;
constexpr uint32_t kStateCorrupted = 3;

// Ours. Boost creates them as zeros and never looks at them: a C++ program neither minds nor sees them.
constexpr uint64_t kSends = 4;        // u32: messages that processes of ours have sent, the futex of waiting receivers
constexpr uint64_t kReceives = 8;     // u32: likewise received, the futex of waiting senders
constexpr uint64_t kSleepers = 12;    // u8: bit 0, 1: a process of ours may sleep on kReceives, kSends
constexpr uint64_t kBellSenders = 13;    // u8: how many of kBlockedSenders are bells of ours (see mq_bipc_bell.h)
constexpr uint64_t kBellReceivers = 14;  // u8: and of kBlockedReceivers

constexpr uint64_t kHeader = 16;
constexpr uint64_t kIndexPointer = kHeader + 0;
constexpr uint64_t kMaxMessages = kHeader + 8;
constexpr uint64_t kMaxMessageSize = kHeader + 16;
constexpr uint64_t kCount = kHeader + 24;
constexpr uint64_t kMutex = kHeader + 32;
constexpr uint64_t kMayReceive = kHeader + 72;   // condition variable
constexpr uint64_t kMaySend = kHeader + 120;     // condition variable
constexpr uint64_t kFirst = kHeader + 168;
constexpr uint64_t kBlockedSenders = kHeader + 176;
constexpr uint64_t kBlockedReceivers = kHeader + 184;
constexpr uint64_t kHeaderSize = 192;
constexpr uint64_t kIndex = kHeader + kHeaderSize;

constexpr uint64_t kMessageHeader = 16;
constexpr uint64_t kLength = 0;
constexpr uint64_t kPriority = 8;

// In a pthread_mutex_t of glibc: what the library follows when it unlocks.
constexpr uint64_t kMutexKind = 16;
constexpr uint64_t kMutexLinks = 24;

}  // namespace flow_ipc::bipc_layout
