/**
 * The contract of the addon: what the C++ side exports, one entry per function.
 *
 * Two families. *Hot* calls (send, recv, accept, poll) never throw for what the kernel says: they return a
 * byte count, or `-errno`. *Set-up* calls throw an `Error` with `code` ('ECONNREFUSED'), `errno` (positive)
 * and `syscall`. Misuse (wrong types, closed objects) is a TypeError from either.
 *
 * All descriptors made here are close-on-exec, and calls do not block unless it is said. Connected sockets are in blocking
 * mode all the same, so that recv() can wait in the read. The caller owns every descriptor returned.
 */

/** Credentials as the kernel vouches for them (SO_PEERCRED): effective ids at connect time. */
export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

/** What a socket is, in the kernel's numbers. */
export interface SocketInfo {
  /** AF_UNIX 1, AF_INET 2, AF_INET6 10, and so on. */
  domain: number;
  /** SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_SEQPACKET 5, and so on. */
  type: number;
  listening: boolean;
  /** It has a peer. A connection that the peer has reset has none any more. */
  connected: boolean;
}

/** Bits for {@link FdWatcher.start}, {@link Binding.pollFd} and {@link EpollReactor}. */
export const READABLE = 1;
export const WRITABLE = 2;

/**
 * Watches one descriptor on the libuv loop of the environment that loaded the addon (main thread or worker).
 * Level-triggered. The callback runs as an async entry point (microtasks and nextTicks run after it) and gets
 * the ready bits; a hang-up or error is reported as every bit that was asked for.
 * The descriptor stays the caller's; close the watcher before the descriptor.
 */
export interface FdWatcher {
  /** Replaces the set of bits watched; 0 stops without closing. No-op when unchanged. */
  start(events: number): void;
  ref(): void;
  unref(): void;
  /** Stops for good; the callback is never called again. Idempotent. */
  close(): void;
}

/** A blocking epoll set for threads that drive transports without an event loop. */
export interface EpollReactor {
  /** Adds, changes (already known fd) or removes (events 0) an fd. Level-triggered. */
  set(fd: number, events: number): void;
  /**
   * Blocks up to `timeoutMs` (-1 for ever, fractions allowed) and writes pairs (fd, ready bits) into `out`.
   * Returns the number of pairs, 0 at time-out, or -errno. wake() ends it with what is ready by then, else 0; so does
   * the termination of the worker. A hang-up or error is reported as every bit that was asked for.
   */
  wait(timeoutMs: number, out: Int32Array): number;
  wake(): void;
  /**
   * The eventfd behind wake(): a number that another worker can be given, to call `signalFd(wakeFd)` with. Valid
   * until close(); -1 after.
   */
  readonly wakeFd: number;
  close(): void;
}

/**
 * A Boost.Interprocess pool: `basic_managed_shared_memory<char, rbtree_best_fit<mutex family>, null_index>`
 * laid out exactly as Flow-IPC's SHM-classic arena (flow-ipc-protocol 6.1), sparse, its mutex robust.
 *
 * Offsets are bytes from the pool base. Blocks are 16-byte aligned. `allocate`-like calls return an offset
 * (> 0) or a negative code: -ENOMEM (pool full), -ENOSPC (tmpfs cannot back the pages), -EOWNERDEAD (a process
 * died inside the allocator: the pool takes no more allocations, reading goes on), -ETIMEDOUT (lock not had in
 * 1 s), -EROFS (opened read-only), -EBADMSG (the allocator's books make no sense: somebody wrote
 * over them), -EBADF (closed).
 */
