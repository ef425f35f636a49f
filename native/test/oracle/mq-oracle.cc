// Oracle for message queues: plain Boost.Interprocess and plain POSIX, against which the addon's queues are tested.
// Usage: mq-oracle posix|bipc <command> <name> [arguments]; results go to standard output, one line each.
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/shared_memory_object.hpp>

namespace bipc = boost::interprocess;

// What both kinds have in common.
struct Queue {
  virtual ~Queue() = default;
  virtual void send(const std::string& message, unsigned priority) = 0;
  virtual std::string receive() = 0;
  virtual bool tryReceive(std::string* message) = 0;
};

struct BoostQueue : Queue {
  explicit BoostQueue(const char* name) : queue(bipc::open_only, name), room(queue.get_max_msg_size()) {}
  void send(const std::string& message, unsigned priority) override { queue.send(message.data(), message.size(), priority); }
  std::string receive() override {
    bipc::message_queue::size_type size;
    unsigned priority;
    queue.receive(room.data(), room.size(), size, priority);
    return std::string(room.data(), size);
  }
  bool tryReceive(std::string* message) override {
    bipc::message_queue::size_type size;
    unsigned priority;
    if (!queue.try_receive(room.data(), room.size(), size, priority)) return false;
    message->assign(room.data(), size);
    return true;
  }
  bipc::message_queue queue;
  std::vector<char> room;
};

[[noreturn]] static void fail(const char* what) {
  std::cerr << what << ": " << std::strerror(errno) << std::endl;
  exit(1);
}

struct PosixQueue : Queue {
  explicit PosixQueue(const std::string& name) {
    queue = mq_open(('/' + name).c_str(), O_RDWR);
    if (queue < 0) fail("mq_open");
    mq_attr attributes;
    mq_getattr(queue, &attributes);
    room.resize(static_cast<size_t>(attributes.mq_msgsize));
  }
  void send(const std::string& message, unsigned priority) override {
    if (mq_send(queue, message.data(), message.size(), priority) != 0) fail("mq_send");
  }
  std::string receive() override {
    const ssize_t size = mq_receive(queue, room.data(), room.size(), nullptr);
    if (size < 0) fail("mq_receive");
    return std::string(room.data(), static_cast<size_t>(size));
  }
  bool tryReceive(std::string* message) override {
    const timespec past{0, 0};
    const ssize_t size = mq_timedreceive(queue, room.data(), room.size(), nullptr, &past);
    if (size < 0) return false;
    message->assign(room.data(), static_cast<size_t>(size));
    return true;
  }
  mqd_t queue;
  std::vector<char> room;
};

static std::unique_ptr<Queue> open(bool posix, const char* name) {
  if (posix) return std::make_unique<PosixQueue>(name);
  return std::make_unique<BoostQueue>(name);
}

// Word `i` of a stream that both sides can make up: its length and bytes follow from i.
static std::string word(int64_t i, size_t longest) {
  const size_t length = static_cast<size_t>(i * 7919) % (longest + 1);
  return std::string(length, static_cast<char>(i & 0xff));
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const bool posix = std::string(argv[1]) == "posix";
  const std::string command = argv[2];
  const char* name = argv[3];
  const auto number = [&](int i) { return argc > i ? std::stoll(argv[i]) : 0; };

  if (command == "create") {  // <messages> <bytes>
    if (posix) {
      mq_attr attributes{};
      attributes.mq_maxmsg = number(4);
      attributes.mq_msgsize = number(5);
      if (mq_open((std::string("/") + name).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes) < 0) fail("mq_open");
    } else {
      bipc::message_queue(bipc::create_only, name, static_cast<size_t>(number(4)), static_cast<size_t>(number(5)));
    }
    return 0;
  }
  if (command == "die-locked" || command == "hold-locked") {  // [milliseconds]
    bipc::shared_memory_object object(bipc::open_only, name, bipc::read_write);
    bipc::mapped_region region(object, bipc::read_write);
    auto* mutex = reinterpret_cast<pthread_mutex_t*>(static_cast<char*>(region.get_address()) + 48);
    std::cout << pthread_mutex_lock(mutex) << std::endl;
    if (command == "die-locked") kill(getpid(), SIGKILL);
    usleep(static_cast<useconds_t>(number(4)) * 1000);
    pthread_mutex_unlock(mutex);
    return 0;
  }
  const auto queue = open(posix, name);
  if (command == "send") {  // <text>...
    for (int i = 4; i < argc; ++i) queue->send(argv[i], 0);
  } else if (command == "send-priorities") {  // <text> <priority>...
    for (int i = 4; i + 1 < argc; i += 2) queue->send(argv[i], static_cast<unsigned>(number(i + 1)));
  } else if (command == "receive") {  // <count>: blocking
    std::cout << "up" << std::endl;
    for (int64_t i = 0; i < number(4); ++i) std::cout << queue->receive() << std::endl;
  } else if (command == "drain") {  // all that is there
    for (std::string message; queue->tryReceive(&message);) std::cout << message << std::endl;
  } else if (command == "produce") {  // <count> <longest>
    for (int64_t i = 0; i < number(4); ++i) queue->send(word(i, static_cast<size_t>(number(5))), 0);
  } else if (command == "consume") {  // <count> <longest>: prints how many were as expected
    int64_t right = 0;
    for (int64_t i = 0; i < number(4); ++i) right += queue->receive() == word(i, static_cast<size_t>(number(5)));
    std::cout << right << std::endl;
  } else if (command == "echo") {  // <other queue> <count>: sends back what comes
    const auto back = open(posix, argv[4]);
    std::cout << "up" << std::endl;
    for (int64_t i = 0; i < number(5); ++i) back->send(queue->receive(), 0);
  } else if (command == "count") {
    std::cout << static_cast<BoostQueue&>(*queue).queue.get_num_msg() << std::endl;
  } else {
    return 2;
  }
  return 0;
}
