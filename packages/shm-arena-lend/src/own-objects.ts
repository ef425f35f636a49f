// The constructed objects of an arena: how many own each, this process and its borrowers, and their end.
import { FlowIpcError } from '@flow-ipc/core';
import { type ObjectShare, SharedObject, type SharedType } from '@flow-ipc/shm';
import { LendError } from './errors.js';
import type { IpcArena } from './ipc-arena.js';
import { handleBytes } from './lend-handle.js';

interface OwnObject {
  readonly type: SharedType;
  owners: number;
}

export class OwnObjects {
  readonly #arena: IpcArena;
  readonly #objects = new Map<number, OwnObject>();

  constructor(arena: IpcArena) {
    this.#arena = arena;
  }

  /** This process's share in a new object. */
  add(type: SharedType, address: number): ObjectShare {
    this.#objects.set(address, { type, owners: 1 });
    return this.#share(address);
  }

  addOwner(address: number): boolean {
    const object = this.#objects.get(address);
    if (object) object.owners++;
    return object !== undefined;
  }

  /** One owner less; after the last one the object is taken down. False when there is no such object. */
  drop(address: number): boolean {
    // Asked for each message, too; a look at nothing costs as much as one at something.
    const object = this.#objects.size > 0 ? this.#objects.get(address) : undefined;
    if (!object) return false;
    object.owners--;
    // What release() does at the end of this process's own share, it does here for the last borrower's.
    if (object.owners === 0) {
      object.owners = 1;
      new SharedObject(this.#arena, object.type, address, this.#share(address)).release();
    }
    return true;
  }

  #share(address: number): ObjectShare {
    const arena = this.#arena;
    const objects = this.#objects;
    return {
      get handle() {
        return handleBytes({ collectionId: arena.collectionId, ...arena.memory.placeOf(address) });
      },
      lend() {
        throw new FlowIpcError(
          LendError.NOT_LENT,
          'An object in an arena is lent to one peer: with the lendObject() of its session',
        );
      },
      drop() {
        const object = objects.get(address);
        // Gone with its arena.
        if (!object || arena.closed) return false;
        object.owners--;
        return object.owners === 0;
      },
      free() {
        objects.delete(address);
        arena.free(address);
      },
    };
  }
}
