// Ipc_arena: the memory that this process allocates from and lends (features 199-205).
import { type FlowIpcError, fromNative, type PermissionsLevel, producerConsumerMode } from '@flow-ipc/core';
import {
  arenaAllocateStaged,
  arenaBeginStaged,
  arenaFreeStaged,
  arenaLendStaged,
  arenaReleaseStaged,
  arenaStoreStaged,
  begunList,
  detachBuffers,
  listBytes,
  OwnArena,
  type OwnArenaStats,
  type OwnPool,
  out,
} from '@flow-ipc/native';
import { type Arena, type Input, type ListHome, SharedObject, type SharedType } from '@flow-ipc/shm';
import { arenaError } from './errors.js';
import { GiveBack } from './give-back.js';
import { OwnMemory } from './own-memory.js';
import { OwnObjects } from './own-objects.js';

const EINVAL = -22;
const ENOMEM = -12;
/** Slots of the addon's `out` array. */
const OUT_POOL_ID = 4;
const OUT_POOL_OFFSET = 5;
const OUT_POOL_EVENTS = 6;

/** Who hears of an arena's pools: each session that borrows from it. */
export interface PoolListener {
  poolCreated(arena: IpcArena, pool: OwnPool): void;
  poolRemoved(arena: IpcArena, pool: OwnPool): void;
  /** The arena and all its pools are gone. */
  arenaClosed(arena: IpcArena): void;
}

export interface IpcArenaOptions {
  /** Who may borrow: pools are readable for them, and writable for nobody but us. @default 'user' */
  permissionsLevel?: PermissionsLevel;
}

/** Arenas that this thread must not leave behind when it exits without closing them. Collected ones close themselves. */
const open = new Set<WeakRef<IpcArena>>();
const collected = new FinalizationRegistry<WeakRef<IpcArena>>((ref) => open.delete(ref));
process.once('exit', () => {
  for (const arena of open) arena.deref()?.close();
});

/**
 * An arena of jemalloc whose memory is in shared pools. Only this process, and of it only this thread, allocates and
 * frees here; peers that it is lent to read. A crash of theirs can harm nothing in it.
 */
export class IpcArena implements Arena, ListHome, Disposable {
  /** What its pools' names begin with. */
  readonly name: string;
  /** Unique in this process: what borrowers call the arena. */
  readonly collectionId: number;
  /** @internal The addon's arena, for what lies next door. Call settle() after what may allocate or free. */
  readonly native: OwnArena;
  /** For containers. */
  readonly memory: OwnMemory;
  /** Nobody else writes here, so there is nothing to wait for. */
  readonly waiting = undefined;
  readonly #objects = new OwnObjects(this);
  readonly #listeners = new Set<PoolListener>();
  readonly #pools = new Map<number, OwnPool>();
  readonly #giveBack: GiveBack;
  readonly #ref = new WeakRef(this);
  #closed = false;

