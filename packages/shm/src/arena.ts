// Arena: what containers and objects need of a provider of shared memory. PoolArena is one, SHM-jemalloc's the other.
import type { SharedMemory } from './shared-memory.js';

/**
 * Blocks are 16-byte aligned and zeroed nowhere: who allocates writes all that is read later. Errors are FlowIpcError
 * with a code of ShmError; what failed has changed nothing.
 */
export interface Arena {
  /** For messages and inspection. */
  readonly name: string;
  /** Reads and writes of numbers at addresses, for containers. `memory.writable` is false for a borrower's arena. */
  readonly memory: SharedMemory;
  /**
   * A block of at least `bytes` bytes (1 or more). Throws OUT_OF_MEMORY, NO_SPACE, OWNER_DIED, LOCK_TIMEOUT or CLOSED,
   * and READ_ONLY where nothing can be allocated.
   */
  allocate(bytes: number): number;
  /** As many blocks of one size in one go: all, or none and the error of allocate(). */
  allocateMany(bytes: number, count: number): Float64Array;
  /** Gives a block of allocate() back. Throws BAD_HANDLE when the address is not that of an allocated block. */
  free(address: number): void;
  /** All that can be: throws, at the end, the error of the first that could not. */
  freeMany(addresses: Float64Array): void;
  /**
   * Makes a block hold at least `bytes` bytes (1 or more) where it is, its contents kept; what is new is zeroed nowhere.
   * False: what lies behind it is not free, and nothing has changed. Throws BAD_HANDLE, OWNER_DIED, LOCK_TIMEOUT or CLOSED.
   */
  extend(address: number, bytes: number): boolean;
  /**
   * Gives back what a block has beyond `bytes` bytes (1 or more). True: it is about as large as one of allocate(bytes).
   * False: it cannot be cut, and nothing has changed. Throws as extend().
   */
  shrink(address: number, bytes: number): boolean;
  /**
   * [address, address + length) without a copy, for users. RangeError outside the arena's memory. It keeps the memory
   * mapped until detached or collected. Where `memory.writable` is false, what is written to it reaches nobody.
   */
  view(address: number, length: number): ArrayBuffer;
  /** Makes buffers of view() empty, so that use after release finds nothing. Harmless when they are already. */
  detach(buffers: readonly ArrayBuffer[]): void;
  /** Waiting across processes; undefined where other processes cannot write, so that there is nothing to wait for. */
  readonly waiting: Waiting | undefined;
}

/** 1: taken; 2: taken over from an owner that died holding it; 0: another holds it. */
export type Taken = 0 | 1 | 2;

/** Robust locks and futexes in the arena's memory. What is waited for may be over early: look, and wait again. */
export interface Waiting {
  /** Takes the lock of 8 bytes at `address`. `waited`: others may be waiting too, and the owner may have died. */
  tryLock(address: number, waited: boolean): Taken;
  /** The same, waiting up to `timeoutMs` (Infinity: for ever). Blocks the thread. */
  lock(address: number, timeoutMs: number): Taken;
  /** False when this thread's environment does not hold it. */
  unlock(address: number): boolean;
  /** Settles when tryLock(…, true) is worth a try, after `timeoutMs` or a second at the latest. */
  lockAvailable(address: number, timeoutMs: number): Promise<void>;
  /** Blocks while the 32-bit word is `expected`, until wake(), up to `timeoutMs` (Infinity: for ever). */
  wait(address: number, expected: number, timeoutMs: number): void;
  /** wait() without blocking, for a second at the longest. */
  waitAsync(address: number, expected: number, timeoutMs: number): Promise<void>;
  /** Wakes up to `count` who wait for the word, in any process. How many there were. */
  wake(address: number, count: number): number;
}

/**
 * One process's share in an object: what an arena's construct() or borrow() gives to SharedObject, which drops it once.
 * A provider's own kind of lending, counting and returning goes in here.
 */
export interface ObjectShare {
  /** Set by SharedObject. A provider that gives the share back by itself, as it closes, ends this first. */
  home?: WeakRef<{ end(): void }>;
  /** Names the object without lending it; good as long as somebody holds it. */
  readonly handle: Uint8Array;
  /** The blob that lets one borrower borrow once; the other process's share, or loan, is counted from here on. */
  lend(): Uint8Array;
  /**
   * Gives the share back. True: it was the last one, so the caller takes down what the object holds and then calls
   * free(). False: others still have it, or its owner will see to it.
   */
  drop(): boolean;
  /** Frees the object's own block, after a drop() that said true. */
  free(): void;
}
