// JemallocArena: an arena of our private jemalloc whose extents lie in JemallocPools. Knows nothing of JavaScript.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "jemalloc_pools.h"

namespace flow_ipc {

// jemalloc's own figures for one arena, in bytes.
struct JemallocStats {
  uint64_t allocated;  // in use, as rounded to size classes; what lies in the thread cache included
  uint64_t active;     // whole pages of which something is in use
  uint64_t dirty;      // pages free but not given back yet
  uint64_t resident;   // active, dirty and jemalloc's own books about the arena
};

// Everything is called by the thread that made the arena: one thread, one arena, one thread cache, so that threads and
// processes never wait for each other. (jemalloc could share an arena between threads; JavaScript shares no objects.)
class JemallocArena {
 public:
  // Null with *err (positive errno) set on failure. Makes no pool yet.
  static std::unique_ptr<JemallocArena> create(const std::string& poolNameBase, int poolMode, int* err);
  // All blocks are gone, and all names of pools.
  ~JemallocArena();
  JemallocArena(const JemallocArena&) = delete;
  JemallocArena& operator=(const JemallocArena&) = delete;

  // 16-byte aligned, contents undefined. Null: see lastError().
  char* allocate(uint64_t bytes);
  void free(char* block);
  // Whether the block holds at least `bytes` now, where it is. Only blocks of whole pages (16 KiB and more) can grow, into
  // pages that are free behind them; others have the slack of their size class.
  bool extend(char* block, uint64_t bytes);
  // Whether the block is now no larger than allocate(bytes) would make it. Small ones cannot be cut.
  bool shrink(char* block, uint64_t bytes);
  // ENOMEM (no pool can be that large), ENOSPC (the file system is full), EMFILE, EACCES, …
  int lastError() const { return pools_.lastError(); }

  // Gives back what has been free for a while: to be called now and then while dirtyBytes() is not 0.
  void decay();
  // Gives back all that is free, the thread cache's included.
  void purge();
  JemallocStats stats() const;

  // Unique in this process.
  uint32_t collectionId() const { return collectionId_; }
  JemallocPools& pools() { return pools_; }

  // The number that JavaScript knows a place in the arena by: the pool's window * 2^31 + offset. 0: not in the arena.
  uint64_t toAddress(const char* at) const;
  // Null unless [address, address + length) lies in one pool.
  char* toPointer(uint64_t address, uint64_t length) const;

 private:
  JemallocArena(const std::string& poolNameBase, int poolMode);
  int start();
  int control(const char* what) const;
  uint64_t figure(const char* what) const;

  struct Hooks;
  JemallocPools pools_;
  std::unique_ptr<Hooks> hooks_;
  const uint32_t collectionId_;
  unsigned index_ = 0;
  unsigned cache_ = 0;
  bool started_ = false;
  bool cached_ = false;
  int flags_ = 0;
};

}  // namespace flow_ipc
