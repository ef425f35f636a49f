// Threads that share one pool, for the thread sanitizer: blocks, objects that wander, lists, locks. Prints "done".
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "../../src/futex_lock.h"
#include "../../src/pool_memory.h"
#include "../../src/segment_list.h"
#include "../../src/shared_object.h"
#include "../../src/spare_lists.h"

using namespace flow_ipc;

namespace {

constexpr int kThreads = 4;
constexpr uint64_t kObjectSize = 40;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::abort();
}

// Where an object waits for whoever takes it: its offset, or 0.
std::atomic<int64_t> mailbox[8];

// Where a message waits for whoever takes it: the offsets of its body and of its metadata, in units of 16 bytes; or 0.
std::atomic<uint64_t> letters[8];
constexpr uint64_t kLetter = 200;
constexpr uint64_t kMetadata = 88;

uint64_t writeLetter(PoolMemory& pool, SpareLists& spares, uint8_t mark) {
  uint64_t buffer = 0;
  const int64_t list = spares.build(kLetter, &buffer);
  require(list > 0, "build");
  std::memset(pool.base() + buffer, mark, kLetter);
  uint8_t metadata[kMetadata];
  std::memset(metadata, mark, sizeof metadata);
  const int64_t stored = spares.send(static_cast<uint64_t>(list), kLetter, metadata, sizeof metadata);
  require(stored > 0, "send");
  return static_cast<uint64_t>(list) / 16 << 32 | static_cast<uint64_t>(stored) / 16;
}

void readLetter(PoolMemory& pool, SegmentLists& lists, uint64_t letter) {
  if (letter == 0) return;
  uint8_t metadata[kMetadata];
  require(lists.take((letter & 0xffffffff) * 16, metadata, sizeof metadata) == kMetadata, "take");
  const uint64_t list = (letter >> 32) * 16;
  require(lists.read(list, 1) == 0 && lists.segments()[0].used == kLetter, "read");
  const char* bytes = pool.base() + lists.segments()[0].data;
  for (const uint8_t byte : metadata) require(byte == metadata[0], "metadata");
  for (uint64_t at = 0; at < kLetter; ++at) require(static_cast<uint8_t>(bytes[at]) == metadata[0], "body");
  require(lists.release(list) >= 0, "release what was read");
}

void work(PoolMemory& pool, uint64_t lockPlace, uint64_t* counter, unsigned seed, int rounds) {
  SharedObjects objects(pool);
  SegmentLists lists(pool);
  SpareLists spares(pool, lists);
  FutexLock lock(reinterpret_cast<uint64_t*>(pool.base() + lockPlace));
  std::vector<uint64_t> mine;
  for (int i = 0; i < rounds; ++i) {
    seed = seed * 1103515245 + 12345;
    const unsigned dice = (seed >> 16) % 8;
    if (dice == 0 && mine.size() < 30) {
      const uint64_t size = 1 + (seed >> 8) % 2000;
      const int64_t block = pool.allocate(size);
      require(block > 0, "allocate");
      std::memset(pool.base() + block, 0x5a, size);
      mine.push_back(static_cast<uint64_t>(block));
    } else if (dice == 1 && (seed >> 8) % 2 == 0 && !mine.empty()) {
      const uint64_t size = 1 + (seed >> 10) % 2000;
      const int rc = pool.extend(mine.back(), size);
      require(rc == 0 || rc == -ENOMEM, "extend");
      if (rc == 0) std::memset(pool.base() + mine.back(), 0x5a, size);
      require(pool.shrink(mine.back(), size / 2 + 1) == 0, "shrink");
    } else if (dice == 1 && !mine.empty()) {
      require(pool.base()[mine.back()] == 0x5a, "a block is its owner's");
      require(pool.free(mine.back()) == 0, "free");
      mine.pop_back();
    } else if (dice == 2) {
      const int64_t made = objects.create(kObjectSize);
      require(made > 0, "create");
      std::memset(pool.base() + made, 7, kObjectSize);
      require(objects.lend(static_cast<uint64_t>(made), kObjectSize) == 0, "lend");
      const int64_t old = mailbox[(seed >> 4) % 8].exchange(made);
      if (objects.drop(static_cast<uint64_t>(made), kObjectSize) == 0) pool.free(static_cast<uint64_t>(made));
      if (old != 0 && objects.drop(static_cast<uint64_t>(old), kObjectSize) == 0) pool.free(static_cast<uint64_t>(old));
    } else if (dice == 3) {
      const int64_t got = mailbox[(seed >> 4) % 8].exchange(0);
      if (got == 0) continue;
      const auto object = static_cast<uint64_t>(got);
      require(objects.check(object, kObjectSize) == 0, "borrow");
      for (uint64_t at = 0; at < kObjectSize; ++at) require(pool.base()[object + at] == 7, "contents");
      if (objects.drop(object, kObjectSize) == 0) require(pool.free(object) == 0, "the last owner frees");
    } else if (dice == 4) {
      uint8_t bytes[100];
      std::memset(bytes, static_cast<int>(i), sizeof bytes);
      const int64_t list = lists.store(bytes, sizeof bytes);
      require(list > 0, "store");
      require(lists.release(static_cast<uint64_t>(list)) == 0, "release");
    } else if (dice == 5) {
      const uint64_t letter = writeLetter(pool, spares, static_cast<uint8_t>(seed >> 4));
      readLetter(pool, lists, letters[(seed >> 12) % 8].exchange(letter));
      require(spares.retire((letter >> 32) * 16) >= 0, "retire");
    } else if (dice == 6) {
      readLetter(pool, lists, letters[(seed >> 12) % 8].exchange(0));
      if ((seed >> 8) % 64 == 0) spares.giveBack();
    } else {
      while (lock.tryTake(false, false) == Taken::kNo) lock.await(1'000'000);
      ++*counter;  // plain: the lock is what keeps it whole
      require(lock.release(), "unlock");
    }
  }
  for (const uint64_t block : mine) require(pool.free(block) == 0, "free at the end");
}

}  // namespace

int main(int, char** argv) {
  const std::string name = argv[1];
  const int rounds = std::atoi(argv[2]);
  int err;
  const char* failed;
  auto pool = PoolMemory::create(name, {8 << 20, 0600, false}, &err, &failed);
  require(pool != nullptr, "create");
  shm_unlink(('/' + name).c_str());
  const int64_t free = pool->freeBytes();
  const int64_t place = pool->allocate(8);
  std::memset(pool->base() + place, 0, 8);
  uint64_t counter = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= kThreads; ++i) {
    threads.emplace_back([&, i] { work(*pool, static_cast<uint64_t>(place), &counter, i, rounds); });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& slot : mailbox) {
    const auto object = static_cast<uint64_t>(slot.load());
    if (object != 0) require(pool->free(object) == 0, "free what waits");
  }
  SegmentLists lists(*pool);
  for (auto& letter : letters) readLetter(*pool, lists, letter.load());
  require(pool->free(static_cast<uint64_t>(place)) == 0, "free the lock");
  require(pool->freeBytes() == free, "all is free again");
  require(counter > 0, "locked");
  std::puts("done");
  return 0;
}