  private constructor(name: string, native: OwnArena) {
    this.name = name;
    this.native = native;
    this.memory = new OwnMemory(native);
    this.collectionId = native.collectionId;
    this.#giveBack = new GiveBack(native, () => this.settle());
    open.add(this.#ref);
    collected.register(this, this.#ref, this.#ref);
  }

  /** Makes no pool yet: the first allocation does. FlowIpcError SYSTEM when there are too many arenas (4000). */
  static create(poolNameBase: string, options: IpcArenaOptions = {}): IpcArena {
    const mode = producerConsumerMode(options.permissionsLevel ?? 'user');
    try {
      return new IpcArena(poolNameBase, new OwnArena(poolNameBase, mode));
    } catch (err) {
      throw fromNative(err, `Cannot create the arena ${poolNameBase}`);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** jemalloc's own figures, and the pools. Takes some microseconds. */
  get stats(): OwnArenaStats {
    if (this.#closed) throw this.error(-9, 'Cannot look');
    return this.native.stats();
  }

  /** The pools that there are now. */
  get pools(): readonly OwnPool[] {
    return [...this.#pools.values()];
  }

  /** Gives free memory back to the system now; left alone, the arena does so over some ten seconds. */
  trim(): void {
    if (this.#closed) return;
    this.native.purge();
    this.settle();
  }

  /** Frees everything and removes the pools' names. Borrowers keep what they have mapped. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    open.delete(this.#ref);
    collected.unregister(this.#ref);
    this.#giveBack.stop();
    this.memory.closed = true;
    this.memory.closeMessages();
    this.native.close();
    this.#pools.clear();
    for (const listener of [...this.#listeners]) listener.arenaClosed(this);
    this.#listeners.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Makes an object of a declared type. `init` is its value in plain JavaScript; what is left out is zero or empty. It
   * is freed when this process has released it and every borrower has, too. Lend it with LendSession.lendObject().
   */
  construct<T extends SharedType>(type: T, init?: Input<T>): SharedObject<T> {
    const address = this.allocate(type.size);
    return SharedObject.construct(this, type, address, this.#objects.add(type, address), init);
  }

  /** Whether the object lives in this arena. */
  owns(object: SharedObject<SharedType>): boolean {
    return object.arena === this;
  }

  allocate(bytes: number): number {
    const address = arenaAllocateStaged(this.native.index, bytes);
    this.settle();
    if (address < 0) throw this.error(address, `Cannot allocate ${bytes} bytes`);
    return address;
  }

  allocateMany(bytes: number, count: number): Float64Array {
    const addresses = new Float64Array(count);
    const code = this.native.allocateMany(bytes, addresses);
    this.settle();
    if (code < 0) throw this.error(code, `Cannot allocate ${count} times ${bytes} bytes`);
    return addresses;
  }

  free(address: number): void {
    const code = arenaFreeStaged(this.native.index, address);
    this.settle();
    if (code < 0) throw this.error(code, `Cannot free the block at ${address}`);
  }

  freeMany(addresses: Float64Array): void {
    const freed = this.native.freeMany(addresses);
    this.settle();
    if (freed < 0) throw this.error(freed, 'Cannot free');
    if (freed < addresses.length) throw this.error(EINVAL, `Cannot free all of ${addresses.length} blocks`);
  }

  /** Only blocks of 16 KiB and more can grow, into free pages behind them. */
  extend(address: number, bytes: number): boolean {
    return this.#inPlace(this.native.extend(address, bytes), 'extend', address);
  }

  /** False for blocks of less than 16 KiB, or that would become so: jemalloc's size classes have places of their own. */
  shrink(address: number, bytes: number): boolean {
    return this.#inPlace(this.native.shrink(address, bytes), 'shrink', address);
  }

  view(address: number, length: number): ArrayBuffer {
    return this.native.view(address, length);
  }

  detach(buffers: readonly ArrayBuffer[]): void {
    detachBuffers(buffers);
  }

  /** @internal */
  addListener(listener: PoolListener): void {
    this.#listeners.add(listener);
  }

  /** @internal */
  removeListener(listener: PoolListener): void {
    this.#listeners.delete(listener);
  }

  /** @internal A message's list with one segment; its buffer, and the list through takeList(). */
  listCreate(capacity: number): ArrayBuffer | number {
    const buffer = this.native.listCreate(capacity);
    this.settle();
    return buffer;
  }

  /** @internal The same with the buffer's address. */
  listBegin(capacity: number): number {
    const address = arenaBeginStaged(this.native.index, capacity);
    this.settle();
    return address;
  }

  /** @internal One more segment. */
  listGrow(list: number, capacity: number): ArrayBuffer | number {
    const buffer = this.native.listGrow(list, capacity);
    this.settle();
    return buffer;
  }

  /** @internal One owner more; the handle through lastHandle(). 0 or a code. */
  listLend(list: number, usedSizes: number | number[]): number {
    return typeof usedSizes === 'number'
      ? arenaLendStaged(this.native.index, list, usedSizes)
      : this.native.listLend(list, usedSizes);
  }

  /** @internal What the last listCreate() made. */
  takeList(): number {
    return begunList();
  }

  /** @internal Stores bytes as a list of one segment; the list, its handle through lastHandle(). */
  listStore(bytes: Uint8Array, length: number): number {
    const list = this.#store(bytes, length);
    if (out[OUT_POOL_EVENTS] === 0) {
      this.#giveBack.active = true;
      return list;
    }
    const id = out[OUT_POOL_ID]!;
    const offset = out[OUT_POOL_OFFSET]!;
    this.settle();
    out[OUT_POOL_ID] = id;
    out[OUT_POOL_OFFSET] = offset;
    return list;
  }

  /** @internal For ListShare. */
  releaseList(list: number, buffers: ArrayBuffer[]): void {
    this.listRelease(list, buffers);
  }

  /** @internal One owner less; the last one frees. Nothing happens once the arena is closed. */
  listRelease(list: number, buffers: ArrayBuffer[]): number {
    const left =
      buffers.length === 0
        ? arenaReleaseStaged(this.native.index, list)
        : this.native.listRelease(list, buffers);
    this.settle();
    return left;
  }

  /** @internal One owner of a lent object less: a borrower gave it back, or is gone. */
  dropOwner(address: number): void {
    if (!this.#objects.drop(address)) this.listRelease(address, []);
  }

  /** @internal One owner more of an object, for a loan. False when it is none of ours. */
  addOwner(address: number): boolean {
    return this.#objects.addOwner(address);
  }

  /** @internal Pool and offset that the last call of the addon told. */
  lastHandle(handle: { poolId: number; offset: number }): void {
    handle.poolId = out[OUT_POOL_ID]!;
    handle.offset = out[OUT_POOL_OFFSET]!;
  }

  /** @internal After a call of the addon that may have made or removed pools: tells who borrows. */
  settle(): void {
    this.#giveBack.active = true;
    if (out[OUT_POOL_EVENTS] !== 0) this.#announce();
  }

  /** @internal */
  error(code: number, what: string): FlowIpcError {
    return arenaError(code, what, this.name);
  }

  #store(bytes: Uint8Array, length: number): number {
    if (length > listBytes.length) return this.native.listStore(bytes, 0, length);
    for (let i = 0; i < length; i++) listBytes[i] = bytes[i]!;
    return arenaStoreStaged(this.native.index, length);
  }

  #inPlace(code: number, verb: string, address: number): boolean {
    this.settle();
    if (code === ENOMEM) return false;
    if (code < 0) throw this.error(code, `Cannot ${verb} the block at ${address}`);
    return true;
  }

  #announce(): void {
    for (const { created, ...pool } of this.native.takePoolEvents()) {
      if (created) {
        this.#pools.set(pool.id, pool);
        this.memory.add(pool);
      } else {
        this.#pools.delete(pool.id);
        this.memory.remove(pool.id);
      }
      for (const listener of this.#listeners) {
        if (created) listener.poolCreated(this, pool);
        else listener.poolRemoved(this, pool);
      }
    }
  }
}
