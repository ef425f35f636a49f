// The list methods of Pool: messages in shared memory as seen from JavaScript.
#include "args.h"
#include "external_view.h"
#include "pool.h"

namespace flow_ipc {

bool Pool::getList(const Napi::CallbackInfo& info, uint64_t* list, Napi::Value* answer) {
  int64_t offset;
  if (!getInt(info.Env(), info[0], &offset, "list must be a number")) return false;
  if (memory_ == nullptr || offset < 0) {
    *answer = result(memory_ == nullptr ? -EBADF : -EINVAL);
    return false;
  }
  *list = static_cast<uint64_t>(offset);
  return true;
}

Napi::Value Pool::listCreate(const Napi::CallbackInfo&) {
  return result(memory_ == nullptr ? -EBADF : lists_->create());
}

Napi::Value Pool::listBuild(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t capacity;
  uint64_t buffer;
  if (!getCapacity(env, info[0], &capacity)) return Napi::Value();
  if (memory_ == nullptr) return result(-EBADF);
  const int64_t list = lists_->build(capacity, &buffer);
  if (list < 0) return result(list);
  state_->out()[AddonState::kListOffset] = static_cast<double>(list);
  return Napi::Value(env, makeView(env, memory_->mapping(), memory_->base() + buffer, capacity));
}

Napi::Value Pool::listGrow(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  uint64_t capacity;
  Napi::Value answer;
  if (!getCapacity(env, info[1], &capacity) || !getList(info, &list, &answer)) return answer;
  const int64_t buffer = lists_->grow(list, capacity);
  if (buffer < 0) return result(buffer);
  state_->out()[AddonState::kListOffset] = static_cast<double>(buffer);
  return Napi::Value(env, makeView(env, memory_->mapping(), memory_->base() + buffer, capacity));
}

Napi::Value Pool::listLend(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  UsedSizes sizes;
  Napi::Value answer;
  if (!getUsedSizes(env, info[1], &sizes)) return answer;
  // Only now: a getter in an array could have closed the pool.
  if (!getList(info, &list, &answer)) return answer;
  return result(lists_->lend(list, sizes.data(), sizes.count()));
}

Napi::Value Pool::listSend(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  UsedSizes sizes;
  Bytes bytes;
  int64_t length;
  Napi::Value answer;
  if (!getUsedSizes(env, info[1], &sizes) || !getInt(env, info[3], &length, "length must be a number") ||
      !getBytes(env, info[2], &bytes, "bytes must be a Uint8Array") || !checkSlice(env, bytes, 0, length) ||
      !getList(info, &list, &answer)) {
    return answer;
  }
  return result(lists_->send(list, sizes.data(), sizes.count(), bytes.data, static_cast<uint64_t>(length)));
}

Napi::Value Pool::listShare(const Napi::CallbackInfo& info) {
  uint64_t list;
  Napi::Value answer;
  if (!getList(info, &list, &answer)) return answer;
  return result(lists_->share(list));
}

Napi::Value Pool::listStore(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes bytes;
  int64_t offset;
  int64_t length;
  if (!getInt(env, info[1], &offset, "offset must be a number") ||
      !getInt(env, info[2], &length, "length must be a number") ||
      !getBytes(env, info[0], &bytes, "bytes must be a Uint8Array") || !checkSlice(env, bytes, offset, length)) {
    return Napi::Value();
  }
  if (memory_ == nullptr) return result(-EBADF);
  return result(lists_->store(bytes.data + offset, static_cast<uint64_t>(length)));
}

Napi::Value Pool::listTake(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  Bytes target;
  Napi::Value answer;
  if (!getBytes(env, info[1], &target, "target must be a Uint8Array") || !getList(info, &list, &answer)) return answer;
  return result(lists_->take(list, target.data, target.length));
}

Napi::Value Pool::listBorrow(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t list;
  int64_t maxSegments;
  Napi::Value answer;
  if (!getInt(env, info[1], &maxSegments, "maxSegments must be a number")) return answer;
  if (!getList(info, &list, &answer)) return answer;
  if (const int rc = lists_->read(list, maxSegments < 0 ? 0 : static_cast<uint64_t>(maxSegments)); rc != 0) {
    return result(rc);
  }
  // From here on only these copies count: setting an element can run script (a setter on Array.prototype), and
  // script can close the pool.
  const std::vector<Segment> segments = lists_->segments();
  const std::shared_ptr<Mapping> mapping = memory_->mapping();
  napi_value views;
  napi_create_array_with_length(env, segments.size(), &views);
  for (uint32_t i = 0; i < segments.size(); ++i) {
    const napi_value view = makeView(env, mapping, mapping->data() + segments[i].data, segments[i].used);
    if (view == nullptr) return answer;
    napi_set_element(env, views, i, view);
  }
  return Napi::Value(env, views);
}

Napi::Value Pool::listRelease(const Napi::CallbackInfo& info) {
  uint64_t list;
  Napi::Value answer;
  if (!detachAll(info.Env(), info[1])) return answer;
  if (!getList(info, &list, &answer)) return answer;
  return result(lists_->release(list));
}

}  // namespace flow_ipc
