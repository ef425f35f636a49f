@0xb0a5d1c93f1e7a42;
# Messages of the structured layer's own tests. Request and response are what the recorded C++ programs used.

struct Body {
  union {
    ask @0 :Ask;
    answer @1 :Answer;
    bulk @2 :Bulk;
  }
}

struct Ask { number @0 :UInt64; }
struct Answer { number @0 :UInt64; }
struct Bulk { data @0 :Data; parts @1 :List(Data); }
