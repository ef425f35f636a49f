// Pool_arena: one named shared-memory pool that its processes allocate from alike (features 169-177).
import { fromNative, type PermissionsLevel, sharedResourceMode } from '@flow-ipc/core';
import { type Pool, poolCreate, poolOpen, shmUnlink } from '@flow-ipc/native';

/** Default limit of a pool: address space and a promise, not memory. Pages are taken when first written. */
export const DEFAULT_POOL_SIZE_MI = 2048;

/** Names that this thread made and must not leave behind when it exits without closing them. */
const made = new Set<string>();
process.once('exit', () => {
  for (const name of made) tryUnlink(name);
});

export class PoolArena {
  readonly name: string;
  /** The addon's pool, for the serialization next door. */
  readonly pool: Pool;
  readonly #owner: boolean;

  private constructor(name: string, pool: Pool, owner: boolean) {
    this.name = name;
    this.pool = pool;
    this.#owner = owner;
    if (owner) made.add(name);
  }

  /** Makes a new pool; its name goes with close(). FlowIpcError SYSTEM: EEXIST, ENOSPC, EACCES, … */
  static create(
    name: string,
    options: { sizeMi?: number; permissionsLevel?: PermissionsLevel } = {},
  ): PoolArena {
    const size = (options.sizeMi ?? DEFAULT_POOL_SIZE_MI) * 2 ** 20;
    try {
      return new PoolArena(
        name,
        poolCreate(name, size, sharedResourceMode(options.permissionsLevel ?? 'user')),
        true,
      );
    } catch (err) {
      throw fromNative(err, `Cannot create the pool ${name}`);
    }
  }

  /** Opens a pool that another process made. */
  static open(name: string): PoolArena {
    try {
      return new PoolArena(name, poolOpen(name), false);
    } catch (err) {
      throw fromNative(err, `Cannot open the pool ${name}`);
    }
  }

  /** Removes a name; memory lives until the last process lets go. False when there was none. */
  static removePersistent(name: string): boolean {
    return tryUnlink(name);
  }

  get size(): number {
    return this.pool.size;
  }

  /** Bytes that are neither allocated nor the allocator's own. Takes the pool's lock. */
  get freeBytes(): number {
    return this.pool.freeBytes();
  }

  /** Lets the pool go; who made it also removes its name. Views stay valid until released. Idempotent. */
  close(): void {
    this.pool.close();
    if (this.#owner && made.delete(this.name)) tryUnlink(this.name);
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
