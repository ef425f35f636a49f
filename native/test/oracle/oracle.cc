// Oracle: plain Boost.Interprocess and real container types, against which the addon's pools and lists are tested.
// Usage: oracle <command> <pool> [arguments]; results go to standard output, one line.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <boost/interprocess/containers/list.hpp>
#include <boost/interprocess/indexes/null_index.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>

namespace bipc = boost::interprocess;
using Pool = bipc::basic_managed_shared_memory<char, bipc::rbtree_best_fit<bipc::mutex_family>, bipc::null_index>;

static Pool* activePool;

// Stateless: allocates in the active pool.
template <typename T>
struct PoolAllocator {
  using value_type = T;
  using pointer = bipc::offset_ptr<T>;
  using const_pointer = bipc::offset_ptr<const T>;
  using size_type = size_t;
  using difference_type = ptrdiff_t;
  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) {}
  template <typename U>
  struct rebind {
    using other = PoolAllocator<U>;
  };
  pointer allocate(size_t n) { return pointer(static_cast<T*>(activePool->allocate(n * sizeof(T)))); }
  void deallocate(pointer p, size_t) { activePool->deallocate(p.get()); }
  bool operator==(const PoolAllocator&) const { return true; }
  bool operator!=(const PoolAllocator&) const { return false; }
};

// A growable buffer as the C++ library's is laid out: an allocator, an owning pointer whose deleter remembers
// allocator and size, then capacity, start and size.
class Blob {
 public:
  explicit Blob(size_t capacity)
      : bytes_(allocator_.allocate(capacity), Deleter(allocator_, capacity)), capacity_(capacity) {
    std::memset(data(), 0, capacity);
  }
  uint8_t* data() { return bytes_.get().get() + start_; }
  size_t size() const { return size_; }
  void resize(size_t size) { size_ = size; }

 private:
  struct Deleter {
    using pointer = bipc::offset_ptr<uint8_t>;
    Deleter() = default;
    Deleter(const PoolAllocator<uint8_t>& allocator, size_t size) : allocator_(allocator), size_(size) {}
    void operator()(pointer p) { allocator_->deallocate(p, size_); }
    std::optional<PoolAllocator<uint8_t>> allocator_;
    size_t size_ = 0;
  };
  alignas(8) PoolAllocator<uint8_t> allocator_;
  std::unique_ptr<uint8_t[], Deleter> bytes_;
  size_t capacity_;
  size_t start_ = 0;
  size_t size_ = 0;
};

struct Holder {
  bipc::list<Blob, PoolAllocator<Blob>> list;
  std::atomic<unsigned int> owners{1};
};
static_assert(sizeof(Blob) == 56 && sizeof(Holder) == 32, "the layout of flow-ipc-protocol 6.3");

static std::string hex(const uint8_t* data, size_t n) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < n; ++i) (text += digits[data[i] >> 4]) += digits[data[i] & 15];
  return text;
}

