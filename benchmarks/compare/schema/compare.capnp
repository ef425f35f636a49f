@0xc3f1d7a26e5b9048;
# What the structured subjects send: bytes of a given size, and the performance demo's response.

struct Body {
  union {
    echo @0 :Bytes;
    push @1 :Bytes;
    ack @2 :Bytes;
    fetch @3 :Void;
    file @4 :File;
  }
}

struct Bytes {
  # One part wherever it fits: a channel without shared memory takes no list longer than one of its segments.
  parts @0 :List(Data);
}

struct File {
  chunks @0 :List(Chunk);

  struct Chunk {
    data @0 :Data;
    dataSizeToVerify @1 :UInt64;
    dataHashToVerify @2 :UInt64;
  }
}
