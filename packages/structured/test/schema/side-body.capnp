@0x9d1f2c7be0a45d11;
# A second body for tests that have two kinds of channel at once; fields beside the union belong to every kind.

struct SideBody {
  sender @0 :Text;
  union {
    note @1 :Text;
    count @2 :UInt32;
    nothing @3 :Void;
  }
}
