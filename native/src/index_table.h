// Which pools or arenas an environment has open, by small numbers.
#pragma once

#include <cstddef>
#include <vector>

namespace flow_ipc {

template <class T>
class IndexTable {
 public:
  // The index of `entry`, until remove().
  size_t add(T* entry) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i] == nullptr) {
        entries_[i] = entry;
        return i;
      }
    }
    entries_.push_back(entry);
    return entries_.size() - 1;
  }

  void remove(size_t index) { entries_[index] = nullptr; }

  // Null for what is no index of an entry: scripts say it.
  T* at(double index) const {
    return index >= 0 && index < static_cast<double>(entries_.size()) ? entries_[static_cast<size_t>(index)] : nullptr;
  }

 private:
  std::vector<T*> entries_;
};

}  // namespace flow_ipc