export interface Pool {
  readonly name: string;
  /** Size of the whole mapping in bytes. */
  readonly size: number;
  /** What the functions of staged-pool.ts know it by. */
  readonly index: number;
  /** Free bytes by the allocator's books. Takes the pool lock. */
  freeBytes(): number;
  /**
   * Walks all blocks under the pool lock and writes five numbers: allocated blocks, their bytes (headers included),
   * free blocks, their bytes, and the largest request that would succeed. 0 or a code.
   */
  blockCounts(target: Float64Array): number;
  allocate(bytes: number): number;
  /** As many blocks as `offsets` has elements, under one lock: 0, or a code and none was allocated. */
  allocateMany(bytes: number, offsets: Float64Array): number;
  /** Frees a block made by allocate(). 0, -EINVAL when the offset is not one the pool could have given, or a code. */
  free(offset: number): number;
  /** Frees all of these that are blocks, under one lock. 0, -EINVAL when one was not, or a code. */
  freeMany(offsets: Float64Array): number;
  /**
   * Makes a block of allocate() hold at least `bytes` bytes where it is, its contents kept. 0, also when it did already;
   * -ENOMEM when what lies behind it is not free, or not enough; -ENOSPC when there are no pages for it; -EINVAL as
   * free(). Unless it is 0 or -EBADMSG nothing has changed. RangeError: less than 1 byte.
   */
  extend(offset: number, bytes: number): number;
  /**
   * Gives back what a block has beyond `bytes` bytes, where that is enough for a block of its own (48 bytes with its
   * header); the rest stays where and what it is. 0 or a code of extend().
   */
  shrink(offset: number, bytes: number): number;
  /**
   * An ArrayBuffer over [offset, offset + length): no copy. Keeps the mapping alive until it is collected or
   * detached. RangeError when outside the pool.
   */
  view(offset: number, length: number): ArrayBuffer;
  /** A live table with a byte for each 64 KiB of the pool: 1 when they are known to have pages, so that no touch fails. */
  backing(): ArrayBuffer;
  /** Whether [offset, offset + length) can be touched: in the pool, and with pages, which are made if need be. */
  usable(offset: number, length: number): boolean;
  /**
   * Loads, or adds to, the 32-bit unsigned word at `offset` (a multiple of 4) atomically. atomicAdd32 wraps and
   * returns the value before. RangeError when outside the pool.
   */
  atomicLoad32(offset: number): number;
  atomicAdd32(offset: number, delta: number): number;

  /**
   * Objects: `size` bytes, then an owner count (flow-ipc-protocol 6.2). Named by offset; whoever has a share knows the
   * size. -EINVAL where there is none: not an allocated block of that size, or nobody's any more.
   *
   * Makes one, zeroed, with owner count 1. Offset or code.
   */
  objectCreate(size: number): number;
  /** One owner more: 0 or code. */
  objectLend(object: number, size: number): number;
  /** Whether it can be borrowed: 0 or -EINVAL. Nothing changes: the lender counted. */
  objectCheck(object: number, size: number): number;
  /** One owner less: owners left, or code. After the last the block is the caller's to free(). */
  objectDrop(object: number, size: number): number;
  /** Owners now, or -EINVAL. */
  objectOwners(object: number, size: number): number;

  /**
   * Locks of 8 bytes at any place (a multiple of 8; zeroes are a free lock), owned by this environment of this process;
   * layout in src/futex_lock.h. What it holds when the pool is closed, or the environment ends, counts as its death.
   *
   * 0 held by another, 1 taken, 2 taken over from an owner that died. `waited`: unlocking must wake others; a dead owner
   * is looked for.
   */
  lockTry(offset: number, waited: boolean): 0 | 1 | 2;
  /** lockTry() that blocks up to `timeoutMs` (-1: for ever). */
  lockTake(offset: number, timeoutMs: number): 0 | 1 | 2;
  /** False when this environment does not hold it. */
  lockRelease(offset: number): boolean;
  /**
   * An eventfd, the caller's to close, that becomes readable when the lock is worth another lockTry(…, true), at the
   * latest after `timeoutMs` or a second; or -errno.
   */
  lockAwait(offset: number, timeoutMs: number): number;
  /** futex(2) on the 32-bit word at `offset`: true when woken, or not `expected`; false when time was up. */
  futexWait(offset: number, expected: number, timeoutMs: number): boolean;
  /** The same as an eventfd, like lockAwait(). */
  futexAwait(offset: number, expected: number, timeoutMs: number): number;
  /** How many waiters were woken, in any process. */
  futexWake(offset: number, count: number): number;

