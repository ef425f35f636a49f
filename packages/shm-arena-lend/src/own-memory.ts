// The memory of an arena of ours, for containers: readable and writable.
import type { OwnArena } from '@flow-ipc/native';
import { PoolsMemory } from './pool-pointer.js';

export class OwnMemory extends PoolsMemory {
  readonly #native: OwnArena;

  constructor(native: OwnArena) {
    super(true);
    this.#native = native;
  }

  protected viewBytes(address: number, length: number): ArrayBuffer {
    return this.#native.view(address, length);
  }
}
