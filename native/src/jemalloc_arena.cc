// jemalloc arenas with extent hooks.
#include "jemalloc_arena.h"

#include <jemalloc/jemalloc.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "jemalloc_layout.h"

// jemalloc's configuration, compiled in; it reads it when first used.
// retain: empty extents go to JemallocPools, which can remove a pool. muzzy_decay_ms: shared memory knows no lazy
// purging. oversize_threshold: large blocks keep their pages for a while like any other, or every large message would
// cost a page fault per page. narenas: only ours matter.
const char* flow_ipc_je_malloc_conf = "retain:false,muzzy_decay_ms:0,oversize_threshold:0,narenas:1";

namespace flow_ipc {
namespace {

constexpr uint64_t kLargestRequest = uint64_t{1} << 40;
constexpr uint64_t kSmallestRequest = 16;

std::atomic<uint32_t> lastCollectionId{0};

// As jemalloc declares it for experimental.arenas_create_ext.
struct ArenaConfig {
  extent_hooks_t* hooks;
  // False: jemalloc's books about the arena stay in private memory. No peer can look into them, and an arena of which
  // nothing is allocated needs no pool.
  bool metadataUseHooks;
};

}  // namespace

struct JemallocArena::Hooks {
  extent_hooks_t table;  // first: jemalloc hands it to every hook
  JemallocPools* pools;

  static JemallocPools& poolsOf(extent_hooks_t* hooks) { return *reinterpret_cast<Hooks*>(hooks)->pools; }

  // Never waits for anybody: peers are told of a new pool later, by who called the allocator, before the first handle
  // into it leaves. See lend-session.ts for why that is soon enough.
  static void* alloc(extent_hooks_t* hooks, void* address, size_t size, size_t alignment, bool* zero, bool* commit,
                     unsigned) {
    // A place of jemalloc's choice is the one behind a block that is to grow there.
    JemallocPools& pools = poolsOf(hooks);
    void* run = address == nullptr ? pools.take(size, alignment) : pools.takeAt(address, size);
    if (run != nullptr) *zero = *commit = true;
    return run;
  }
  static bool dalloc(extent_hooks_t* hooks, void* address, size_t size, bool, unsigned) {
    poolsOf(hooks).give(address, size);
    return false;
  }
  static void destroy(extent_hooks_t* hooks, void* address, size_t size, bool, unsigned) {
    poolsOf(hooks).give(address, size);
  }
  static bool split(extent_hooks_t*, void*, size_t, size_t, size_t, bool, unsigned) { return false; }
  static bool merge(extent_hooks_t* hooks, void* a, size_t, void* b, size_t, bool, unsigned) {
    return poolsOf(hooks).find(a) != poolsOf(hooks).find(b);  // false: may be joined
  }
};

JemallocArena::JemallocArena(const std::string& poolNameBase, int poolMode)
    : pools_(poolNameBase, poolMode), hooks_(new Hooks{}), collectionId_(++lastCollectionId) {
  hooks_->table.alloc = Hooks::alloc;
  hooks_->table.dalloc = Hooks::dalloc;
  hooks_->table.destroy = Hooks::destroy;
  hooks_->table.split = Hooks::split;
  hooks_->table.merge = Hooks::merge;
  hooks_->pools = &pools_;
}

std::unique_ptr<JemallocArena> JemallocArena::create(const std::string& poolNameBase, int poolMode, int* err) {
  std::unique_ptr<JemallocArena> arena(new JemallocArena(poolNameBase, poolMode));
  *err = arena->start();
  return *err == 0 ? std::move(arena) : nullptr;
}

int JemallocArena::start() {
  ArenaConfig config{&hooks_->table, false};
  size_t size = sizeof index_;
  int rc = flow_ipc_je_mallctl("experimental.arenas_create_ext", &index_, &size, &config, sizeof config);
  if (rc != 0) return rc;
  started_ = true;
  size = sizeof cache_;
  rc = flow_ipc_je_mallctl("tcache.create", &cache_, &size, nullptr, 0);
  if (rc != 0) return rc;
  cached_ = true;
  flags_ = static_cast<int>(MALLOCX_ARENA(index_) | MALLOCX_TCACHE(cache_));
  return 0;
}

JemallocArena::~JemallocArena() {
  pools_.startClosing();
  // First the cache: it holds blocks of the arena.
  if (cached_) flow_ipc_je_mallctl("tcache.destroy", nullptr, nullptr, &cache_, sizeof cache_);
  if (started_) control("destroy");
}

char* JemallocArena::allocate(uint64_t bytes) {
  pools_.forgetError();
  // Beyond this jemalloc has no size class, and says nothing of it.
  if (bytes > kLargestRequest) return nullptr;
  return static_cast<char*>(flow_ipc_je_mallocx(std::max(bytes, kSmallestRequest), flags_));
}

void JemallocArena::free(char* block) { flow_ipc_je_dallocx(block, flags_); }

bool JemallocArena::extend(char* block, uint64_t bytes) {
  if (flow_ipc_je_sallocx(block, flags_) >= bytes) return true;
  if (bytes > kLargestRequest) return false;
  return flow_ipc_je_xallocx(block, bytes, 0, flags_) >= bytes;
}

bool JemallocArena::shrink(char* block, uint64_t bytes) {
  if (bytes > kLargestRequest) return true;
  bytes = std::max(bytes, kSmallestRequest);
  const uint64_t wanted = flow_ipc_je_nallocx(bytes, flags_);
  if (flow_ipc_je_sallocx(block, flags_) <= wanted) return true;
  return flow_ipc_je_xallocx(block, bytes, 0, flags_) <= wanted;
}

int JemallocArena::control(const char* what) const {
  const std::string name = "arena." + std::to_string(index_) + '.' + what;
  return flow_ipc_je_mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
}

void JemallocArena::decay() { control("decay"); }

void JemallocArena::purge() {
  unsigned cache = cache_;
  flow_ipc_je_mallctl("tcache.flush", nullptr, nullptr, &cache, sizeof cache);
  control("purge");
}

uint64_t JemallocArena::toAddress(const char* at) const {
  const OwnPool* pool = pools_.find(at);
  return pool == nullptr ? 0 : (uint64_t{pool->window} << kWindowBits) + static_cast<uint64_t>(at - pool->base());
}

char* JemallocArena::toPointer(uint64_t address, uint64_t length) const {
  const OwnPool* pool = pools_.window(address >> kWindowBits);
  const uint64_t offset = address & kWindowMask;
  if (pool == nullptr || offset > pool->size() || length > pool->size() - offset) return nullptr;
  return pool->base() + offset;
}

uint64_t JemallocArena::figure(const char* what) const {
  const std::string name = "stats.arenas." + std::to_string(index_) + '.' + what;
  size_t value = 0;
  size_t size = sizeof value;
  flow_ipc_je_mallctl(name.c_str(), &value, &size, nullptr, 0);
  return value;
}

JemallocStats JemallocArena::stats() const {
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  flow_ipc_je_mallctl("epoch", &epoch, &size, &epoch, sizeof epoch);
  size_t page = 4096;
  size = sizeof page;
  flow_ipc_je_mallctl("arenas.page", &page, &size, nullptr, 0);
  return {figure("small.allocated") + figure("large.allocated"), figure("pactive") * page, figure("pdirty") * page,
          figure("resident")};
}

}  // namespace flow_ipc
