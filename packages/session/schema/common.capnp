@0xc8f671724349c968;
# Types that the session layer's schemas share.

enum MqType {
  # Kind of message queues that a session's channels use.

  none @0;
  posix @1;
  bipc @2;
  endSentinel @3;
}

enum ShmType {
  # Kind of shared memory that a session provides.

  none @0;
  classic @1;
  jemalloc @2;
  endSentinel @3;
}

struct ProcessCredentials {
  processId @0 :Int32;
  userId @1 :UInt32;
  groupId @2 :UInt32;
}

struct ProtocolNegotiation {
  # Highest versions that a side speaks.

  maxProtoVer @0 :Int16;
  # Of the session master channel's protocol.

  maxProtoVerAux @1 :Int16;
  # Of the shared-memory provider's part of it.
}

struct Metadata {
  # What the user attaches to a session or channel; a null payload when there is none.

  payload @0 :AnyPointer;
}
