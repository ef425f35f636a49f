// Shm_session: lends the arenas of this process to one peer, and borrows from that peer's (features 208-215).
import { FlowIpcError, type ProcessCredentials } from '@flow-ipc/core';
import { type OwnPool, out } from '@flow-ipc/native';
import { SharedObject, type SharedType } from '@flow-ipc/shm';
import type { SessionToken } from '@flow-ipc/structured';
import { BorrowedArenas } from './borrowed-arenas.js';
import { BorrowedShare } from './borrowed-share.js';
import { badHandle, LendError } from './errors.js';
import { IpcArena, type PoolListener } from './ipc-arena.js';
import { disconnected, LendChannel, type PoolDescription } from './lend-channel.js';
import { handleBytes, type LendHandle, parseHandle } from './lend-handle.js';
import { LentArena } from './lent-arena.js';

/** How long a peer may take to answer for a pool, if it has to answer before the pool is used: see settlePools(). */
const ANSWER_PATIENCE_MS = 5000;
/** How long our own words may take to leave. */
const FLUSH_PATIENCE_MS = 2000;
/** How long a pool's announcement may come after the first handle into it. */
const ANNOUNCEMENT_PATIENCE_MS = 2000;
/** A caller that never returns to the event loop gets its objects back by reading after so many loans. */
const LOANS_PER_READ = 256;
/** Slot of the addon's `out` array. */
const OUT_POOL_ID = 4;
const MOST_NEW_POOLS = 64;
const ENOENT = -2;

export interface LendSessionOptions {
  token: SessionToken;
  peer: ProcessCredentials;
  /** What the names of the peer's pools may begin with; the pool's id follows. */
  poolNameBases: readonly string[];
  /** The lend channel ended by itself, or the peer misused it. Told once. */
  onError: (error: FlowIpcError) => void;
}

/**
 * Both sides of a session have one. The C++ one blocks, within the allocator, for the peer's answer to each new pool;
 * that dead-locks two event loops that wait for each other. Ours does not wait there:
 *
 * - A new pool is announced (lendPool) on the lend channel, and that has left this process before the first handle to
 *   something in it leaves by another channel: settlePools() sees to it before each loan.
 * - So by the time the peer reads such a handle, the announcement lies in its lend channel's socket. A borrower of ours
 *   that meets an unknown pool reads its lend channel then and there (#fetchPool), whatever else it is in the midst of.
 * - It answers as the protocol wants. The answer is only looked at: a refused pool is not lent from.
 *
 * No side waits for the other, so both may grow their arenas at once, in one thread each. A C++ borrower does not read
 * on demand. It does not say that it does either, in its answer to lendArena: for such a peer settlePools() waits for
 * the answer, and goes on answering the peer's own announcements meanwhile.
 */
export class LendSession implements PoolListener {
  readonly #channel: LendChannel;
  readonly #options: LendSessionOptions;
  readonly #lent = new Map<number, LentArena>();
  readonly #borrowed: BorrowedArenas;
  /** Waiting for the answer to lendArena. */
  readonly #offers = new Set<(error: FlowIpcError) => void>();
  #readsOnDemand = false;
  /** Announcements that have perhaps not left, or not been answered though they have to be. */
  #unsettled = false;
  #loans = 0;
  #receivedAtLastRead = 0;
  #error: FlowIpcError | undefined;

