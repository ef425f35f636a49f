// Message queues as seen from JavaScript.
#include "mq_object.h"

#include <mqueue.h>

#include "args.h"
#include "mq_bipc.h"
#include "mq_posix.h"
#include "sliced_wait.h"
#include "wrapped.h"

namespace flow_ipc {
namespace {

bool getWay(napi_env env, napi_value value, Way* way) {
  int64_t number;
  if (!getInt(env, value, &number, "direction must be a number")) return false;
  if (number != 0 && number != 1) {
    throwRange(env, "direction must be 0 (send) or 1 (receive)");
    return false;
  }
  *way = static_cast<Way>(number);
  return true;
}

struct Slice {
  uint8_t* data;
  size_t length;
};

bool getSlice(const Napi::CallbackInfo& info, Slice* slice) {
  const napi_env env = info.Env();
  Bytes bytes;
  int64_t offset;
  int64_t length;
  if (!getInt(env, info[1], &offset, "offset must be a number") ||
      !getInt(env, info[2], &length, "length must be a number") ||
      !getBytes(env, info[0], &bytes, "buf must be a Uint8Array") || !checkSlice(env, bytes, offset, length)) {
    return false;
  }
  // An empty array has no address, and the kernel wants one.
  static uint8_t nothing;
  *slice = {length == 0 ? &nothing : bytes.data + offset, static_cast<size_t>(length)};
  return true;
}

}  // namespace

Napi::Function MessageQueue::define(Napi::Env env, AddonState* state) {
  return DefineClass(
      env, "MessageQueue",
      {InstanceMethod<&MessageQueue::trySend>("trySend"), InstanceMethod<&MessageQueue::tryReceive>("tryReceive"),
       InstanceMethod<&MessageQueue::send>("send"), InstanceMethod<&MessageQueue::receive>("receive"),
       InstanceMethod<&MessageQueue::ready>("ready"), InstanceMethod<&MessageQueue::wait>("wait"),
       InstanceMethod<&MessageQueue::watchFd>("watchFd"), InstanceMethod<&MessageQueue::arm>("arm"),
       InstanceMethod<&MessageQueue::interruptFd>("interruptFd"), InstanceMethod<&MessageQueue::close>("close")},
      state);
}

MessageQueue::MessageQueue(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!isWrapped(*this)) return;
  const Napi::Env env = info.Env();
  queue_ = std::move(static_cast<AddonState*>(info.Data())->pendingQueue);
  if (queue_ == nullptr) {
    throwType(env, "a MessageQueue is made by mqCreate() or mqOpen()");
    return;
  }
  id_ = registerQueue(queue_);
  const auto constant = [&](const char* name, uint64_t value) {
    return Napi::PropertyDescriptor::Value(name, Napi::Number::New(env, static_cast<double>(value)), napi_enumerable);
  };
  info.This().As<Napi::Object>().DefineProperties(
      {Napi::PropertyDescriptor::Value("name", info[0], napi_enumerable), constant("id", id_),
       constant("maxMessages", queue_->maxMessages()), constant("maxMessageSize", queue_->maxMessageSize())});
}

MessageQueue::~MessageQueue() {
  if (queue_ == nullptr) return;
  unregisterQueue(id_);
  queue_->close();
}

Napi::Value MessageQueue::result(int64_t value) const { return Napi::Value(Env(), number(Env(), value)); }

Napi::Value MessageQueue::trySend(const Napi::CallbackInfo& info) {
  Slice slice;
  if (!getSlice(info, &slice)) return Napi::Value();
  return result(queue_->send(slice.data, slice.length));
}

Napi::Value MessageQueue::tryReceive(const Napi::CallbackInfo& info) {
  Slice slice;
  if (!getSlice(info, &slice)) return Napi::Value();
  return result(queue_->receive(slice.data, slice.length));
}

template <typename Attempt>
int64_t MessageQueue::insist(Way way, double timeoutMs, Attempt attempt) {
  int64_t last = -EAGAIN;
  waitInSlices(Env(), timeoutMs, [&](int64_t ns) {
    const int64_t deadline = monotonicNs() + ns;
    for (;;) {
      last = queue_->interrupted(way) ? -ECANCELED : attempt();
      if (last != -EAGAIN) return 1;
      const int64_t left = deadline - monotonicNs();
      if (left <= 0) return 0;
      const int rc = queue_->wait(way, left);
      if (rc < 0 && rc != -EINTR) {
        last = rc;
        return 1;
      }
    }
  });
  return last;
}

