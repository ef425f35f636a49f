// Pool ids: one counter for the whole machine, shared with the C++ library (flow-ipc-protocol 4.1, 7.1).
#pragma once

#include <cstdint>

namespace flow_ipc {

// Ids have 31 bits; 0 is none.
constexpr uint32_t kPoolIdBits = 0x7fffffff;

// The next id, from 1 to 2^31 - 1; after the last comes 1.
//
// The counter is a shared memory object of 4 bytes that everybody may write, guarded by a semaphore. The C++ library
// needs the semaphore; we add atomically, so that one whose holder died costs a wait, once, and no uniqueness among us.
// Where another user's C++ process made the counter unusable for us (its umask narrows the mode), ids are drawn by lot.
uint32_t nextPoolId();

}  // namespace flow_ipc
