// The list methods of OwnArena: messages in an arena as seen from JavaScript.
#include <cerrno>

#include "args.h"
#include "external_view.h"
#include "jemalloc_object.h"

namespace flow_ipc {

Napi::Value OwnArena::listCreate(const Napi::CallbackInfo& info) {
  uint64_t capacity;
  char* buffer;
  if (!getCapacity(info.Env(), info[0], &capacity)) return Napi::Value();
  if (arena_ == nullptr) return result(-EBADF);
  const int64_t list = lists_->create(capacity, &buffer);
  const Napi::Value code = result(list);
  if (list < 0) return code;
  state_->out()[AddonState::kListOffset] = static_cast<double>(list);
  return bufferView(buffer, capacity);
}

Napi::Value OwnArena::listGrow(const Napi::CallbackInfo& info) {
  uint64_t list;
  uint64_t capacity;
  char* buffer;
  Napi::Value answer;
  if (!getCapacity(info.Env(), info[1], &capacity) || !getAddress(info, &list, &answer)) return answer;
  const int rc = lists_->grow(list, capacity, &buffer);
  const Napi::Value code = result(rc);
  return rc < 0 ? code : bufferView(buffer, capacity);
}

Napi::Value OwnArena::listLend(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  UsedSizes sizes;
  Napi::Value answer;
  if (!getUsedSizes(env, info[1], &sizes)) return answer;
  // Only now: a getter in an array could have closed the arena.
  if (!getAddress(info, &list, &answer)) return answer;
  const int rc = lists_->lend(list, sizes.data(), sizes.count());
  if (rc == 0) tellHandle(list);
  return result(rc);
}

Napi::Value OwnArena::listStore(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes bytes;
  int64_t offset;
  int64_t length;
  if (!getInt(env, info[1], &offset, "offset must be a number") ||
      !getInt(env, info[2], &length, "length must be a number") ||
      !getBytes(env, info[0], &bytes, "bytes must be a Uint8Array") || !checkSlice(env, bytes, offset, length)) {
    return Napi::Value();
  }
  if (arena_ == nullptr) return result(-EBADF);
  const int64_t list = lists_->store(bytes.data + offset, static_cast<uint64_t>(length));
  if (list >= 0) tellHandle(static_cast<uint64_t>(list));
  return result(list);
}

Napi::Value OwnArena::listRelease(const Napi::CallbackInfo& info) {
  uint64_t list;
  Napi::Value answer;
  if (!detachAll(info.Env(), info[1])) return answer;
  if (!getAddress(info, &list, &answer)) return answer;
  return result(lists_->release(list));
}

}  // namespace flow_ipc
