// Readiness callbacks from libuv to JavaScript.
#include "fd_watcher.h"

#include <fcntl.h>

#include "args.h"
#include "wrapped.h"

namespace flow_ipc {
namespace {

constexpr int kReadable = 1;
constexpr int kWritable = 2;

}  // namespace

void WatchHandle::close() {
  if (owner != nullptr) {
    owner->handle_ = nullptr;
    owner = nullptr;
  }
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll);
  if (uv_is_closing(handle)) return;
  uv_close(handle, [](uv_handle_t* closed) {
    auto* self = static_cast<WatchHandle*>(closed->data);
    self->state->removeWatch(self);
    delete self;
  });
}

Napi::Function FdWatcher::define(Napi::Env env, AddonState* state) {
  return DefineClass(env, "FdWatcher",
                     {InstanceMethod<&FdWatcher::start>("start"), InstanceMethod<&FdWatcher::ref>("ref"),
                      InstanceMethod<&FdWatcher::unref>("unref"), InstanceMethod<&FdWatcher::close>("close")},
                     state);
}

FdWatcher::FdWatcher(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!isWrapped(*this)) return;
  const Napi::Env env = info.Env();
  auto* state = static_cast<AddonState*>(info.Data());
  int fd;
  if (!getFd(env, info[0], &fd)) return;
  if (!info[1].IsFunction()) {
    throwType(env, "the callback must be a function");
    return;
  }
  auto* handle = new WatchHandle{};
  const int flags = fcntl(fd, F_GETFL);
  if (const int rc = uv_poll_init(state->loop(), &handle->poll, fd); rc != 0) {
    delete handle;
    throwErrno(env, -rc, "uv_poll_init");
    return;
  }
  // libuv makes what it watches non-blocking, which it does not need: a read that is to block does.
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags);
  handle->poll.data = handle;
  handle->state = state;
  state->addWatch(handle);

  const Napi::String name = Napi::String::New(env, "FlowIpcFdWatcher");
  if (napi_async_init(env, info.This(), name, &context_) != napi_ok) {
    handle->close();
    throwErrno(env, ENOMEM, "napi_async_init");
    return;
  }
  callback_ = Napi::Persistent(info[1].As<Napi::Function>());
  handle->owner = this;
  handle_ = handle;
  Ref();  // a watcher lives until close(): collecting an active one would lose events silently
}

FdWatcher::~FdWatcher() {
  if (handle_ != nullptr) handle_->close();
  if (context_ != nullptr) napi_async_destroy(Env(), context_);
}

int FdWatcher::arm() {
  if (asked_ == 0) return uv_poll_stop(&handle_->poll);
  const int events = (asked_ & kReadable ? UV_READABLE : 0) | (asked_ & kWritable ? UV_WRITABLE : 0);
  return uv_poll_start(&handle_->poll, events, onReady);
}

Napi::Value FdWatcher::start(const Napi::CallbackInfo& info) {
  int64_t events;
  if (!getInt(info.Env(), info[0], &events, "events must be a number")) return Napi::Value();
  if (events < 0 || events > (kReadable | kWritable)) {
    throwRange(info.Env(), "events must be READABLE, WRITABLE, both or 0");
  } else if (handle_ == nullptr) {
    throwType(info.Env(), "the watcher is closed");
  } else if (events != asked_) {
    asked_ = static_cast<int>(events);
    if (const int rc = arm(); rc != 0) throwErrno(info.Env(), -rc, "uv_poll_start");
  }
  return Napi::Value();
}

Napi::Value FdWatcher::ref(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(&handle_->poll));
  return Napi::Value();
}

Napi::Value FdWatcher::unref(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->poll));
  return Napi::Value();
}

Napi::Value FdWatcher::close(const Napi::CallbackInfo&) {
  if (handle_ == nullptr) return Napi::Value();
  handle_->close();
  if (!delivering_) dropCallback();
  return Napi::Value();
}

void FdWatcher::dropCallback() {
  callback_.Reset();
  if (context_ != nullptr) {
    napi_async_destroy(Env(), context_);
    context_ = nullptr;
  }
  Unref();
}

void FdWatcher::onReady(uv_poll_t* poll, int status, int events) {
  FdWatcher* self = static_cast<WatchHandle*>(poll->data)->owner;
  if (self == nullptr) return;
  int ready = (events & UV_READABLE ? kReadable : 0) | (events & UV_WRITABLE ? kWritable : 0);
  if (status < 0) {
    // POLLERR: libuv has stopped the handle. The next system call tells the caller what happened;
    // watching goes on, as a level-triggered watcher must.
    ready = self->asked_;
    self->arm();
  }
  ready &= self->asked_;
  if (ready != 0) self->deliver(ready);
}

void FdWatcher::deliver(int ready) {
  const napi_env env = Env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback = callback_.Value();
  napi_value self = Value();
  napi_value argument;
  napi_create_int32(env, ready, &argument);

  delivering_ = true;
  const napi_status status = napi_make_callback(env, context_, self, callback, 1, &argument, nullptr);
  delivering_ = false;
  if (status == napi_pending_exception) {
    // What the callback threw is nobody's to catch: it becomes 'uncaughtException', as for any Node callback.
    // While the environment stops there is no exception to fetch, and nothing to report.
    bool pending = false;
    napi_value error;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
        napi_get_and_clear_last_exception(env, &error) == napi_ok) {
      napi_fatal_exception(env, error);
    }
  }
  if (handle_ == nullptr && !callback_.IsEmpty()) dropCallback();  // closed by the callback
  napi_close_handle_scope(env, scope);
}

}  // namespace flow_ipc
