@0xd5f0a1b27c3e9486;

struct Body {
  union {
    get @0 :Get;
    file @1 :File;
  }
}

struct Get { name @0 :Text; }
struct File { data @0 :Data; }
