// Pools as seen from JavaScript: blocks, views and atomics.
#include "pool.h"

#include "args.h"
#include "external_view.h"
#include "posix_shm.h"
#include "wrapped.h"

namespace flow_ipc {

Napi::Function Pool::define(Napi::Env env, AddonState* state) {
  return DefineClass(
      env, "Pool",
      {InstanceMethod<&Pool::freeBytes>("freeBytes"), InstanceMethod<&Pool::blockCounts>("blockCounts"),
       InstanceMethod<&Pool::allocate>("allocate"), InstanceMethod<&Pool::allocateMany>("allocateMany"),
       InstanceMethod<&Pool::free>("free"), InstanceMethod<&Pool::freeMany>("freeMany"),
       InstanceMethod<&Pool::extend>("extend"), InstanceMethod<&Pool::shrink>("shrink"),
       InstanceMethod<&Pool::view>("view"), InstanceMethod<&Pool::backing>("backing"),
       InstanceMethod<&Pool::usable>("usable"),
       InstanceMethod<&Pool::atomicLoad32>("atomicLoad32"), InstanceMethod<&Pool::atomicAdd32>("atomicAdd32"),
       InstanceMethod<&Pool::listCreate>("listCreate"), InstanceMethod<&Pool::listGrow>("listGrow"),
       InstanceMethod<&Pool::listLend>("listLend"), InstanceMethod<&Pool::listShare>("listShare"),
       InstanceMethod<&Pool::listBuild>("listBuild"), InstanceMethod<&Pool::listSend>("listSend"),
       InstanceMethod<&Pool::listStore>("listStore"),
       InstanceMethod<&Pool::listTake>("listTake"), InstanceMethod<&Pool::listBorrow>("listBorrow"),
       InstanceMethod<&Pool::listRelease>("listRelease"), InstanceMethod<&Pool::objectCreate>("objectCreate"),
       InstanceMethod<&Pool::objectLend>("objectLend"), InstanceMethod<&Pool::objectCheck>("objectCheck"),
       InstanceMethod<&Pool::objectDrop>("objectDrop"), InstanceMethod<&Pool::objectOwners>("objectOwners"),
       InstanceMethod<&Pool::lockTry>("lockTry"), InstanceMethod<&Pool::lockTake>("lockTake"),
       InstanceMethod<&Pool::lockRelease>("lockRelease"), InstanceMethod<&Pool::lockAwait>("lockAwait"),
       InstanceMethod<&Pool::futexWait>("futexWait"), InstanceMethod<&Pool::futexAwait>("futexAwait"),
       InstanceMethod<&Pool::futexWake>("futexWake"), InstanceMethod<&Pool::close>("close")},
      state);
}

Pool::Pool(const Napi::CallbackInfo& info) : ObjectWrap(info), state_(static_cast<AddonState*>(info.Data())) {
  if (!isWrapped(*this)) return;
  memory_ = std::move(state_->pendingPool);
  if (memory_ == nullptr) {
    throwType(info.Env(), "a Pool is made by poolCreate() or poolOpen()");
    return;
  }
  lists_ = std::make_unique<SegmentLists>(*memory_);
  spares_ = std::make_unique<SpareLists>(*memory_, *lists_);
  memory_->onFull([this] { return spares_ != nullptr && spares_->giveBack() > 0; });
  objects_ = std::make_unique<SharedObjects>(*memory_);
  table_ = state_->pools;
  index_ = table_->add(this);
  const Napi::Number index = Napi::Number::New(info.Env(), static_cast<double>(index_));
  const Napi::Number size = Napi::Number::New(info.Env(), static_cast<double>(memory_->size()));
  info.This().As<Napi::Object>().DefineProperties(
      {Napi::PropertyDescriptor::Value("name", info[0], napi_enumerable),
       Napi::PropertyDescriptor::Value("size", size, napi_enumerable),
       Napi::PropertyDescriptor::Value("index", index, napi_enumerable)});
}

Pool::~Pool() {
  abandonLocks();
  if (table_ != nullptr) table_->remove(index_);
}

Napi::Value Pool::result(int64_t value) const { return Napi::Value(Env(), number(Env(), value)); }

Napi::Value Pool::close(const Napi::CallbackInfo&) {
  abandonLocks();
  spares_.reset();
  lists_.reset();
  objects_.reset();
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

Napi::Value Pool::extend(const Napi::CallbackInfo& info) { return resize(info, &PoolMemory::extend); }

Napi::Value Pool::shrink(const Napi::CallbackInfo& info) { return resize(info, &PoolMemory::shrink); }

// (offset, bytes)
Napi::Value Pool::resize(const Napi::CallbackInfo& info, int (PoolMemory::*how)(uint64_t offset, uint64_t bytes)) {
  int64_t offset;
  int64_t bytes;
  if (!getInt(info.Env(), info[0], &offset, "offset must be a number") ||
      !getInt(info.Env(), info[1], &bytes, "bytes must be a number")) {
    return Napi::Value();
  }
  if (bytes < 1) return Napi::Value(info.Env(), throwRange(info.Env(), "bytes must be at least 1"));
  if (memory_ == nullptr) return result(-EBADF);
  if (offset < 0) return result(-EINVAL);
  return result((memory_.get()->*how)(static_cast<uint64_t>(offset), static_cast<uint64_t>(bytes)));
}

// Offsets as JavaScript hands them over in bulk: an array of doubles.
namespace {

bool getOffsets(napi_env env, napi_value value, double** offsets, size_t* count) {
  napi_typedarray_type type;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, count, &data, nullptr, nullptr) == napi_ok &&
      type == napi_float64_array) {
    *offsets = static_cast<double*>(data);
    return true;
  }
  throwType(env, "offsets must be a Float64Array");
  return false;
}

}  // namespace

