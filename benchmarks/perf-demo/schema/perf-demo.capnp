@0xa30343c0b99be6ef;
# The request and response of the perf_demo benchmark: a file asked for by name, sent in parts.

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
