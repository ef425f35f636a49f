// A blocking wait on a thread of its own, whose end an event loop can watch.
#pragma once

#include <functional>

namespace flow_ipc {

// Runs `wait` on a new thread and returns an eventfd that becomes readable when it is over; the caller closes it, at
// any time. Nobody can interrupt the thread, so `wait` should not last long. -errno when there is no thread to be had.
int waitOnThread(std::function<void()> wait);

}  // namespace flow_ipc