  /**
   * Segment lists: the object a SHM-backed message is (flow-ipc-protocol 6.3): holder of 32 bytes with an owner
   * count, ring of nodes of 72 bytes, each with a buffer. A list is named by its holder's offset.
   *
   * Makes a holder with owner count 1 and no segments. Offset or negative code.
   */
  listCreate(): number;
  /**
   * Appends a segment with a buffer of `capacity` bytes (multiple of 8), used size 0, and returns the buffer's
   * ArrayBuffer; or a negative code. Contents are *not* zeroed; `out[0]` tells the buffer's offset.
   */
  listGrow(list: number, capacity: number): ArrayBuffer | number;
  /** listCreate() and listGrow() in one: the segment's buffer, and in `out[0]` the list; or a code. */
  listBuild(capacity: number): ArrayBuffer | number;
  /** Sets the used size of each segment, in order, then adds one owner (a lend). 0 or negative code. */
  listLend(list: number, usedSizes: number | number[]): number;
  /** listLend() and listStore() in one: the list that holds the bytes, or a code and nothing was done. */
  listSend(list: number, usedSizes: number | number[], bytes: Uint8Array, length: number): number;
  /** Adds one owner, and changes nothing else: for who passes on a list that it borrowed. 0 or a code. */
  listShare(list: number): number;
  /** One call for a small message: makes a list of one segment holding these bytes, owner count 1. Offset or code. */
  listStore(bytes: Uint8Array, offset: number, length: number): number;
  /**
   * The other half: checks the list, copies its single segment of at most `target.length` bytes into `target`
   * and drops one owner. Byte count; -EINVAL malformed, -EMSGSIZE does not fit or not exactly one segment. With a
   * negative code no owner is dropped.
   */
  listTake(list: number, target: Uint8Array): number;
  /**
   * Checks the list (every pointer and size inside the pool, at most `maxSegments` segments, sizes read once) and
   * returns one ArrayBuffer a segment, exactly the used bytes. No count changes: the lender counted for us.
   * Negative code: -EINVAL malformed.
   */
  listBorrow(list: number, maxSegments: number): ArrayBuffer[] | number;
  /**
   * Detaches `buffers` and drops one owner; at zero the list and its buffers are freed. Remaining owner count,
   * or negative code: -EINVAL (not a well-formed list, or count already 0: nothing is done to the pool).
   */
  listRelease(list: number, buffers: ArrayBuffer[]): number;

  /** Marks closed; unmapped once every ArrayBuffer is gone. Idempotent. The name stays: see shmUnlink. */
  close(): void;
}

/** A pool of an {@link OwnArena}: one POSIX shared memory object of `size` bytes. */
export interface OwnPool {
  /** Machine-wide, 1 to 2^31 - 1. */
  id: number;
  /** Addresses of blocks in it are window * 2^31 + offset. */
  window: number;
  size: number;
  name: string;
}

/** In bytes, but for the counts; `allocated` to `resident` are jemalloc's own figures. */
export interface OwnArenaStats {
  /** In use, rounded up to size classes, with what lies ready in the thread's cache. */
  allocated: number;
  /** Pages of which something is in use. */
  active: number;
  /** Pages that are free and not given back yet. */
  dirty: number;
  /** `active`, `dirty` and jemalloc's books about the arena, which are in private memory. */
  resident: number;
  /** Sizes of the pools: address space; only `active` and `dirty` pages of it are memory. */
  mapped: number;
  pools: number;
  /** Blocks and lists not freed. */
  objects: number;
}

/**
 * An arena of jemalloc 5.3 whose memory is POSIX shared memory pools of this process: SHM-jemalloc's lending side.
 * They come as blocks are allocated and go when they are empty; close(), collection or the end of the environment
 * removes the rest. Belongs to the thread that made it, with one thread cache.
 *
 * Blocks are named by their address: window * 2^31 + offset, which is private to this process. Calls return an address
 * (> 0) or what they say, or a negative code: -ENOMEM (larger than any pool can be), -ENOSPC (the file system is full),
 * -EMFILE, … (no pool could be made), -EBADF (closed), -EINVAL (no such object). `out[6]` is then the number of events
 * that takePoolEvents() would return: peers have to be told of new pools before they are told of what lies in them.
 */
