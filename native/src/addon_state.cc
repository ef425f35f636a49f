// Life of one environment's state, and the orderly end of its libuv handles.
#include "addon_state.h"

#include "errors.h"
#include "fd_watcher.h"
#include "pool_memory.h"

namespace flow_ipc {

AddonState* AddonState::create(Napi::Env env) {
  std::unique_ptr<AddonState> state(new AddonState());
  state->shared_ = std::make_shared<Shared>();
  state->out()[kReceivedFd] = -1;
  if (napi_get_uv_event_loop(env, &state->loop_) != napi_ok ||
      // Asynchronous: Node keeps the loop turning until the close callbacks have run.
      napi_add_async_cleanup_hook(env, onTeardown, state.get(), &state->hook_) != napi_ok) {
    throwErrno(env, ENOMEM, "napi_add_async_cleanup_hook");
    return nullptr;
  }
  AddonState* raw = state.release();
  env.SetInstanceData(raw);  // deleted with the environment, after the teardown hook has been removed
  return raw;
}

AddonState::~AddonState() = default;

Napi::Value AddonState::arrayOver(Napi::Env env, void* data, size_t size, napi_typedarray_type type, size_t length) {
  // The array shares ownership: it could outlive this state in a transferred ArrayBuffer.
  auto* share = new std::shared_ptr<Shared>(shared_);
  napi_value buffer;
  napi_value array;
  const auto drop = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Shared>*>(hint); };
  if (napi_create_external_arraybuffer(env, data, size, drop, share, &buffer) != napi_ok) {
    delete share;
    throwErrno(env, ENOTSUP, "napi_create_external_arraybuffer");
    return Napi::Value();
  }
  napi_create_typedarray(env, type, length, buffer, 0, &array);
  return Napi::Value(env, array);
}

Napi::Value AddonState::outArray(Napi::Env env) {
  return arrayOver(env, shared_->out, sizeof shared_->out, napi_float64_array, kSlots);
}

Napi::Value AddonState::stageArray(Napi::Env env) {
  return arrayOver(env, shared_->stage, sizeof shared_->stage, napi_uint8_array, sizeof shared_->stage);
}

Napi::Value AddonState::listBytesArray(Napi::Env env) {
  return arrayOver(env, shared_->listBytes, sizeof shared_->listBytes, napi_uint8_array, sizeof shared_->listBytes);
}

void AddonState::addWatch(WatchHandle* handle) {
  handle->previous = nullptr;
  handle->next = watches_;
  if (watches_ != nullptr) watches_->previous = handle;
  watches_ = handle;
}

void AddonState::removeWatch(WatchHandle* handle) {
  if (handle->previous != nullptr) handle->previous->next = handle->next;
  if (handle->next != nullptr) handle->next->previous = handle->previous;
  if (watches_ == handle) watches_ = handle->next;
  finishTeardownIfIdle();
}

void AddonState::onTeardown(napi_async_cleanup_hook_handle, void* self) {
  auto* state = static_cast<AddonState*>(self);
  state->tearingDown_ = true;
  // Closing only starts here: each handle leaves the list in its close callback.
  for (WatchHandle* handle = state->watches_; handle != nullptr; handle = handle->next) handle->close();
  state->finishTeardownIfIdle();
}

void AddonState::finishTeardownIfIdle() {
  if (!tearingDown_ || watches_ != nullptr || hook_ == nullptr) return;
  const napi_async_cleanup_hook_handle hook = hook_;
  hook_ = nullptr;
  napi_remove_async_cleanup_hook(hook);  // may delete this
}

}  // namespace flow_ipc
