@0xefb985df434a6f6b;
# What the two sides of a session tell each other about the memory that each lends: the lend channel's messages.

struct IpcShmMessage {
  union {
    lendArena @0 :LendArena;
    # A request, answered by `response`. A lender's first word about an arena.

    lendPool @1 :LendPool;
    # A request, answered by `response`. Before anything that lies in the pool is lent.

    removePool @2 :RemovePool;
    # Nothing in the pool is on loan, and nothing will be.

    returnObject @3 :ReturnObject;
    # The borrower is done with one loan of an object.

    response @4 :Response;

    returnObjects @5 :ReturnObjects;
    # Ours: many of `returnObject` in one, to a lender who said that it takes them.
  }
}

struct LendArena {
  collectionId @0 :UInt32;
  # What the lender calls the arena: unique in its process.
}

struct LendPool {
  collectionId @0 :UInt32;

  poolId @1 :UInt32;
  # Unique on the machine; 31 bits.

  poolName @2 :Text;
  # Of the POSIX shared memory object, without the slash.

  poolSize @3 :UInt32;
  # In bytes; less than 2 GiB.
}

struct RemovePool {
  collectionId @0 :UInt32;
  poolId @1 :UInt32;
}

struct ReturnObject {
  collectionId @0 :UInt32;
  poolId @1 :UInt32;
  poolOffset @2 :UInt32;
}

struct ReturnObjects {
  handles @0 :List(UInt32);
  # Collection, pool and offset of each.
}

struct Response {
  success @0 :Bool;

  readsOnDemand @1 :Bool;
  # Ours: this borrower, when it meets a pool that it does not know, reads this channel before it says so. A bit that
  # Flow-IPC leaves unused and does not look at.

  takesReturnObjects @2 :Bool;
  # Ours, likewise: whoever answers takes `returnObjects` for what it has lent.
}
