// Threads of the addon's own: nobody's to join, out of the way of signals.
#pragma once

#include <functional>

namespace flow_ipc {

// Runs `body` on a thread of its own. Nobody waits for its end: it must own all that it uses, so that neither a worker
// that stops nor an object that closes has to wait for a thread that perhaps never gets on. 0 or -errno.
int startHelper(std::function<void()> body);

}  // namespace flow_ipc
