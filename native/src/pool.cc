// Pools as seen from JavaScript: blocks, views and atomics.
#include "pool.h"

#include "args.h"
#include "external_view.h"
#include "posix_shm.h"

namespace flow_ipc {

Napi::Function Pool::define(Napi::Env env, AddonState* state) {
  return DefineClass(
      env, "Pool",
      {InstanceMethod<&Pool::freeBytes>("freeBytes"), InstanceMethod<&Pool::allocate>("allocate"),
       InstanceMethod<&Pool::free>("free"), InstanceMethod<&Pool::view>("view"),
       InstanceMethod<&Pool::atomicLoad32>("atomicLoad32"), InstanceMethod<&Pool::atomicAdd32>("atomicAdd32"),
       InstanceMethod<&Pool::listCreate>("listCreate"), InstanceMethod<&Pool::listGrow>("listGrow"),
       InstanceMethod<&Pool::listLend>("listLend"), InstanceMethod<&Pool::listStore>("listStore"),
       InstanceMethod<&Pool::listTake>("listTake"), InstanceMethod<&Pool::listBorrow>("listBorrow"),
       InstanceMethod<&Pool::listRelease>("listRelease"), InstanceMethod<&Pool::close>("close")},
      state);
}

Pool::Pool(const Napi::CallbackInfo& info) : ObjectWrap(info), state_(static_cast<AddonState*>(info.Data())) {
  memory_ = std::move(state_->pendingPool);
  if (memory_ == nullptr) {
    throwType(info.Env(), "a Pool is made by poolCreate() or poolOpen()");
    return;
  }
  lists_ = std::make_unique<SegmentLists>(*memory_);
  const Napi::Number size = Napi::Number::New(info.Env(), static_cast<double>(memory_->size()));
  info.This().As<Napi::Object>().DefineProperties(
      {Napi::PropertyDescriptor::Value("name", info[0], napi_enumerable),
       Napi::PropertyDescriptor::Value("size", size, napi_enumerable)});
}

Pool::~Pool() = default;

Napi::Value Pool::result(int64_t value) const { return Napi::Value(Env(), number(Env(), value)); }

Napi::Value Pool::close(const Napi::CallbackInfo&) {
  lists_.reset();
  memory_.reset();  // the views hold the mapping
  return Napi::Value();
}

Napi::Value Pool::freeBytes(const Napi::CallbackInfo&) {
  return result(memory_ == nullptr ? -EBADF : memory_->freeBytes());
}

Napi::Value Pool::allocate(const Napi::CallbackInfo& info) {
  int64_t bytes;
  if (!getInt(info.Env(), info[0], &bytes, "bytes must be a number")) return Napi::Value();
  if (bytes < 1) return Napi::Value(info.Env(), throwRange(info.Env(), "bytes must be at least 1"));
  return result(memory_ == nullptr ? -EBADF : memory_->allocate(static_cast<uint64_t>(bytes)));
}

Napi::Value Pool::free(const Napi::CallbackInfo& info) {
  int64_t offset;
  if (!getInt(info.Env(), info[0], &offset, "offset must be a number")) return Napi::Value();
  if (memory_ == nullptr) return result(-EBADF);
  return result(offset < 0 ? -EINVAL : memory_->free(static_cast<uint64_t>(offset)));
}

Napi::Value Pool::view(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int64_t offset;
  int64_t length;
  if (!getInt(env, info[0], &offset, "offset must be a number") ||
      !getInt(env, info[1], &length, "length must be a number")) {
    return Napi::Value();
  }
  if (memory_ == nullptr) return Napi::Value(env, throwType(env, "the pool is closed"));
  if (offset < 0 || length < 0 || !memory_->contains(static_cast<uint64_t>(offset), static_cast<uint64_t>(length))) {
    return Napi::Value(env, throwRange(env, "offset and length must lie within the pool"));
  }
  return Napi::Value(env, makeView(env, memory_->mapping(), memory_->base() + offset, static_cast<size_t>(length)));
}

// The word named by the first argument, or null with an exception pending.
uint32_t* Pool::word32(const Napi::CallbackInfo& info) {
  int64_t offset;
  if (!getInt(info.Env(), info[0], &offset, "offset must be a number")) return nullptr;
  if (memory_ == nullptr) {
    throwType(info.Env(), "the pool is closed");
    return nullptr;
  }
  if (offset < 0 || offset % 4 != 0 || !memory_->contains(static_cast<uint64_t>(offset), sizeof(uint32_t))) {
    throwRange(info.Env(), "offset must be a multiple of 4 within the pool");
    return nullptr;
  }
  return reinterpret_cast<uint32_t*>(memory_->base() + offset);
}

Napi::Value Pool::atomicLoad32(const Napi::CallbackInfo& info) {
  const uint32_t* word = word32(info);
  return word == nullptr ? Napi::Value() : result(__atomic_load_n(word, __ATOMIC_ACQUIRE));
}

Napi::Value Pool::atomicAdd32(const Napi::CallbackInfo& info) {
  int64_t delta;
  uint32_t* word = word32(info);
  if (word == nullptr || !getInt(info.Env(), info[1], &delta, "delta must be a number")) return Napi::Value();
  return result(__atomic_fetch_add(word, static_cast<uint32_t>(delta), __ATOMIC_ACQ_REL));
}

namespace {

napi_value wrapPool(napi_env env, AddonState* state, std::unique_ptr<PoolMemory> memory, const std::string& name) {
  state->pendingPool = std::move(memory);
  const Napi::Object pool = state->poolClass.New({Napi::String::New(env, name)});
  state->pendingPool.reset();  // when the constructor did not run
  return pool;
}

}  // namespace

napi_value poolCreate(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  void* data;
  std::string name;
  size_t size;
  int mode;
  int err;
  const char* failed;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getShmArgs(env, argv, &name, &size, &mode)) return nullptr;
  auto memory = PoolMemory::create(name, size, mode, &err, &failed);
  if (memory == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapPool(env, static_cast<AddonState*>(data), std::move(memory), name);
}

napi_value poolOpen(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  void* data;
  std::string name;
  int err;
  const char* failed;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getString(env, argv[0], &name, "name must be a string")) return nullptr;
  auto memory = PoolMemory::open(name, &err, &failed);
  if (memory == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapPool(env, static_cast<AddonState*>(data), std::move(memory), name);
}

}  // namespace flow_ipc
