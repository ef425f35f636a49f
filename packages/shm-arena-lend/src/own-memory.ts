// The memory of an arena of ours, for containers: readable and writable.
import type { OwnArena } from '@flow-ipc/native';
import { WINDOW } from '@flow-ipc/shm';
import { type PoolPlace, PoolsMemory } from './pool-pointer.js';

export class OwnMemory extends PoolsMemory {
  readonly #native: OwnArena;

  constructor(native: OwnArena) {
    super(true);
    this.#native = native;
  }

  protected viewPool(pool: PoolPlace): ArrayBuffer {
    return this.#native.view(pool.window * WINDOW, pool.size);
  }
}
