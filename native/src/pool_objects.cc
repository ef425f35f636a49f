// The object methods of Pool: owner counts as seen from JavaScript.
#include "args.h"
#include "pool.h"

namespace flow_ipc {

// Reads (object, size); false: an exception is pending, or *answer is -EBADF (closed) or -EINVAL (negative).
bool Pool::getObject(const Napi::CallbackInfo& info, uint64_t* object, uint64_t* size, Napi::Value* answer) {
  int64_t offset;
  int64_t bytes;
  if (!getInt(info.Env(), info[0], &offset, "object must be a number") ||
      !getInt(info.Env(), info[1], &bytes, "size must be a number")) {
    return false;
  }
  if (memory_ == nullptr || offset < 0 || bytes < 1) {
    *answer = result(memory_ == nullptr ? -EBADF : -EINVAL);
    return false;
  }
  *object = static_cast<uint64_t>(offset);
  *size = static_cast<uint64_t>(bytes);
  return true;
}

Napi::Value Pool::objectCreate(const Napi::CallbackInfo& info) {
  int64_t size;
  if (!getInt(info.Env(), info[0], &size, "size must be a number")) return Napi::Value();
  if (size < 1) return Napi::Value(info.Env(), throwRange(info.Env(), "size must be at least 1"));
  return result(memory_ == nullptr ? -EBADF : objects_->create(static_cast<uint64_t>(size)));
}

Napi::Value Pool::objectLend(const Napi::CallbackInfo& info) {
  uint64_t object;
  uint64_t size;
  Napi::Value answer;
  return getObject(info, &object, &size, &answer) ? result(objects_->lend(object, size)) : answer;
}

Napi::Value Pool::objectCheck(const Napi::CallbackInfo& info) {
  uint64_t object;
  uint64_t size;
  Napi::Value answer;
  return getObject(info, &object, &size, &answer) ? result(objects_->check(object, size)) : answer;
}

Napi::Value Pool::objectDrop(const Napi::CallbackInfo& info) {
  uint64_t object;
  uint64_t size;
  Napi::Value answer;
  return getObject(info, &object, &size, &answer) ? result(objects_->drop(object, size)) : answer;
}

Napi::Value Pool::objectOwners(const Napi::CallbackInfo& info) {
  uint64_t object;
  uint64_t size;
  Napi::Value answer;
  return getObject(info, &object, &size, &answer) ? result(objects_->owners(object, size)) : answer;
}

}  // namespace flow_ipc
