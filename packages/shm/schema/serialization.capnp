@0x94cfa98e2a2d757d;
# What is sent on the wire in place of a message that lies in shared memory.

using Common = import "common.capnp";

struct ShmTopSerialization {
  segmentListInShm @0 :Common.ShmHandle;
  # The list of the message's segments.
}