// Where it is; whether it could.
static bool resize(Pool& pool, bool extend, void* block, size_t bytes) {
  auto* manager = pool.get_segment_manager();
  size_t received = bytes;
  return manager->raw_allocation_command((extend ? bipc::expand_fwd : bipc::shrink_in_place) | bipc::nothrow_allocation,
                                         extend ? bytes : manager->size(block), received, block) != nullptr;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string command = argv[1];
  const char* name = argv[2];
  const auto number = [&](int i) { return argc > i ? std::stoll(argv[i]) : 0; };

  if (command == "create") {  // <size>: prints free bytes
    Pool pool(bipc::create_only, name, static_cast<size_t>(number(3)));
    std::cout << pool.get_free_memory() << std::endl;
    return 0;
  }
  Pool pool(bipc::open_only, name);
  activePool = &pool;
  auto* base = static_cast<uint8_t*>(pool.get_address());

  if (command == "exercise") {  // allocates and frees 2000 blocks: prints sanity and free bytes before and after
    const size_t before = pool.get_free_memory();
    void* blocks[500] = {};
    for (int i = 0; i < 2000; ++i) {
      void*& slot = blocks[(i * 7919) % 500];
      if (slot != nullptr) pool.deallocate(slot);
      const size_t size = 1 + static_cast<size_t>(i) * 37 % 900;
      slot = pool.allocate(size);
      std::memset(slot, i, size);
    }
    const bool middle = pool.check_sanity();
    for (void* block : blocks) {
      if (block != nullptr) pool.deallocate(block);
    }
    std::cout << middle << ' ' << pool.check_sanity() << ' ' << before << ' ' << pool.get_free_memory() << std::endl;
  } else if (command == "sanity") {
    std::cout << pool.check_sanity() << ' ' << pool.get_free_memory() << std::endl;
  } else if (command == "allocate") {  // <bytes> <fill>: prints the offset
    auto* block = static_cast<uint8_t*>(pool.allocate(static_cast<size_t>(number(3))));
    std::memset(block, static_cast<int>(number(4)), static_cast<size_t>(number(3)));
    std::cout << block - base << std::endl;
  } else if (command == "extend" || command == "shrink") {  // <offset> <bytes>: prints whether it could
    std::cout << resize(pool, command == "extend", base + number(3), static_cast<size_t>(number(4))) << std::endl;
  } else if (command == "replay") {  // <steps>: letter and number each, joined by commas; prints what each gave
    // a: allocates so many bytes; f: frees the block of that place in the list of all that were given; then, with another
    // number behind a colon, x: extends it to so many bytes, s: shrinks it.
    std::vector<void*> blocks;
    std::istringstream steps(argv[3]);
    for (std::string step; std::getline(steps, step, ',');) {
      const auto first = static_cast<size_t>(std::stoll(step.substr(1)));
      if (step[0] == 'a') {
        blocks.push_back(pool.allocate(first, std::nothrow));
        std::cout << (blocks.back() == nullptr ? 0 : static_cast<uint8_t*>(blocks.back()) - base) << ' ';
        continue;
      }
      void* block = blocks[first];
      if (step[0] == 'f') {
        pool.deallocate(block);
        std::cout << "0 ";
        continue;
      }
      const auto bytes = static_cast<size_t>(std::stoll(step.substr(step.find(':') + 1)));
      std::cout << resize(pool, step[0] == 'x', block, bytes) << ' ';
    }
    std::cout << pool.check_sanity() << std::endl;
  } else if (command == "free") {  // <offset>
    pool.deallocate(base + number(3));
    std::cout << pool.check_sanity() << ' ' << pool.get_free_memory() << std::endl;
  } else if (command == "give") {  // <segments> <capacity>: a lent list; prints offset, and the first node in hex
    auto* holder = new (pool.allocate(sizeof(Holder))) Holder;
    for (int i = 0; i < number(3); ++i) {
      holder->list.emplace_back(static_cast<size_t>(number(4)));
      Blob& blob = holder->list.back();
      blob.resize(static_cast<size_t>(8 * (i + 1)));
      std::memset(blob.data(), 'a' + i, blob.size());
    }
    std::cout << reinterpret_cast<uint8_t*>(holder) - base << std::endl;
  } else if (command == "take") {  // <offset>: prints owners before, the segments in hex, sanity and free bytes
    auto* holder = reinterpret_cast<Holder*>(base + number(3));
    std::cout << holder->owners.load() << ' ' << holder->list.size();
    for (Blob& blob : holder->list) std::cout << ' ' << hex(blob.data(), blob.size());
    if (--holder->owners == 0) {
      holder->~Holder();
      pool.deallocate(holder);
    }
    std::cout << ' ' << pool.check_sanity() << ' ' << pool.get_free_memory() << std::endl;
  } else if (command == "die-locked" || command == "hold-locked") {  // [milliseconds]
    const int rc = pthread_mutex_lock(reinterpret_cast<pthread_mutex_t*>(base + 16));
    std::cout << rc << std::endl;
    if (command == "die-locked") kill(getpid(), SIGKILL);
    usleep(static_cast<useconds_t>(number(3)) * 1000);
    pthread_mutex_unlock(reinterpret_cast<pthread_mutex_t*>(base + 16));
  } else {
    return 2;
  }
  return 0;
}