export interface OwnArena {
  /** Unique in this process: how borrowers call the arena. */
  readonly collectionId: number;
  /** What the functions of staged-arena.ts know it by. */
  readonly index: number;
  /** A block of at least `bytes` bytes, 16-byte aligned, contents undefined. */
  allocate(bytes: number): number;
  /** Fills `addresses` with blocks: all or none. 0 or a code. */
  allocateMany(bytes: number, addresses: Float64Array): number;
  /** 0, or -EINVAL when the address is not one of an allocated block. */
  free(address: number): number;
  /** How many of them were allocated blocks, and were freed. */
  freeMany(addresses: Float64Array): number;
  /**
   * Makes a block hold at least `bytes` bytes where it is, its contents kept: 0. Or -ENOMEM: it cannot. Blocks of less
   * than 16 KiB only have the slack of their size class, larger ones grow into free pages behind them. RangeError: less
   * than 1 byte.
   */
  extend(address: number, bytes: number): number;
  /**
   * 0 when the block is now no larger than allocate(bytes) would make it. -ENOMEM: it cannot be cut, being less than 16
   * KiB or to become so.
   */
  shrink(address: number, bytes: number): number;
  /** No copy; keeps the pool mapped. RangeError outside the pools. */
  view(address: number, length: number): ArrayBuffer;
  /** `out[4]`: the pool's id, `out[5]`: the offset in it. 0, or -EINVAL when no pool is there. */
  handle(address: number): number;
  /** Pools made and removed since the last call, in order. */
  takePoolEvents(): (OwnPool & { created: boolean })[];
  pools(): (OwnPool & { used: number })[];
  stats(): OwnArenaStats;
  /** Gives back pages that have been free for some seconds: to be called now and then while `dirty` is not 0. */
  decay(): number;
  /** Gives back all free pages at once. */
  purge(): number;

  /**
   * Segment lists, as of {@link Pool} and read by C++ borrowers alike (flow-ipc-protocol 6.3, 7.2). The count of owners
   * is private to this process.
   *
   * Makes a list of one segment of `capacity` bytes (a multiple of 8), owner count 1: the segment's buffer, its contents
   * undefined, and in `out[0]` the list. Or a code.
   */
  listCreate(capacity: number): ArrayBuffer | number;
  listGrow(list: number, capacity: number): ArrayBuffer | number;
  /** Sets the used sizes, adds one owner, and tells the handle as handle() does. 0 or a code. */
  listLend(list: number, usedSizes: number | number[]): number;
  /** Makes a list of one segment holding these bytes, owner count 1, and tells the handle. The list or a code. */
  listStore(bytes: Uint8Array, offset: number, length: number): number;
  /** Detaches `buffers` and drops one owner; the last one frees the list. Owners left, or a code. */
  listRelease(list: number, buffers: ArrayBuffer[]): number;
  /** Frees everything. Views stay valid until released. Idempotent. */
  close(): void;
}

/**
 * The pools that one peer lends: opened for reading and mapped privately, so that writes reach nobody. What this process
 * writes into a pool it sees itself, until it reads the next list there: that is as the peer wrote it. Every handle and
 * every pointer in the peer's lists is checked against them. Codes: -ENOENT (no such pool: `out[4]` tells which, that of
 * the handle or one that a pointer behind it leads to), -EINVAL (no well-formed
 * list there), -EFAULT (the peer cut a pool short: what was borrowed from it reads as zeros there), -EBADF (closed).
 */
export interface BorrowedPools {
  /** What the functions of staged-arena.ts know it by. */
  readonly index: number;
  /**
   * The pool's window, or a code: -EEXIST (known already), -ERANGE (smaller than `size`), -EMFILE (more than 4096),
   * -EINVAL (an impossible id or size), or what opening or mapping it says.
   */
  addPool(collectionId: number, poolId: number, name: string, size: number): number;
  /** False when there was no such pool. It is unmapped when the last view of it is gone. */
  removePool(collectionId: number, poolId: number): boolean;
  /** Forgets what this process wrote into pools, as reading a list does for those that the list is in. */
  refresh(): void;
  /** One ArrayBuffer for each segment, exactly the used bytes; or a code. */
  listBorrow(
    collectionId: number,
    poolId: number,
    offset: number,
    maxSegments: number,
  ): ArrayBuffer[] | number;
  /** [address, address + length): address is window * 2^31 + offset. RangeError outside the pools. */
  view(address: number, length: number): ArrayBuffer;
  /** Idempotent. Views stay valid until released. */
  close(): void;
}

