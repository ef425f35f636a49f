// BipcBell: hears C++ programs, who tell of a change by Boost's condition variable, and passes it on to our futex.
//
// Our waiters sleep on a futex in the queue's memory, not on the condition variable. A process that is killed while it
// waits for a condition variable of glibc stays in its books for ever: later signals are given to the dead, and at
// last the one who signals waits for it for ever. A futex keeps no books: whoever is killed on it is just gone, and it
// is woken in one system call that cannot block. So processes of ours need the condition variable only where C++ is on
// the other side, and a thread of its own takes that risk: it is left behind if it should get stuck.
#pragma once

#include <memory>

#include "mq_bipc_memory.h"

namespace flow_ipc {

class BipcBell {
 public:
  BipcBell(std::shared_ptr<BipcMemory> memory, Way way);
  ~BipcBell();  // does not wait
  BipcBell(const BipcBell&) = delete;
  BipcBell& operator=(const BipcBell&) = delete;

  // Sleepers are woken when, from now on, `way` is possible. 0 or -errno.
  int request();

 private:
  struct State;
  static void run(State& state);
  static void listen(State& state);
  std::shared_ptr<State> state_;
};

}  // namespace flow_ipc
