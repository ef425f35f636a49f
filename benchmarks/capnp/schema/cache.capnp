@0xc8a1f3f0b5d2e697;
# The messages that are measured: perf_demo's request and response.

struct Body {
  union {
    getCacheReq @0 :GetCacheReq;
    getCacheRsp @1 :GetCacheRsp;
  }
}

struct GetCacheReq {
  fileName @0 :Text;
}

struct GetCacheRsp {
  fileParts @0 :List(FilePart);

  struct FilePart {
    data @0 :Data;
    dataSizeToVerify @1 :UInt64;
    dataHashToVerify @2 :UInt64;
  }
}
