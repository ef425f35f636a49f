// A borrower's share in an object: given back to its owner, who takes the object down.
import { FlowIpcError } from '@flow-ipc/core';
import type { ObjectShare } from '@flow-ipc/shm';
import { LendError } from './errors.js';
import { handleBytes, type LendHandle } from './lend-handle.js';

export class BorrowedShare implements ObjectShare {
  readonly handle: Uint8Array;
  readonly #giveBack: () => void;

  constructor(handle: LendHandle, giveBack: () => void) {
    this.handle = handleBytes(handle);
    this.#giveBack = giveBack;
  }

  lend(): Uint8Array {
    throw new FlowIpcError(LendError.NOT_LENT, 'A borrowed object is not ours to lend on');
  }

  drop(): boolean {
    this.#giveBack();
    return false;
  }

  free(): void {}
}
