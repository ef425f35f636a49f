// Arenas as seen from JavaScript: blocks, views, pools, statistics.
#include "jemalloc_object.h"

#include <cerrno>

#include "args.h"
#include "external_view.h"
#include "jemalloc_layout.h"
#include "wrapped.h"

namespace flow_ipc {

Napi::Function OwnArena::define(Napi::Env env, AddonState* state) {
  return DefineClass(
      env, "OwnArena",
      {InstanceMethod<&OwnArena::allocate>("allocate"), InstanceMethod<&OwnArena::allocateMany>("allocateMany"),
       InstanceMethod<&OwnArena::free>("free"), InstanceMethod<&OwnArena::freeMany>("freeMany"),
       InstanceMethod<&OwnArena::extend>("extend"), InstanceMethod<&OwnArena::shrink>("shrink"),
       InstanceMethod<&OwnArena::view>("view"), InstanceMethod<&OwnArena::handle>("handle"),
       InstanceMethod<&OwnArena::takePoolEvents>("takePoolEvents"), InstanceMethod<&OwnArena::pools>("pools"),
       InstanceMethod<&OwnArena::stats>("stats"), InstanceMethod<&OwnArena::decay>("decay"),
       InstanceMethod<&OwnArena::purge>("purge"), InstanceMethod<&OwnArena::listCreate>("listCreate"),
       InstanceMethod<&OwnArena::listGrow>("listGrow"), InstanceMethod<&OwnArena::listLend>("listLend"),
       InstanceMethod<&OwnArena::listStore>("listStore"), InstanceMethod<&OwnArena::listRelease>("listRelease"),
       InstanceMethod<&OwnArena::close>("close")},
      state);
}

OwnArena::OwnArena(const Napi::CallbackInfo& info) : ObjectWrap(info), state_(static_cast<AddonState*>(info.Data())) {
  if (!isWrapped(*this)) return;
  const Napi::Env env = info.Env();
  std::string base;
  int64_t mode;
  int err;
  if (!getString(env, info[0], &base, "poolNameBase must be a string") ||
      !getInt(env, info[1], &mode, "mode must be a number")) {
    return;
  }
  if (mode < 0 || mode > 0777) {
    throwRange(env, "mode must be from 0 to 0o777");
    return;
  }
  arena_ = JemallocArena::create(base, static_cast<int>(mode), &err);
  if (arena_ == nullptr) {
    throwErrno(env, err, "jemalloc", "cannot make an arena");
    return;
  }
  lists_ = std::make_unique<JemallocLists>(*arena_);
  table_ = state_->arenas;
  index_ = table_->add(this);
  const Napi::Number index = Napi::Number::New(env, static_cast<double>(index_));
  info.This().As<Napi::Object>().DefineProperties(
      {Napi::PropertyDescriptor::Value("collectionId", Napi::Number::New(env, arena_->collectionId()), napi_enumerable),
       Napi::PropertyDescriptor::Value("index", index, napi_enumerable)});
}

OwnArena::~OwnArena() {
  if (table_ != nullptr) table_->remove(index_);
}

Napi::Value OwnArena::close(const Napi::CallbackInfo&) {
  lists_.reset();
  arena_.reset();  // views hold the mappings
  return Napi::Value();
}

void OwnArena::tellPoolEvents() {
  if (arena_ == nullptr) return;
  state_->out()[AddonState::kPoolEvents] = static_cast<double>(arena_->pools().pendingEvents());
}

Napi::Value OwnArena::result(int64_t value) {
  tellPoolEvents();
  return Napi::Value(Env(), number(Env(), value));
}

bool OwnArena::getAddress(const Napi::CallbackInfo& info, uint64_t* address, Napi::Value* answer) {
  int64_t value;
  if (!getInt(info.Env(), info[0], &value, "address must be a number")) return false;
  if (arena_ == nullptr || value < 0) {
    *answer = result(arena_ == nullptr ? -EBADF : -EINVAL);
    return false;
  }
  *address = static_cast<uint64_t>(value);
  return true;
}

void OwnArena::tellHandle(uint64_t address) {
  const OwnPool* pool = arena_->pools().window(address >> kWindowBits);
  state_->out()[AddonState::kPoolId] = pool == nullptr ? 0 : pool->id;
  state_->out()[AddonState::kPoolOffset] = static_cast<double>(address & kWindowMask);
}

Napi::Value OwnArena::bufferView(const char* at, uint64_t length) {
  const OwnPool* pool = arena_->pools().find(at);
  return Napi::Value(Env(), makeView(Env(), pool->mapping, const_cast<char*>(at), length));
}

Napi::Value OwnArena::allocate(const Napi::CallbackInfo& info) {
  int64_t bytes;
  if (!getInt(info.Env(), info[0], &bytes, "bytes must be a number")) return Napi::Value();
  if (bytes < 1) return Napi::Value(info.Env(), throwRange(info.Env(), "bytes must be at least 1"));
  return result(arena_ == nullptr ? -EBADF : lists_->allocate(static_cast<uint64_t>(bytes)));
}

Napi::Value OwnArena::free(const Napi::CallbackInfo& info) {
  uint64_t block;
  Napi::Value answer;
  if (!getAddress(info, &block, &answer)) return answer;
  return result(lists_->free(block));
}

Napi::Value OwnArena::extend(const Napi::CallbackInfo& info) { return resize(info, &JemallocLists::extend); }

Napi::Value OwnArena::shrink(const Napi::CallbackInfo& info) { return resize(info, &JemallocLists::shrink); }

// (address, bytes)
Napi::Value OwnArena::resize(const Napi::CallbackInfo& info,
                             int (JemallocLists::*how)(uint64_t block, uint64_t bytes)) {
  uint64_t block;
  int64_t bytes;
  Napi::Value answer;
  if (!getInt(info.Env(), info[1], &bytes, "bytes must be a number")) return answer;
  if (bytes < 1) return Napi::Value(info.Env(), throwRange(info.Env(), "bytes must be at least 1"));
  if (!getAddress(info, &block, &answer)) return answer;
  return result((lists_.get()->*how)(block, static_cast<uint64_t>(bytes)));
}

namespace {

// The elements of a Float64Array, or null with a TypeError pending.
double* getDoubles(napi_env env, napi_value value, size_t* length) {
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array) {
    throwType(env, "addresses must be a Float64Array");
    return nullptr;
  }
  static double none;
  return data == nullptr ? &none : static_cast<double*>(data);
}

}  // namespace

