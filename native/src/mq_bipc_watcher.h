// BipcWatcher: makes a descriptor readable when a Boost queue may be received from, or sent to. For event loops, which
// cannot wait for memory to change.
#pragma once

#include <memory>

#include "mq_bipc_memory.h"

namespace flow_ipc {

class BipcWatcher {
 public:
  BipcWatcher(std::shared_ptr<BipcMemory> memory, Way way);
  ~BipcWatcher();  // closes the descriptor; does not wait for the thread
  BipcWatcher(const BipcWatcher&) = delete;
  BipcWatcher& operator=(const BipcWatcher&) = delete;

  // An eventfd, -1 before open(). open() is 0 or -errno.
  int fd() const;
  int open();
  // From now on the descriptor becomes readable, once, when `way` may be possible: at once if it is now. 0, or -errno
  // when there is no thread to be had.
  int arm();
  // Makes it readable now.
  void signal();

 private:
  struct State;
  static void run(State& state);
  std::shared_ptr<State> state_;
};

}  // namespace flow_ipc