/** Which way a message goes, in calls on a {@link MessageQueue}. */
export const MQ_SEND = 0;
export const MQ_RECEIVE = 1;
/**
 * A message queue: POSIX ('posix'), or `boost::interprocess::message_queue` ('bipc') in its own layout, so that C++
 * programs use it at the same time. Priority is always 0. Messages are 0 to `maxMessageSize` bytes, all or nothing.
 *
 * Calls return 0, a byte count or a flag, or a negative code: -EAGAIN (full, empty; time up), -EMSGSIZE (message too
 * long, or room for less than `maxMessageSize`), -EBADF (closed), -ECANCELED (interrupted). A bipc queue also: -EBADMSG
 * (its memory is damaged or was cut short), -EOWNERDEAD (a process died using it), -ETIMEDOUT (its lock not had in 1 s);
 * these are for good.
 *
 * Unlike pools, a bipc queue's pages are had when it is made: a few hundred kB at most, and then no message can fail for
 * lack of memory.
 */
export interface MessageQueue {
  readonly name: string;
  readonly maxMessages: number;
  readonly maxMessageSize: number;
  /** Names the queue within this process, for {@link Binding.mqInterrupt} from any thread. */
  readonly id: number;

  /** Sends buf[offset, +length). */
  trySend(buf: Uint8Array, offset: number, length: number): number;
  /** Receives into buf[offset, +length). */
  tryReceive(buf: Uint8Array, offset: number, length: number): number;
  /**
   * The same, blocking this thread for up to `timeoutMs` (-1 for ever, fractions allowed). They end early, with -EAGAIN,
   * when the worker is being terminated.
   */
  send(buf: Uint8Array, offset: number, length: number, timeoutMs: number): number;
  receive(buf: Uint8Array, offset: number, length: number, timeoutMs: number): number;
  /** Whether the operation is possible: 1 or 0. Never blocks. */
  ready(direction: number): number;
  /** Blocks until it is (1) or the time is up (0). */
  wait(direction: number, timeoutMs: number): number;

  /**
   * A descriptor for an event loop, the queue's to close: of a POSIX queue its own (readable or writable), of a bipc
   * queue an eventfd for each direction (always readable), which a thread of the addon signals once after each arm().
   * Keep a reference to the queue while the descriptor is watched: a queue that is collected closes it.
   */
  watchFd(direction: number): number;
  /**
   * To be called when an operation said -EAGAIN: watchFd() is then ready, once, when it may be possible again (at once, if
   * it is by now), or when waits are interrupted. 0 or -errno.
   */
  arm(direction: number): number;
  /** An eventfd, readable while waits of this direction are interrupted; -1 where watchFd() tells that as well. */
  interruptFd(direction: number): number;

  /** Idempotent; waits in progress elsewhere end. The name stays: see mqUnlink and shmUnlink. */
  close(): void;
}

/** A POSIX named semaphore, as boost::interprocess::named_mutex is on Linux. */
export interface NamedSemaphore {
  /** True when taken. Never blocks. */
  tryWait(): boolean;
  post(): void;
  value(): number;
  close(): void;
}

export interface Binding {
  /** What was built, how, and which file it is, for error reports: `flow_ipc 0.1.0 (release, 12.2.0) <path>`. */
  readonly version: string;
  /**
   * Extra results of the last call on this thread: [0] see listGrow; [1] descriptor received by recv, or -1;
   * [2] 1 when recv saw truncated or surplus control data (all its descriptors were closed), else 0; [4] to [6] see
   * {@link OwnArena}; from [8] on: staged-io.ts, staged-pool.ts.
   */
  readonly out: Float64Array;
  /** 8 KiB for metadata that poolStaged() or arenaStaged() stores or has taken. */
  readonly listBytes: Uint8Array;
  /** One operation on a list or block, see staged-pool.ts. RangeError when a register is out of range. */
  poolStaged(): void;
  /** One operation on an arena or a peer's pools, by registers: see staged-arena.ts. */
  arenaStaged(): void;