Napi::Value OwnArena::allocateMany(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int64_t bytes;
  size_t count;
  if (!getInt(env, info[0], &bytes, "bytes must be a number")) return Napi::Value();
  if (bytes < 1) return Napi::Value(env, throwRange(env, "bytes must be at least 1"));
  double* addresses = getDoubles(env, info[1], &count);
  if (addresses == nullptr) return Napi::Value();
  if (arena_ == nullptr) return result(-EBADF);
  for (size_t i = 0; i < count; ++i) {
    const int64_t block = lists_->allocate(static_cast<uint64_t>(bytes));
    if (block < 0) {
      while (i > 0) lists_->free(static_cast<uint64_t>(addresses[--i]));
      return result(block);
    }
    addresses[i] = static_cast<double>(block);
  }
  return result(0);
}

Napi::Value OwnArena::freeMany(const Napi::CallbackInfo& info) {
  size_t count;
  const double* addresses = getDoubles(info.Env(), info[0], &count);
  if (addresses == nullptr) return Napi::Value();
  if (arena_ == nullptr) return result(-EBADF);
  int64_t freed = 0;
  for (size_t i = 0; i < count; ++i) {
    const bool exact = addresses[i] >= 0 && addresses[i] < 9007199254740992.0;
    if (exact && lists_->free(static_cast<uint64_t>(addresses[i])) == 0) ++freed;
  }
  return result(freed);
}

