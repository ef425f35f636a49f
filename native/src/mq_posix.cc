// mq_open and its family.
#include "mq_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace flow_ipc {
namespace {

constexpr unsigned kPriority = 0;  // Flow-IPC never uses another

}  // namespace

std::shared_ptr<PosixQueue> PosixQueue::adopt(mqd_t queue, int* err, const char** failed) {
  mq_attr attributes;
  *failed = "mq_getattr";
  if (mq_getattr(queue, &attributes) != 0) {
    *err = errno;
    mq_close(queue);
    return nullptr;
  }
  auto result = std::make_shared<PosixQueue>();
  result->queue_ = queue;
  result->maxMessages_ = static_cast<uint64_t>(attributes.mq_maxmsg);
  result->maxMessageSize_ = static_cast<uint64_t>(attributes.mq_msgsize);
  return result;
}

std::shared_ptr<PosixQueue> PosixQueue::create(const std::string& name, int64_t maxMessages, int64_t maxMessageSize,
                                               int mode, int* err, const char** failed) {
  const std::string path = '/' + name;
  mq_attr attributes{};
  attributes.mq_maxmsg = maxMessages;
  attributes.mq_msgsize = maxMessageSize;
  *failed = "mq_open";
  const mqd_t queue = mq_open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0600, &attributes);
  if (queue < 0) {
    *err = errno;
    return nullptr;
  }
  // The creation mode went through the umask. The descriptor is that of a file of the mqueue file system.
  *failed = "fchmod";
  if (fchmod(queue, static_cast<mode_t>(mode)) != 0) {
    *err = errno;
    mq_close(queue);
    mq_unlink(path.c_str());
    return nullptr;
  }
  auto result = adopt(queue, err, failed);
  if (result == nullptr) mq_unlink(path.c_str());
  return result;
}

std::shared_ptr<PosixQueue> PosixQueue::open(const std::string& name, int* err, const char** failed) {
  *failed = "mq_open";
  const mqd_t queue = mq_open(('/' + name).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (queue < 0) {
    *err = errno;
    return nullptr;
  }
  return adopt(queue, err, failed);
}

int PosixQueue::send(const uint8_t* data, size_t length) {
  int rc;
  do rc = mq_send(queue_, reinterpret_cast<const char*>(data), length, kPriority);
  while (rc != 0 && errno == EINTR);
  return rc == 0 ? 0 : -errno;
}

int64_t PosixQueue::receive(uint8_t* room, size_t length) {
  ssize_t received;
  do received = mq_receive(queue_, reinterpret_cast<char*>(room), length, nullptr);
  while (received < 0 && errno == EINTR);
  return received < 0 ? -errno : received;
}

int PosixQueue::poll(Way way, int64_t ns, int interruptFd) {
  if (queue_ < 0) return -EBADF;  // poll() would pass over it
  const short wanted = way == Way::kSend ? POLLOUT : POLLIN;
  pollfd entries[2] = {{queue_, wanted, 0}, {interruptFd, POLLIN, 0}};
  const timespec limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  const int n = ppoll(entries, interruptFd < 0 ? 1 : 2, &limit, nullptr);
  if (n < 0) return -errno;
  if (entries[0].revents & POLLNVAL) return -EBADF;
  return entries[0].revents != 0 ? 1 : 0;
}

int PosixQueue::ready(Way way) {
  int rc;
  do rc = poll(way, 0, -1);
  while (rc == -EINTR);
  return rc;
}

int PosixQueue::wait(Way way, int64_t ns) {
  const int fd = interruptFd(way);
  if (fd < 0) return fd;
  if (interrupted(way)) return -ECANCELED;
  const int rc = poll(way, ns, fd);
  return interrupted(way) ? -ECANCELED : rc;
}

int PosixQueue::arm(Way) { return queue_ < 0 ? -EBADF : 0; }

int PosixQueue::interruptFd(Way way) {
  const std::lock_guard<std::mutex> lock(life_);
  if (queue_ < 0) return -EBADF;
  int& fd = interrupts_[static_cast<int>(way)];
  if (fd < 0) fd = eventfd(interrupted(way) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

void PosixQueue::onInterrupt(Way way, bool on) {
  const int fd = interrupts_[static_cast<int>(way)];
  if (fd < 0) return;
  eventfd_t value;
  if (on) {
    eventfd_write(fd, 1);
  } else {
    eventfd_read(fd, &value);
  }
}

void PosixQueue::close() {
  const std::lock_guard<std::mutex> lock(life_);
  if (queue_ >= 0) mq_close(queue_);
  queue_ = -1;
  for (int& fd : interrupts_) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
}

}  // namespace flow_ipc
