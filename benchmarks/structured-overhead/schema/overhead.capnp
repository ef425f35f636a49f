@0xd2e7f5b1a9c04c31;
# Tiny request and response.

struct Body {
  union {
    ask @0 :Ask;
    answer @1 :Answer;
  }
}

struct Ask { number @0 :UInt32; }
struct Answer { number @0 :UInt32; }
