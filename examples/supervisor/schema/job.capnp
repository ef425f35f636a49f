@0xb0b1d5a6c7e8f901;
# What a supervisor and its workers say to each other.

struct Body {
  union {
    job @0 :Job;
    # Supervisor to worker: a request.

    result @1 :Result;
  }
}

struct Job {
  number @0 :UInt32;
}

struct Result {
  square @0 :UInt64;
}
