@0xd3a1f0b2c4e5d607;
# What the tests' clients and servers attach to log-ins and channels.

struct Hello {
  name @0 :Text;
  number @1 :UInt32;
  data @2 :Data;
}

# What they say to each other.
struct Talk {
  union {
    ask @0 :Text;
    answer @1 :Text;
  }
}
