// The Boost object at the start of a pool: its type with our mutexes in it, and where it lies.
#pragma once

#include <cstdint>

#include <boost/interprocess/indexes/null_index.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/segment_manager.hpp>

#include "robust_mutex.h"

namespace flow_ipc {

using PoolManager =
    boost::interprocess::segment_manager<char, boost::interprocess::rbtree_best_fit<RobustMutexFamily>,
                                         boost::interprocess::null_index>;
static_assert(sizeof(PoolManager) == 144, "the layout must be Flow-IPC's");

// As managed_open_or_create_impl puts it: a state word, then the segment manager at the next multiple of 16.
constexpr uint64_t kPoolManager = 16;

// Takes no lock: hold the pool's.
inline PoolManager* poolManager(char* base) { return reinterpret_cast<PoolManager*>(base + kPoolManager); }

}  // namespace flow_ipc