  /** Takes the lend channel's descriptor over. */
  constructor(fd: number, options: LendSessionOptions) {
    this.#options = options;
    this.#borrowed = new BorrowedArenas(options.poolNameBases, (collectionId, poolId) =>
      this.#fetchPool(collectionId, poolId),
    );
    this.#channel = new LendChannel(fd, options.token, options.peer, {
      lendArena: (id) => this.#borrowed.addArena(id),
      lendPool: (pool) => this.#borrowed.addPool(pool),
      // One that we refused may be removed before the peer has read so.
      removePool: (collectionId, poolId) => this.#borrowed.removePool(collectionId, poolId),
      returnObject: (handle) => this.#onReturn(handle),
      misused: (what) => this.#misused(what),
      end: (error) => this.#end(error),
    });
  }

  /** Why nothing can be lent or borrowed any more, if so. */
  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  get counters(): { loans: number; lentObjects: number; lentPools: number; borrowedPools: number } {
    let lentObjects = 0;
    let lentPools = 0;
    for (const lent of this.#lent.values()) {
      lentObjects += lent.objects;
      lentPools += lent.pools;
    }
    return { loans: this.#loans, lentObjects, lentPools, borrowedPools: this.#borrowed.pools };
  }

  /**
   * Lets the peer read an arena: all that is and will be in it. Resolves when the peer has all of it. Rejects with
   * ARENA_LEND_FAILED or DISCONNECTED. Once an arena: a second time is a TypeError.
   */
  async lendArena(arena: IpcArena): Promise<void> {
    this.#checkConnected();
    if (this.#lent.has(arena.collectionId)) throw new TypeError('The arena is lent to this peer already');
    const lent = new LentArena(arena);
    this.#lent.set(arena.collectionId, lent);
    try {
      const taken = await this.#offer((answer) => {
        this.#channel.lendArena(arena.collectionId, (success, readsOnDemand) => {
          this.#readsOnDemand = readsOnDemand;
          answer(success);
        });
      });
      if (!taken) throw refused(`arena ${arena.name}`);
      // From here on poolCreated() hears of every new pool; those that are there already are told one by one.
      arena.addListener(this);
      for (const pool of arena.pools) {
        if (lent.knows(pool.id)) continue;
        await this.#offer((answer) => this.#announce(lent, pool, answer));
      }
    } catch (err) {
      this.#lent.delete(arena.collectionId);
      arena.removeListener(this);
      throw err;
    }
  }

  /** One loan of the object at `address` of an arena of ours. Throws NOT_LENT, POOL_REFUSED, DISCONNECTED. */
  lend(arena: IpcArena, address: number, handle: LendHandle): void {
    this.#checkConnected();
    const lent = this.#lent.get(arena.collectionId);
    if (lent?.arena !== arena)
      throw new FlowIpcError(LendError.NOT_LENT, `The arena ${arena.name} is not lent to this peer`);
    if (this.#unsettled) this.#settlePools();
    lent.checkPool(handle.poolId);
    handle.collectionId = arena.collectionId;
    lent.add(address);
    if (++this.#loans % LOANS_PER_READ === 0) this.#readIfNeglected();
  }

  /**
   * One loan of an object that construct() made in an arena lent to this peer: the 12 bytes that it borrows with, once.
   * Throws NOT_LENT, also for a borrowed object, which is not ours to lend; RELEASED; POOL_REFUSED; DISCONNECTED.
   */
  lendObject(object: SharedObject<SharedType>): Uint8Array {
    this.#checkConnected();
    const named = parseHandle(object.handle);
    const { arena } = object;
    if (!(arena instanceof IpcArena) || !this.#lent.has(arena.collectionId))
      throw new FlowIpcError(
        LendError.NOT_LENT,
        'The object does not lie in an arena that this peer was lent',
      );
    const address = arena.memory.addressOf(named.poolId, named.offset);
    arena.addOwner(address);
    try {
      this.lend(arena, address, named);
    } catch (err) {
      arena.dropOwner(address);
      throw err;
    }
    return handleBytes(named);
  }

  /**
   * Takes up what the peer lent with lendObject(): each such blob once. All else that a blob can hold is BAD_HANDLE;
   * that the object is of this type is the lender's word. Read-only; released, it goes back to the peer.
   */
  borrowObject<T extends SharedType>(type: T, blob: Uint8Array): SharedObject<T> {
    const handle = parseHandle(blob);
    this.#checkConnected();
    const object = this.#borrowed.objectAt(handle, type.size);
    if (!object) throw this.borrowError(ENOENT, handle);
    const share = new BorrowedShare(handle, () => {
      this.giveBack(handle.collectionId, handle.poolId, handle.offset);
      this.#borrowed.objectGone();
    });
    return new SharedObject(object.arena, type, object.address, share);
  }

  /** Takes a loan back that the peer has not heard of. */
  retract(arena: IpcArena, address: number): void {
    this.#lent.get(arena.collectionId)?.giveBack(address);
  }

  /** @internal Where what the peer lends is read. */
  get borrowed(): BorrowedArenas {
    return this.#borrowed;
  }

  /**
   * Reads what the peer lent, again once the pools that it lacks are there. `read` says ENOENT and leaves the pool that it
   * lacks in the addon's `out` array.
   */
  readBorrowed<R>(collectionId: number, read: () => R | number): R | number {
    let result = read();
    // A list has a pool or two that are new; no list has so many.
    for (let i = 0; i < MOST_NEW_POOLS && result === ENOENT; i++) {
      if (!this.#fetchPool(collectionId, out[OUT_POOL_ID]!)) break;
      result = read();
    }
    return result;
  }

  /** Reads the lend channel for a pool that is not known. Whether it is now. */
  #fetchPool(collectionId: number, poolId: number): boolean {
    const known = () => this.#borrowed.knows(collectionId, poolId);
    this.#channel.readNow();
    // What the peer had no room to send yet may take it a moment.
    return known() || this.#channel.waitUntil(known, ANNOUNCEMENT_PATIENCE_MS);
  }

  /** What the negative result of reading a borrowed object means: DISCONNECTED or BAD_HANDLE. */
  borrowError(code: number, handle: LendHandle): FlowIpcError {
    if (this.#error) return disconnected(this.#error);
    const { collectionId, poolId, offset } = handle;
    return badHandle(
      code === ENOENT
        ? `The peer has lent no pool ${poolId} of arena ${collectionId}`
        : `Nothing that makes sense lies at ${offset} of pool ${poolId} of arena ${collectionId} (${code})`,
    );
  }

  /** This side is done with one loan. */
  giveBack(collectionId: number, poolId: number, offset: number): void {
    this.#channel.returnObject(collectionId, poolId, offset);
  }

  /** Tells the peer now of what it got back, rather than soon. */
  announceReturns(): void {
    this.#channel.flushReturns();
  }

  poolCreated(arena: IpcArena, pool: OwnPool): void {
    const lent = this.#lent.get(arena.collectionId);
    if (lent && !this.#error) this.#announce(lent, pool, () => {});
  }

  poolRemoved(arena: IpcArena, pool: OwnPool): void {
    const lent = this.#lent.get(arena.collectionId);
    if (!lent?.forget(pool.id) || this.#error) return;
    try {
      this.#channel.removePool(arena.collectionId, pool.id);
    } catch (err) {
      this.#end(err as FlowIpcError);
    }
  }

  arenaClosed(arena: IpcArena): void {
    // Returns may still come for what lay in it.
    this.#lent.get(arena.collectionId)?.close();
  }

  /** Ends lending and borrowing: objects on loan count as returned. Idempotent. */
  close(): void {
    this.#channel.close();
    this.#end(disconnected(undefined), false);
  }

  #announce(lent: LentArena, pool: OwnPool, answer: (taken: boolean) => void): void {
    const description: PoolDescription = {
      collectionId: lent.arena.collectionId,
      poolId: pool.id,
      name: pool.name,
      size: pool.size,
    };
    lent.announce(pool.id);
    try {
      this.#channel.lendPool(description, (taken) => {
        lent.answered(pool.id, taken);
        answer(taken);
      });
      this.#unsettled = true;
    } catch (err) {
      this.#end(err as FlowIpcError);
    }
  }

  /** See the class's comment. What cannot be had in time is left: the loan then fails at the peer, and nothing else. */
  #settlePools(): void {
    const channel = this.#channel;
    const left = () => channel.flush();
    if (!left()) channel.waitUntil(left, FLUSH_PATIENCE_MS);
    if (!this.#readsOnDemand) {
      const answered = () => [...this.#lent.values()].every((lent) => lent.allAnswered);
      if (!answered() && !channel.waitUntil(answered, ANSWER_PATIENCE_MS)) return;
    }
    this.#unsettled = false;
    this.#checkConnected();
  }

  /** Objects come back as the event loop turns. A caller that blocks in one synchronous request after another reads here. */
  #readIfNeglected(): void {
    if (this.#channel.received === this.#receivedAtLastRead) this.#channel.readNow();
    this.#receivedAtLastRead = this.#channel.received;
  }

  #onReturn(handle: LendHandle): void {
    const { collectionId, poolId, offset } = handle;
    const lent = this.#lent.get(collectionId);
    if (lent?.closed) return;
    const address = lent?.arena.memory.addressOf(poolId, offset) ?? 0;
    if (!lent || address === 0 || !lent.giveBack(address))
      this.#misused(
        `returned what it had not borrowed, at ${offset} of pool ${poolId} of arena ${collectionId}`,
      );
  }

  #misused(what: string): void {
    const error = new FlowIpcError(LendError.MISUSED, `The peer ${what}`);
    this.#channel.close();
    this.#end(error);
  }

  #end(error: FlowIpcError, tell = true): void {
    if (this.#error) return;
    this.#error = error;
    for (const lent of this.#lent.values()) {
      lent.arena.removeListener(this);
      lent.giveBackAll();
    }
    this.#borrowed.close();
    for (const reject of this.#offers) reject(disconnected(error));
    this.#offers.clear();
    if (tell) this.#options.onError(error);
  }

  #checkConnected(): void {
    if (this.#error) throw disconnected(this.#error);
  }

  #offer(ask: (answer: (taken: boolean) => void) => void): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#offers.add(reject);
      ask((taken) => {
        this.#offers.delete(reject);
        resolve(taken);
      });
    });
  }
}

const refused = (what: string) =>
  new FlowIpcError(LendError.ARENA_LEND_FAILED, `The peer did not take the ${what}`);
