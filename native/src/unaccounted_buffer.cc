// V8's ArrayBuffer::New() over a backing store with the empty deleter.
#include "unaccounted_buffer.h"

#include <dlfcn.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace flow_ipc {
namespace {

using Deleter = void (*)(void* data, size_t length, void* hint);

// Stands for v8::BackingStore, of which we hold pointers only.
struct Store;
struct NeverDelete {
  void operator()(Store*) const {}
};
// In memory and in calls the same as V8's unique_ptr with the default deleter.
using StorePtr = std::unique_ptr<Store, NeverDelete>;

struct Engine {
  void (*destroyStore)(Store*) = nullptr;
  StorePtr (*newStore)(void*, size_t, Deleter, void*) = nullptr;
  Deleter emptyDeleter = nullptr;
  void* (*currentIsolate)() = nullptr;
  // A v8::Local is one pointer, which is what a napi_value is.
  napi_value (*newBuffer)(void* isolate, std::shared_ptr<Store>) = nullptr;
  bool complete = false;
};

template <typename F>
bool find(const char* symbol, F* function) {
  *function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, symbol));
  return *function != nullptr;
}

Engine lookUp() {
  Engine e;
  e.complete = find("_ZN2v812BackingStoreD1Ev", &e.destroyStore) &&
               find("_ZN2v811ArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_", &e.newStore) &&
               find("_ZN2v812BackingStore12EmptyDeleterEPvmS1_", &e.emptyDeleter) &&
               find("_ZN2v87Isolate10GetCurrentEv", &e.currentIsolate) &&
               find("_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE", &e.newBuffer);
  return e;
}

// The same for every thread of the process.
const Engine& engine() {
  static const Engine found = lookUp();
  return found;
}

bool isTestedNode(napi_env env) {
  constexpr uint32_t kTestedMajors[] = {20, 22, 24, 26};
  const napi_node_version* version = nullptr;
  if (napi_get_node_version(env, &version) != napi_ok) return false;
  return std::find(std::begin(kTestedMajors), std::end(kTestedMajors), version->major) != std::end(kTestedMajors);
}

}  // namespace

napi_value makeUnaccountedBuffer(napi_env env, void* data, size_t length, std::shared_ptr<void> owner) {
  if (!engine().complete || !isTestedNode(env)) return nullptr;
  Store* store = engine().newStore(data, length, engine().emptyDeleter, nullptr).release();
  if (store == nullptr) return nullptr;
  // V8 shares our control block, so the owner goes with the last reference to the store.
  std::shared_ptr<Store> shared(store, [owner = std::move(owner)](Store* last) {
    engine().destroyStore(last);
    ::operator delete(last);
  });
  return engine().newBuffer(engine().currentIsolate(), std::move(shared));
}

}  // namespace flow_ipc
