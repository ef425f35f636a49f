// Which pools an environment has open, by small numbers.
#pragma once

#include <cstddef>
#include <vector>

namespace flow_ipc {

class Pool;

class PoolTable {
 public:
  // The index of `pool`, until remove().
  size_t add(Pool* pool) {
    for (size_t i = 0; i < pools_.size(); ++i) {
      if (pools_[i] == nullptr) {
        pools_[i] = pool;
        return i;
      }
    }
    pools_.push_back(pool);
    return pools_.size() - 1;
  }

  void remove(size_t index) { pools_[index] = nullptr; }

  // Null for what is no index of a pool: scripts say it.
  Pool* at(double index) const {
    return index >= 0 && index < static_cast<double>(pools_.size()) ? pools_[static_cast<size_t>(index)] : nullptr;
  }

 private:
  std::vector<Pool*> pools_;
};

}  // namespace flow_ipc
