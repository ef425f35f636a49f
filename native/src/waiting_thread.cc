// Threads that wait, detached: the environment that asked may be gone before they end.
#include "waiting_thread.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace flow_ipc {

int waitOnThread(std::function<void()> wait) {
  const int theirs = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (theirs < 0) return -errno;
  // A descriptor of its own: the other may be closed, and its number in other use, before the thread ends.
  const int ours = fcntl(theirs, F_DUPFD_CLOEXEC, 0);
  if (ours < 0) {
    const int err = errno;
    close(theirs);
    return -err;
  }
  // Signals are for the threads that Node has for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int rc = theirs;
  try {
    std::thread([wait = std::move(wait), ours] {
      wait();
      eventfd_write(ours, 1);
      close(ours);
    }).detach();
  } catch (const std::system_error& error) {
    rc = -error.code().value();
    close(ours);
    close(theirs);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return rc;
}

}  // namespace flow_ipc
