// BipcNotifier: tells C++ programs that wait for a change, by Boost's condition variable.
//
// On a thread of its own, because to signal a condition variable of glibc may take for ever once a process was killed
// that waited for it (see mq_bipc_bell.h), or when its bytes are damaged. Only where C++ waits is there such a thread.
#pragma once

#include <memory>

#include "mq_bipc_memory.h"

namespace flow_ipc {

class BipcNotifier {
 public:
  explicit BipcNotifier(std::shared_ptr<BipcMemory> memory);
  ~BipcNotifier();  // does not wait
  BipcNotifier(const BipcNotifier&) = delete;
  BipcNotifier& operator=(const BipcNotifier&) = delete;

  // `way` has become possible. 0, -EOWNERDEAD when the thread has been stuck for a second, or another -errno.
  int notify(Way way);

 private:
  struct State;
  static void run(State& state);
  std::shared_ptr<State> state_;
};

}  // namespace flow_ipc
