@0xa6923814235da58a;
# Types that the shared-memory layer's schemas share.

struct ShmHandle {
  # Designates an object in shared memory.

  serialization @0 :Data;
  # Opaque bytes of the provider: 8 for SHM-classic, 12 for SHM-jemalloc.
}
