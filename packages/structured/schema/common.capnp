@0xf58127c9945da5ce;
# Types that schemas of structured channels share.

struct Uuid {
  # A UUID as its 16 raw bytes: the first eight and the last eight, each as they lie in memory.

  first8 @0 :UInt64;
  last8 @1 :UInt64;
}

struct Metadata {
  # A place for what the user attaches to a session or channel; a null payload when there is none.

  payload @0 :AnyPointer;
}