Napi::Value Pool::allocateMany(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int64_t bytes;
  double* offsets;
  size_t count;
  if (!getInt(env, info[0], &bytes, "bytes must be a number") || !getOffsets(env, info[1], &offsets, &count)) {
    return Napi::Value();
  }
  if (bytes < 1) return Napi::Value(env, throwRange(env, "bytes must be at least 1"));
  if (memory_ == nullptr) return result(-EBADF);
  std::vector<uint64_t> blocks(count);
  const int rc = memory_->allocateMany(static_cast<uint64_t>(bytes), &blocks);
  for (size_t i = 0; i < count && rc == 0; ++i) offsets[i] = static_cast<double>(blocks[i]);
  return result(rc);
}

Napi::Value Pool::freeMany(const Napi::CallbackInfo& info) {
  double* offsets;
  size_t count;
  if (!getOffsets(info.Env(), info[0], &offsets, &count)) return Napi::Value();
  if (memory_ == nullptr) return result(-EBADF);
  std::vector<uint64_t> blocks(count);
  for (size_t i = 0; i < count; ++i) {
    // 0 is no block, and neither is what is no offset at all.
    const bool possible = offsets[i] >= 0 && offsets[i] < static_cast<double>(memory_->size());
    blocks[i] = possible ? static_cast<uint64_t>(offsets[i]) : 0;
  }
  return result(memory_->freeMany(blocks));
}

Napi::Value Pool::blockCounts(const Napi::CallbackInfo& info) {
  double* values;
  size_t count;
  if (!getOffsets(info.Env(), info[0], &values, &count)) return Napi::Value();
  if (count < 5) return Napi::Value(info.Env(), throwRange(info.Env(), "there must be room for 5 numbers"));
  if (memory_ == nullptr) return result(-EBADF);
  BlockCounts counts;
  const int rc = memory_->count(&counts);
  if (rc != 0) return result(rc);
  values[0] = static_cast<double>(counts.used);
  values[1] = static_cast<double>(counts.usedBytes);
  values[2] = static_cast<double>(counts.free);
  values[3] = static_cast<double>(counts.freeBytes);
  values[4] = static_cast<double>(counts.largestFree);
  return result(0);
}

Napi::Value Pool::backing(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (memory_ == nullptr) return Napi::Value(env, throwType(env, "the pool is closed"));
  const Backing& backing = memory_->backing();
  return Napi::Value(env, makeView(env, backing.table(), backing.table().get(), backing.chunks()));
}

Napi::Value Pool::usable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int64_t offset;
  int64_t length;
  if (!getInt(env, info[0], &offset, "offset must be a number") ||
      !getInt(env, info[1], &length, "length must be a number")) {
    return Napi::Value();
  }
  const bool inside = memory_ != nullptr && offset >= 0 && length >= 1 &&
                      memory_->contains(static_cast<uint64_t>(offset), static_cast<uint64_t>(length));
  return Napi::Boolean::New(
      env, inside && memory_->backing().usable(static_cast<uint64_t>(offset), static_cast<uint64_t>(length)));
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

namespace {

// (name, size, mode, commit)
napi_value makePool(napi_env env, napi_callback_info info,
                    std::unique_ptr<PoolMemory> (*make)(const std::string&, const PoolMemory::Creation&, int*,
                                                        const char**)) {
  size_t argc = 4;
  napi_value argv[4];
  void* data;
  std::string name;
  PoolMemory::Creation how;
  int err;
  const char* failed;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getShmArgs(env, argv, &name, &how.size, &how.mode)) return nullptr;
  if (!getOption(env, argv[3], &how.commit, "commit must be a boolean")) return nullptr;
  auto memory = make(name, how, &err, &failed);
  if (memory == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapPool(env, static_cast<AddonState*>(data), std::move(memory), name);
}

}  // namespace

napi_value poolCreate(napi_env env, napi_callback_info info) { return makePool(env, info, PoolMemory::create); }

napi_value poolOpenOrCreate(napi_env env, napi_callback_info info) {
  return makePool(env, info, PoolMemory::openOrCreate);
}

napi_value poolOpen(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  void* data;
  std::string name;
  bool readOnly;
  int err;
  const char* failed;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  if (!getString(env, argv[0], &name, "name must be a string") ||
      !getOption(env, argv[1], &readOnly, "readOnly must be a boolean")) {
    return nullptr;
  }
  auto memory = PoolMemory::open(name, readOnly, &err, &failed);
  if (memory == nullptr) return throwErrno(env, err, failed, name.c_str());
  return wrapPool(env, static_cast<AddonState*>(data), std::move(memory), name);
}

napi_value detachBuffers(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  uint32_t count;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (napi_get_array_length(env, argv[0], &count) != napi_ok) return throwType(env, "buffers must be an array");
  for (uint32_t i = 0; i < count; ++i) {
    napi_value buffer;
    bool isBuffer = false;
    if (napi_get_element(env, argv[0], i, &buffer) != napi_ok) return nullptr;
    napi_is_arraybuffer(env, buffer, &isBuffer);
    if (!isBuffer) return throwType(env, "buffers must hold ArrayBuffers");
    napi_detach_arraybuffer(env, buffer);
  }
  return nullptr;
}

}  // namespace flow_ipc
