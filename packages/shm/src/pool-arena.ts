// Pool_arena: one named shared-memory pool that its processes allocate from alike (features 169-177).
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { debuglog } from 'node:util';
import { fromNative, type PermissionsLevel, sharedResourceMode } from '@flow-ipc/core';
import {
  allocateStaged,
  detachBuffers,
  freeStaged,
  type Pool,
  poolCreate,
  poolOpen,
  poolOpenOrCreate,
  releaseStaged,
  retireStaged,
  shmUnlink,
} from '@flow-ipc/native';
import type { Arena } from './arena.js';
import type { Input, SharedType } from './containers/type.js';
import { poolError } from './errors.js';
import type { ListHome } from './list-share.js';
import { MessageWindow } from './message-window.js';
import { PoolShare, readClassicHandle, type ShareBooks } from './pool-share.js';
import { PoolSharedMemory } from './pool-shared-memory.js';
import { PoolWaiting } from './pool-waiting.js';
import { WINDOW } from './shared-memory.js';
import { dropShare, SharedObject } from './shared-object.js';
import { SpareLists } from './spare-lists.js';

const debug = debuglog('flow-ipc');
const { ENOMEM, ENOSPC } = constants.errno;

/** Default limit of a pool: address space and a promise, not memory. Pages are taken when first needed. */
export const DEFAULT_POOL_SIZE_MI = 2048;

const SHM_DIR = '/dev/shm';

export interface PoolOptions {
  /** Size limit in MiB. @default 2048 */
  sizeMi?: number;
  /** Who may open it. @default 'user' */
  permissionsLevel?: PermissionsLevel;
  /**
   * Take all pages now, so that later only the pool itself can be full, not /dev/shm: a gigabyte takes a quarter of a
   * second. @default false
   */
  commit?: boolean;
}

/** A pool's blocks as its allocator has them. Bytes include the 16 of each block's header. */
export interface PoolStatistics {
  /** Of the whole pool in bytes. */
  readonly size: number;
  /** Allocated blocks: messages take three each, objects one and more. */
  readonly blocks: number;
  readonly usedBytes: number;
  readonly freeBlocks: number;
  readonly freeBytes: number;
  /** The largest block that can be allocated, in bytes. */
  readonly largestFree: number;
  /** How much of the free memory the largest free block is not: 0 when it is all in one piece, towards 1 in crumbs. */
  readonly fragmentation: number;
  /** Shares in objects that this process holds through this arena. */
  readonly held: number;
  /**
   * Objects that were lent through this arena. A process that dies keeps its shares for good, as counts have no names
   * on them: blocks that stay allocated when nobody alive holds anything are what the dead took along.
   */
  readonly lent: number;
}

/** Names that this thread made and must not leave behind when it exits without closing them. */
const made = new Set<string>();
process.once('exit', () => {
  for (const name of made) tryUnlink(name);
});

export class PoolArena implements Arena, Disposable {
  readonly name: string;
  /** The addon's pool, for the serialization next door. */
  readonly pool: Pool;
  /** The same for small messages in it. */
  readonly window: MessageWindow;
  /** And what their lists belong to. */
  readonly listHome: ListHome;
  /** The same for lists that were made here and may serve the next messages. */
  readonly builtHome: ListHome;
  readonly spares: SpareLists;
  readonly memory: PoolSharedMemory;
  readonly waiting: PoolWaiting | undefined;
  readonly #owner: boolean;
  readonly #books: ShareBooks = { held: new Set(), lent: 0 };

  private constructor(name: string, pool: Pool, owner: boolean, readOnly: boolean) {
    this.name = name;
    this.pool = pool;
    this.spares = new SpareLists(pool);
    this.listHome = makeListHome(pool);
    this.builtHome = makeBuiltHome(pool, this.spares);
    this.window = new MessageWindow(Math.min(WINDOW, pool.size), (offset, length) =>
      pool.view(offset, length),
    );
    this.memory = new PoolSharedMemory(pool, !readOnly);
    this.waiting = readOnly ? undefined : new PoolWaiting(pool);
    this.#owner = owner;
    if (owner) made.add(name);
  }

  /** Makes a new pool; its name goes with close(). FlowIpcError SYSTEM: EEXIST, ENOSPC, EACCES, … */
  static create(name: string, options: PoolOptions = {}): PoolArena {
    return new PoolArena(name, make(poolCreate, name, options), true, false);
  }

  /** Opens the pool, with the size it has, or else makes it. Its name stays until removePersistent(). */
  static openOrCreate(name: string, options: PoolOptions = {}): PoolArena {
    return new PoolArena(name, make(poolOpenOrCreate, name, options), false, false);
  }

  /**
   * Opens a pool that another process made. `readOnly`: nothing here can change it, not even owner counts, so look at
   * objects by SharedObject.handle, whose owner keeps them alive meanwhile, and not by what lend() gave.
   */
  static open(name: string, options: { readOnly?: boolean } = {}): PoolArena {
    const readOnly = options.readOnly ?? false;
    try {
      return new PoolArena(name, poolOpen(name, readOnly), false, readOnly);
    } catch (err) {
      throw fromNative(err, `Cannot open the pool ${name}`);
    }
  }

  /** Removes a name; memory lives until the last process lets go. False when there was none. */
  static removePersistent(name: string): boolean {
    return tryUnlink(name);
  }

  /** Names of all shared memory of this machine that begin so. Not only pools: C++ lists the same. */
  static listPersistent(prefix = ''): string[] {
    return readdirSync(SHM_DIR).filter((name) => name.startsWith(prefix) && !name.startsWith('sem.'));
  }

  get size(): number {
    return this.pool.size;
  }

