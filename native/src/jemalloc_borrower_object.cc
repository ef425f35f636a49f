// A peer's pools as seen from JavaScript.
#include "jemalloc_borrower_object.h"

#include <cerrno>

#include "args.h"
#include "external_view.h"
#include "jemalloc_layout.h"
#include "wrapped.h"

namespace flow_ipc {

Napi::Function BorrowedPools::define(Napi::Env env, AddonState* state) {
  return DefineClass(env, "BorrowedPools",
                     {InstanceMethod<&BorrowedPools::addPool>("addPool"),
                      InstanceMethod<&BorrowedPools::removePool>("removePool"),
                      InstanceMethod<&BorrowedPools::refresh>("refresh"),
                      InstanceMethod<&BorrowedPools::listBorrow>("listBorrow"),
                      InstanceMethod<&BorrowedPools::view>("view"), InstanceMethod<&BorrowedPools::close>("close")},
                     state);
}

BorrowedPools::BorrowedPools(const Napi::CallbackInfo& info)
    : ObjectWrap(info), state_(static_cast<AddonState*>(info.Data())) {
  if (!isWrapped(*this)) return;
  table_ = state_->borrowedPools;
  index_ = table_->add(this);
  info.This().As<Napi::Object>().DefineProperty(Napi::PropertyDescriptor::Value(
      "index", Napi::Number::New(info.Env(), static_cast<double>(index_)), napi_enumerable));
}

Napi::Value BorrowedPools::result(int64_t value) const { return Napi::Value(Env(), number(Env(), value)); }

Napi::Value BorrowedPools::close(const Napi::CallbackInfo&) {
  pools_.reset();  // views hold the mappings
  return Napi::Value();
}

namespace {

// Two ids that the peer chose: anything that is no uint32 names no pool, which UINT32_MAX does not either.
bool getIds(const Napi::CallbackInfo& info, uint32_t* collection, uint32_t* pool) {
  int64_t values[2];
  if (!getInt(info.Env(), info[0], &values[0], "collectionId must be a number") ||
      !getInt(info.Env(), info[1], &values[1], "poolId must be a number")) {
    return false;
  }
  const auto id = [](int64_t value) {
    return value < 0 || value > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(value);
  };
  *collection = id(values[0]);
  *pool = id(values[1]);
  return true;
}

}  // namespace

Napi::Value BorrowedPools::addPool(const Napi::CallbackInfo& info) {
  uint32_t collection;
  uint32_t pool;
  std::string name;
  int64_t size;
  if (!getIds(info, &collection, &pool) || !getString(info.Env(), info[2], &name, "name must be a string") ||
      !getInt(info.Env(), info[3], &size, "size must be a number")) {
    return Napi::Value();
  }
  if (pools_ == nullptr) return result(-EBADF);
  return result(size < 0 ? -EINVAL : pools_->add(collection, pool, name, static_cast<uint64_t>(size)));
}

Napi::Value BorrowedPools::removePool(const Napi::CallbackInfo& info) {
  uint32_t collection;
  uint32_t pool;
  if (!getIds(info, &collection, &pool)) return Napi::Value();
  return Napi::Boolean::New(info.Env(), pools_ != nullptr && pools_->remove(collection, pool));
}

Napi::Value BorrowedPools::refresh(const Napi::CallbackInfo&) {
  if (pools_ != nullptr) pools_->refresh();
  return Napi::Value();
}

Napi::Value BorrowedPools::listBorrow(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t collection;
  uint32_t pool;
  int64_t offset;
  int64_t maxSegments;
  if (!getIds(info, &collection, &pool) || !getInt(env, info[2], &offset, "offset must be a number") ||
      !getInt(env, info[3], &maxSegments, "maxSegments must be a number")) {
    return Napi::Value();
  }
  if (pools_ == nullptr) return result(-EBADF);
  const uint64_t most = maxSegments < 0 ? 0 : static_cast<uint64_t>(maxSegments);
  const int code = offset < 0 ? -EINVAL : pools_->read(collection, pool, static_cast<uint64_t>(offset), most);
  if (code != 0) {
    state_->out()[AddonState::kPoolId] = pools_->missing();
    return result(code);
  }
  // A copy: setting an element can run script (a setter on Array.prototype), and script can close or read again.
  const std::vector<BorrowedSegment> segments = pools_->segments();
  napi_value views;
  napi_create_array_with_length(env, segments.size(), &views);
  for (uint32_t i = 0; i < segments.size(); ++i) {
    const napi_value view = makeView(env, segments[i].mapping, segments[i].data, segments[i].length);
    if (view == nullptr) return Napi::Value();
    napi_set_element(env, views, i, view);
  }
  return Napi::Value(env, views);
}

Napi::Value BorrowedPools::view(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int64_t address;
  int64_t length;
  if (!getInt(env, info[0], &address, "address must be a number") ||
      !getInt(env, info[1], &length, "length must be a number")) {
    return Napi::Value();
  }
  if (pools_ == nullptr) return Napi::Value(env, throwType(env, "the pools are closed"));
  const auto mapping = address < 0 ? nullptr : pools_->window(static_cast<uint64_t>(address) >> kWindowBits);
  const uint64_t offset = static_cast<uint64_t>(address) & kWindowMask;
  if (mapping == nullptr || length < 0 || offset > mapping->size ||
      static_cast<uint64_t>(length) > mapping->size - offset) {
    return Napi::Value(env, throwRange(env, "address and length must lie within a pool"));
  }
  return Napi::Value(env, makeView(env, mapping, mapping->data + offset, static_cast<size_t>(length)));
}

}  // namespace flow_ipc