Napi::Value MessageQueue::send(const Napi::CallbackInfo& info) {
  Slice slice;
  double timeoutMs;
  if (!getSlice(info, &slice) || !getDouble(info.Env(), info[3], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  return result(insist(Way::kSend, timeoutMs, [&] { return queue_->send(slice.data, slice.length); }));
}

Napi::Value MessageQueue::receive(const Napi::CallbackInfo& info) {
  Slice slice;
  double timeoutMs;
  if (!getSlice(info, &slice) || !getDouble(info.Env(), info[3], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  return result(insist(Way::kReceive, timeoutMs, [&] { return queue_->receive(slice.data, slice.length); }));
}

Napi::Value MessageQueue::ready(const Napi::CallbackInfo& info) {
  Way way;
  if (!getWay(info.Env(), info[0], &way)) return Napi::Value();
  return result(queue_->ready(way));
}

Napi::Value MessageQueue::wait(const Napi::CallbackInfo& info) {
  Way way;
  double timeoutMs;
  if (!getWay(info.Env(), info[0], &way) ||
      !getDouble(info.Env(), info[1], &timeoutMs, "timeoutMs must be a number")) {
    return Napi::Value();
  }
  const int64_t rc = insist(way, timeoutMs, [&] {
    const int now = queue_->ready(way);
    return now == 0 ? -EAGAIN : now;
  });
  return result(rc == -EAGAIN ? 0 : rc);
}

Napi::Value MessageQueue::watchFd(const Napi::CallbackInfo& info) {
  Way way;
  if (!getWay(info.Env(), info[0], &way)) return Napi::Value();
  const int fd = queue_->watchFd(way);
  return result(fd == -1 ? -EBADF : fd);
}

Napi::Value MessageQueue::arm(const Napi::CallbackInfo& info) {
  Way way;
  if (!getWay(info.Env(), info[0], &way)) return Napi::Value();
  return result(queue_->arm(way));
}

Napi::Value MessageQueue::interruptFd(const Napi::CallbackInfo& info) {
  Way way;
  if (!getWay(info.Env(), info[0], &way)) return Napi::Value();
  return result(queue_->interruptFd(way));
}

Napi::Value MessageQueue::close(const Napi::CallbackInfo&) {
  unregisterQueue(id_);
  queue_->close();
  return Napi::Value();
}

namespace {

// 'posix' or 'bipc'.
bool getKind(napi_env env, napi_value value, bool* posix) {
  std::string kind;
  if (!getString(env, value, &kind, "kind must be a string")) return false;
  *posix = kind == "posix";
  if (*posix || kind == "bipc") return true;
  throwRange(env, "kind must be 'posix' or 'bipc'");
  return false;
}

napi_value wrapQueue(napi_env env, AddonState* state, std::shared_ptr<MqQueue> queue, const std::string& name) {
  state->pendingQueue = std::move(queue);
  const Napi::Object object = state->queueClass.New({Napi::String::New(env, name)});
  state->pendingQueue.reset();  // when the constructor did not run
  return object;
}

}  // namespace

napi_value mqCreate(napi_env env, napi_callback_info info) {
  size_t argc = 5;
  napi_value argv[5];
  void* data;
  bool posix;
  std::string name;
  int64_t maxMessages;
  int64_t maxMessageSize;
  int64_t mode;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getKind(env, argv[0], &posix) || !getString(env, argv[1], &name, "name must be a string") ||
      !getInt(env, argv[2], &maxMessages, "maxMessages must be a number") ||
      !getInt(env, argv[3], &maxMessageSize, "maxMessageSize must be a number") ||
      !getInt(env, argv[4], &mode, "mode must be a number")) {
    return nullptr;
  }
  if (mode < 0 || mode > 0777) return throwRange(env, "mode must be from 0 to 0o777");
  int err = 0;
  const char* failed;
  std::shared_ptr<MqQueue> queue;
  if (posix) {
    queue = PosixQueue::create(name, maxMessages, maxMessageSize, static_cast<int>(mode), &err, &failed);
  } else if (auto memory =
                 BipcMemory::create(name, maxMessages, maxMessageSize, static_cast<int>(mode), &err, &failed)) {
    queue = std::make_shared<BipcQueue>(std::move(memory));
  }
  if (queue == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapQueue(env, static_cast<AddonState*>(data), std::move(queue), name);
}

napi_value mqOpen(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  void* data;
  bool posix;
  std::string name;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getKind(env, argv[0], &posix) || !getString(env, argv[1], &name, "name must be a string")) return nullptr;
  int err = 0;
  const char* failed;
  std::shared_ptr<MqQueue> queue;
  if (posix) {
    queue = PosixQueue::open(name, &err, &failed);
  } else if (auto memory = BipcMemory::open(name, &err, &failed)) {
    queue = std::make_shared<BipcQueue>(std::move(memory));
  }
  if (queue == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapQueue(env, static_cast<AddonState*>(data), std::move(queue), name);
}

napi_value mqUnlink(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  std::string name;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getString(env, argv[0], &name, "name must be a string")) return nullptr;
  if (mq_unlink(('/' + name).c_str()) != 0) return throwErrno(env, errno, "mq_unlink", name.c_str());
  return nullptr;
}

napi_value mqInterrupt(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  int64_t id;
  Way way;
  bool on;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (!getInt(env, argv[0], &id, "id must be a number") || !getWay(env, argv[1], &way) ||
      !getBool(env, argv[2], &on, "on must be a boolean")) {
    return nullptr;
  }
  const auto queue = id > 0 && id <= UINT32_MAX ? findQueue(static_cast<uint32_t>(id)) : nullptr;
  if (queue == nullptr) return number(env, -EBADF);
  return number(env, queue->interrupt(way, on) ? 1 : 0);
}

}  // namespace flow_ipc