  /**
   * Bytes that are neither allocated nor the allocator's own. Takes the pool's lock. What was kept here for the next
   * messages is given back first.
   */
  get freeBytes(): number {
    this.spares.giveBack();
    return this.pool.freeBytes();
  }

  /**
   * Walks all blocks, with everybody else waiting: 10 ms for a million. What was kept here for the next messages is given
   * back first. Throws OWNER_DIED, READ_ONLY, CORRUPTED, …
   */
  stats(): PoolStatistics {
    this.spares.giveBack();
    const counts = new Float64Array(5);
    this.#checked(this.pool.blockCounts(counts), 'Cannot count blocks');
    const [blocks, usedBytes, freeBlocks, freeBytes, largestFree] = counts as unknown as number[];
    return {
      size: this.size,
      blocks: blocks!,
      usedBytes: usedBytes!,
      freeBlocks: freeBlocks!,
      freeBytes: freeBytes!,
      largestFree: largestFree!,
      fragmentation: freeBytes === 0 ? 0 : 1 - Math.min(1, (largestFree! + 8) / freeBytes!),
      held: this.#books.held.size,
      lent: this.#books.lent,
    };
  }

  /**
   * Makes an object of a declared type, owned by this process alone until it is lent. `init` is its value in plain
   * JavaScript; what is left out is zero or empty. Throws OUT_OF_MEMORY and the like, with nothing left behind.
   */
  construct<T extends SharedType>(type: T, init?: Input<T>): SharedObject<T> {
    const offset = this.#checked(this.pool.objectCreate(type.size), `Cannot make a ${type.name}`);
    return SharedObject.construct(this, type, offset, new PoolShare(this, type, offset, this.#books), init);
  }

  /**
   * Takes up what another process lent with SharedObject.lend(): each such blob once. All else that a blob can hold is
   * BAD_HANDLE; that the object is of this type is the lender's word.
   */
  borrow<T extends SharedType>(type: T, blob: Uint8Array): SharedObject<T> {
    const offset = readClassicHandle(blob);
    this.#checked(this.pool.objectCheck(offset, type.size), `No ${type.name} at ${offset}`);
    return new SharedObject(this, type, offset, new PoolShare(this, type, offset, this.#books));
  }

  /** Whether the object lives in this pool. */
  owns(object: SharedObject<SharedType>): boolean {
    return object.arena === this;
  }

  allocate(bytes: number): number {
    return this.#checked(allocateStaged(this.pool.index, bytes), `Cannot allocate ${bytes} bytes`);
  }

  allocateMany(bytes: number, count: number): Float64Array {
    const offsets = new Float64Array(count);
    this.#checked(this.pool.allocateMany(bytes, offsets), `Cannot allocate ${count} times ${bytes} bytes`);
    return offsets;
  }

  free(address: number): void {
    const code = freeStaged(this.pool.index, address);
    if (code < 0) throw poolError(code, `Cannot free the block at ${address}`, this.name);
  }

  freeMany(addresses: Float64Array): void {
    this.#checked(this.pool.freeMany(addresses), `Cannot free all of ${addresses.length} blocks`);
  }

  extend(address: number, bytes: number): boolean {
    return this.#inPlace(this.pool.extend(address, bytes), 'extend', address);
  }

  shrink(address: number, bytes: number): boolean {
    return this.#inPlace(this.pool.shrink(address, bytes), 'shrink', address);
  }

  view(address: number, length: number): ArrayBuffer {
    return this.pool.view(address, length);
  }

  detach(buffers: readonly ArrayBuffer[]): void {
    detachBuffers(buffers);
  }

  /**
   * Lets the pool go, after giving back the shares in objects that are held through this arena; who made it also removes
   * its name. Views of messages stay valid until released. Idempotent.
   */
  close(): void {
    for (const share of this.#books.held) {
      share.home?.deref()?.end();
      try {
        dropShare({ arena: this, type: share.type, address: share.offset, share });
      } catch (err) {
        debug('giving back the object at %d of %s: %s', share.offset, this.name, (err as Error).message);
      }
    }
    detachBuffers(this.memory.close());
    this.window.close();
    this.spares.close();
    this.pool.close();
    if (this.#owner && made.delete(this.name)) tryUnlink(this.name);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** No room there, or no pages for it, is no error yet: there may be some elsewhere. */
  #inPlace(code: number, verb: string, address: number): boolean {
    if (code === -ENOMEM || code === -ENOSPC) return false;
    if (code < 0) throw poolError(code, `Cannot ${verb} the block at ${address}`, this.name);
    return true;
  }

  #checked(code: number, what: string): number {
    if (code < 0) throw poolError(code, what, this.name);
    return code;
  }
}

/** Not a method: it outlives the arena while messages do. */
function makeListHome(pool: Pool): ListHome {
  return {
    releaseList(list, buffers) {
      if (buffers.length === 0) releaseStaged(pool.index, list);
      else pool.listRelease(list, buffers);
    },
  };
}

/** What is retired after the pool was closed is released with the pool's memory. */
function makeBuiltHome(pool: Pool, spares: SpareLists): ListHome {
  return {
    releaseList(list, buffers) {
      if (buffers.length > 0) detachBuffers(buffers);
      if (retireStaged(pool.index, list) === 1) spares.touch();
    },
  };
}

function make(how: typeof poolCreate, name: string, options: PoolOptions): Pool {
  const size = (options.sizeMi ?? DEFAULT_POOL_SIZE_MI) * 2 ** 20;
  const mode = sharedResourceMode(options.permissionsLevel ?? 'user');
  try {
    return how(name, size, mode, options.commit ?? false);
  } catch (err) {
    throw fromNative(err, `Cannot create the pool ${name}`);
  }
}

function tryUnlink(name: string): boolean {
  try {
    shmUnlink(name);
    return true;
  } catch {
    return false;
  }
}