Napi::Value OwnArena::view(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t address;
  int64_t length;
  Napi::Value answer;
  if (!getInt(env, info[1], &length, "length must be a number")) return answer;
  if (arena_ == nullptr) return Napi::Value(env, throwType(env, "the arena is closed"));
  if (!getAddress(info, &address, &answer) && env.IsExceptionPending()) return answer;
  const char* at = !answer.IsEmpty() || length < 0 ? nullptr
                                                   : arena_->toPointer(address, static_cast<uint64_t>(length));
  if (at == nullptr) return Napi::Value(env, throwRange(env, "address and length must lie within a pool"));
  const OwnPool* pool = arena_->pools().window(address >> kWindowBits);
  return Napi::Value(env, makeView(env, pool->mapping, const_cast<char*>(at), static_cast<size_t>(length)));
}

Napi::Value OwnArena::handle(const Napi::CallbackInfo& info) {
  uint64_t address;
  Napi::Value answer;
  if (!getAddress(info, &address, &answer)) return answer;
  if (arena_->toPointer(address, 1) == nullptr) return result(-EINVAL);
  tellHandle(address);
  return result(0);
}

namespace {

Napi::Object describePool(Napi::Env env, uint32_t id, uint32_t window, uint64_t size, const std::string& name) {
  Napi::Object pool = Napi::Object::New(env);
  pool["id"] = Napi::Number::New(env, id);
  pool["window"] = Napi::Number::New(env, window);
  pool["size"] = Napi::Number::New(env, static_cast<double>(size));
  pool["name"] = Napi::String::New(env, name);
  return pool;
}

}  // namespace

Napi::Value OwnArena::takePoolEvents(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array events = Napi::Array::New(env);
  if (arena_ == nullptr) return events;
  uint32_t i = 0;
  for (const PoolEvent& event : arena_->pools().takeEvents()) {
    Napi::Object pool = describePool(env, event.id, event.window, event.size, event.name);
    pool["created"] = Napi::Boolean::New(env, event.created);
    events[i++] = pool;
  }
  state_->out()[AddonState::kPoolEvents] = 0;
  return events;
}

Napi::Value OwnArena::pools(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array pools = Napi::Array::New(env);
  if (arena_ == nullptr) return pools;
  uint32_t i = 0;
  for (const auto& entry : arena_->pools().all()) {
    const OwnPool& pool = *entry.second;
    Napi::Object described = describePool(env, pool.id, pool.window, pool.size(), pool.name);
    described["used"] = Napi::Number::New(env, static_cast<double>(pool.used));
    pools[i++] = described;
  }
  return pools;
}

Napi::Value OwnArena::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (arena_ == nullptr) return result(-EBADF);
  const JemallocStats figures = arena_->stats();
  const auto set = [&](Napi::Object& object, const char* name, uint64_t value) {
    object[name] = Napi::Number::New(env, static_cast<double>(value));
  };
  Napi::Object stats = Napi::Object::New(env);
  set(stats, "allocated", figures.allocated);
  set(stats, "active", figures.active);
  set(stats, "dirty", figures.dirty);
  set(stats, "resident", figures.resident);
  set(stats, "mapped", arena_->pools().mappedBytes());
  set(stats, "pools", arena_->pools().count());
  set(stats, "objects", lists_->blocks());
  return stats;
}

Napi::Value OwnArena::decay(const Napi::CallbackInfo&) {
  if (arena_ == nullptr) return result(-EBADF);
  arena_->decay();
  return result(0);
}

Napi::Value OwnArena::purge(const Napi::CallbackInfo&) {
  if (arena_ == nullptr) return result(-EBADF);
  arena_->purge();
  return result(0);
}

}  // namespace flow_ipc
