// One arena that a peer lends, for containers: they read, and nothing else (features 183, 221).

import { FlowIpcError } from '@flow-ipc/core';
import { type BorrowedPools, detachBuffers } from '@flow-ipc/native';
import { type Arena, ShmError } from '@flow-ipc/shm';
import { PoolsMemory } from './pool-pointer.js';

class BorrowedMemory extends PoolsMemory {
  readonly #native: BorrowedPools;
  readonly #fetch: (poolId: number) => boolean;

  constructor(native: BorrowedPools, fetch: (poolId: number) => boolean) {
    super(false);
    this.#native = native;
    this.#fetch = fetch;
  }

  protected override fetchPool(poolId: number): boolean {
    return this.#fetch(poolId);
  }

  protected viewBytes(address: number, length: number): ArrayBuffer {
    return this.#native.view(address, length);
  }
}

export class BorrowedArena implements Arena {
  readonly name: string;
  readonly memory: BorrowedMemory;
  /** The owner does not wait for us, nor we for it, in memory that we cannot write. */
  readonly waiting = undefined;
  readonly #native: BorrowedPools;

  constructor(collectionId: number, native: BorrowedPools, fetch: (poolId: number) => boolean) {
    this.name = `borrowed ${collectionId}`;
    this.memory = new BorrowedMemory(native, fetch);
    this.#native = native;
  }

  allocate(_bytes: number): number {
    throw readOnly();
  }

  allocateMany(_bytes: number, _count: number): Float64Array {
    throw readOnly();
  }

  free(_address: number): void {
    throw readOnly();
  }

  freeMany(_addresses: Float64Array): void {
    throw readOnly();
  }

  extend(_address: number, _bytes: number): boolean {
    throw readOnly();
  }

  shrink(_address: number, _bytes: number): boolean {
    throw readOnly();
  }

  view(address: number, length: number): ArrayBuffer {
    return this.#native.view(address, length);
  }

  detach(buffers: readonly ArrayBuffer[]): void {
    detachBuffers(buffers);
  }
}

const readOnly = () =>
  new FlowIpcError(
    ShmError.READ_ONLY,
    'Borrowed memory is its owner’s: nothing can be allocated or freed in it',
  );