  closeFd(fd: number): void;
  /** F_DUPFD_CLOEXEC. */
  dupFd(fd: number): number;
  /**
   * Makes the descriptor one that the end of this environment closes: nobody else could when a worker is terminated.
   * Whoever closes it earlier, or gives it away, calls disownFd() first. Throws when it is not open.
   */
  ownFd(fd: number): void;
  /** False, with no effect, when it was not owned. */
  disownFd(fd: number): boolean;
  /** Puts what `source` names in the place of what `target` names, which is closed, in one step (dup3). Both stay. */
  replaceFd(source: number, target: number): void;
  /** F_GETFL: access mode and status flags. */
  fdFlags(fd: number): number;
  /** Sets or clears O_NONBLOCK, which all descriptors of the same open file share, also those of other processes. */
  setNonBlocking(fd: number, on: boolean): void;
  /** Throws with code ENOTSOCK when it is none. */
  socketInfo(fd: number): SocketInfo;

  /** Unix stream sockets in the abstract namespace: NUL + name, no trailing NUL. */
  listenAbstract(name: string, backlog: number): number;
  connectAbstract(name: string): number;
  /** -errno (EAGAIN: none waiting). Connections that were aborted meanwhile are skipped. */
  accept(listenFd: number): number;
  socketPair(): [number, number];
  peerCredentials(fd: number): PeerCredentials;
  /** SO_SNDBUF and SO_RCVBUF; 0 leaves one as it is. The kernel doubles the figures and has lower and upper limits. */
  setSocketBuffers(fd: number, sendBytes: number, receiveBytes: number): void;

  /**
   * One sendmsg(MSG_DONTWAIT | MSG_NOSIGNAL) of a[aOffset, +aLength) then, if `b` is not null, b[bOffset, +bLength);
   * `passFd` >= 0 rides on the first byte (RangeError when there is no byte). Bytes taken by the kernel, or -errno.
   * EINTR is retried. The kernel takes its own reference to `passFd`: it may be closed at once.
   */
  send(
    fd: number,
    a: Uint8Array,
    aOffset: number,
    aLength: number,
    b: Uint8Array | null,
    bOffset: number,
    bLength: number,
    passFd: number,
  ): number;
  /**
   * One recvmsg(MSG_DONTWAIT | MSG_CMSG_CLOEXEC) into buf[offset, +length). Bytes, 0 at end of file, or -errno.
   * out[1] and out[2] are set by every call. EINTR is retried.
   *
   * With `timeoutMs` other than 0 it waits for bytes up to so long (-1 for ever); -EAGAIN when there were none, or when the
   * worker is being terminated.
   *
   * One read may take the bytes of several sends, but ends behind the send that carried a descriptor: the descriptor
   * belongs to the last send of which bytes were read (on a Flow-IPC stream, to the last frame header that begins in
   * these bytes, provided that no sender puts another frame behind one with a descriptor in the same send).
   */
  recv(fd: number, buf: Uint8Array, offset: number, length: number, timeoutMs?: number): number;
  /**
   * Memory of this environment that sendStaged() and recvStaged() work on: STAGE_OUT bytes to be sent, then those that
   * were received. Never transfer it.
   */
  readonly stage: Uint8Array;
  /** See staged-io.ts: arguments and result are in {@link out}. */
  sendStaged(): void;
  recvStaged(): void;
  /** Adds 1 to an eventfd, such as {@link EpollReactor.wakeFd} of another thread. 0 or -errno. */
  signalFd(fd: number): number;
  /**
   * poll(2) on one descriptor: ready bits (0 time-out), or -errno. `timeoutMs` -1 waits for ever, fractions are
   * allowed. A hang-up or error is reported as every bit asked. Returns 0 early when the worker is being terminated.
   */
  pollFd(fd: number, events: number, timeoutMs: number): number;
  /**
   * pollFd on up to 64 at once: triples (fd, events, ready bits out); those with events 0 are passed over. How many
   * are ready, 0 at time-out, or -errno.
   */
  pollFds(set: Int32Array, timeoutMs: number): number;

