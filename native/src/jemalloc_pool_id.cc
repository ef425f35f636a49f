// The machine-wide counter: opened once a process, on first use.
#include "jemalloc_pool_id.h"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flow_ipc {
namespace {

constexpr const char* kCounter = "/_libipc_shm_0_0_0_shm_arenaLend_nextPoolId";
constexpr const char* kGuard = "/_libipc_mtx_0_0_0_shm_arenaLend_nextPoolId";
constexpr const char* kGuardFile = "/dev/shm/sem._libipc_mtx_0_0_0_shm_arenaLend_nextPoolId";
constexpr mode_t kEverybody = 0666;
constexpr long kPatienceNs = 200'000'000;

struct Counter {
  uint32_t* value = nullptr;
  sem_t* guard = nullptr;
  bool guardStuck = false;
};

bool lock(Counter& counter) {
  if (counter.guard == nullptr || counter.guardStuck) return false;
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += kPatienceNs;
  until.tv_sec += until.tv_nsec / 1'000'000'000;
  until.tv_nsec %= 1'000'000'000;
  int rc;
  do rc = sem_timedwait(counter.guard, &until);
  while (rc != 0 && errno == EINTR);
  // Held for an eternity by the measure of one addition: its holder is dead.
  counter.guardStuck = rc != 0;
  return rc == 0;
}

sem_t* openGuard() {
  sem_t* guard = sem_open(kGuard, 0);
  if (guard == SEM_FAILED && errno == ENOENT) {
    guard = sem_open(kGuard, O_CREAT, kEverybody, 1);
    // The mode went through the umask. glibc keeps named semaphores in this file; not ours, not changed.
    if (guard != SEM_FAILED) (void)!chmod(kGuardFile, kEverybody);
  }
  return guard == SEM_FAILED ? nullptr : guard;
}

int openCounter() {
  // Not both at once with O_CREAT: where fs.protected_regular is set, that fails for another user's file.
  int fd = shm_open(kCounter, O_RDWR, 0);
  if (fd < 0 && errno == ENOENT) fd = shm_open(kCounter, O_RDWR | O_CREAT | O_EXCL, kEverybody);
  if (fd < 0 && errno == EEXIST) fd = shm_open(kCounter, O_RDWR, 0);
  return fd;
}

uint32_t* mapCounter() {
  const int fd = openCounter();
  if (fd < 0) return nullptr;
  void* mapped = MAP_FAILED;
  struct stat file;
  if (fstat(fd, &file) == 0) {
    if (file.st_uid == geteuid()) (void)!fchmod(fd, kEverybody);
    if (file.st_size >= static_cast<off_t>(sizeof(uint32_t)) || ftruncate(fd, sizeof(uint32_t)) == 0) {
      mapped = mmap(nullptr, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
  }
  close(fd);
  return mapped == MAP_FAILED ? nullptr : static_cast<uint32_t*>(mapped);
}

}  // namespace

uint32_t nextPoolId() {
  static std::mutex mutex;
  static Counter counter;
  const std::lock_guard<std::mutex> threads(mutex);
  if (counter.guard == nullptr) counter.guard = openGuard();
  const bool locked = lock(counter);
  // Under the guard: who makes the counter must have given it its size before another looks.
  if (counter.value == nullptr) counter.value = mapCounter();
  uint32_t id = 0;
  while (id == 0) {
    uint32_t next;
    if (counter.value != nullptr) next = __atomic_add_fetch(counter.value, 1, __ATOMIC_ACQ_REL);
    else if (getrandom(&next, sizeof next, 0) != sizeof next) next = static_cast<uint32_t>(clock());
    id = next & kPoolIdBits;
  }
  if (locked) sem_post(counter.guard);
  return id;
}

}  // namespace flow_ipc