  /**
   * For a stream socket of this thread, on which every send() is of whole frames or of the rest of one: from the next
   * send on that the kernel takes whole, a thread of the process sends `frame` (2 bytes, little-endian) whenever nothing
   * was sent for one and a half to two periods of `periodMs` (at least 1), however busy this thread is. One that the
   * kernel does not take at once is dropped. False when that cannot be (a descriptor of 65536 or more, no thread to be had,
   * or started already).
   */
  startPinging(fd: number, periodMs: number, frame: number): boolean;
  /** No more of that, from this call on; closing the descriptor does it too. No harm where none was started. */
  stopPinging(fd: number): void;

  /** A descriptor that becomes readable when its time has come (CLOCK_MONOTONIC). */
  timerFd(): number;
  /** Sets it to expire once, in `ms` (fractions allowed; 0: at once), and forgets an expiry not read; -1 disarms it. */
  timerFdSet(fd: number, ms: number): void;

  FdWatcher: new (fd: number, callback: (ready: number) => void) => FdWatcher;
  EpollReactor: new () => EpollReactor;

  /** Plain POSIX shared memory. Names without the leading slash. */
  shmCreate(name: string, size: number, mode: number): number;
  shmOpen(name: string, readOnly: boolean): number;
  shmUnlink(name: string): void;
  /** Maps a descriptor; the ArrayBuffer keeps the mapping. Read-only ones are MAP_PRIVATE (writes never reach the owner). */
  mapFd(fd: number, offset: number, length: number, readOnly: boolean): ArrayBuffer;

  /** O_EXCL; mode set with fchmod whatever the umask; pages are made as blocks need them unless `commit`. */
  poolCreate(name: string, size: number, mode: number, commit?: boolean): Pool;
  /** Read-only: MAP_PRIVATE, no lock, nothing to allocate, free, lend or drop (-EROFS). */
  poolOpen(name: string, readOnly?: boolean): Pool;
  /** Opens, with whatever size it has, or else creates. */
  poolOpenOrCreate(name: string, size: number, mode: number, commit?: boolean): Pool;
  /** Makes ArrayBuffers empty: every view of them finds nothing from then on. */
  detachBuffers(buffers: readonly ArrayBuffer[]): void;

  /** Makes an arena whose pools are called `poolNameBase` + id, with `mode`. Throws when there are too many arenas. */
  OwnArena: new (
    poolNameBase: string,
    mode: number,
  ) => OwnArena;
  BorrowedPools: new () => BorrowedPools;
  /**
   * O_EXCL; mode set with fchmod whatever the umask. 'bipc' queues are shared memory objects: shmUnlink removes the name.
   * EINVAL: beyond /proc/sys/fs/mqueue/*_max; EMFILE: beyond RLIMIT_MSGQUEUE bytes in POSIX queues of this user.
   */
  mqCreate(
    kind: 'posix' | 'bipc',
    name: string,
    maxMessages: number,
    maxMessageSize: number,
    mode: number,
  ): MessageQueue;
  /** 'bipc': EBADMSG no queue, or damaged; EAGAIN its creator did not get done within a second. */
  mqOpen(kind: 'posix' | 'bipc', name: string): MessageQueue;
  /** Removes the name of a POSIX queue. */
  mqUnlink(name: string): void;
  /**
   * From any thread of this process: blocking operations and waits on queue `id` fail with -ECANCELED from now on
   * (`on`), or work again. 1; 0 when that was so already; -EBADF when no such queue is open.
   */
  mqInterrupt(id: number, direction: number, on: boolean): number;

  /** Creates with `initial` and `mode` (whatever the umask) or opens. Name without the leading slash and without 'sem.'. */
  semOpen(name: string, mode: number, initial: number): NamedSemaphore;

  /** Seconds are too coarse for benchmarks: clock_gettime(CLOCK_MONOTONIC) in nanoseconds as a number. */
  monotonicNs(): number;
}
