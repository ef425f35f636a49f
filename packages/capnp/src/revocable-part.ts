// A part of memory that goes back to whoever lent it, while others go on using the memory around it.

import { Memory, MemoryPart, type MemoryUser } from './memory.js';

/**
 * For segments in memory that is shared with others' messages: what detaching an ArrayBuffer is to a segment with a
 * buffer of its own, revoke() is to this. Readers, builders and lists that were made of it then throw TypeError at each
 * access, as they do over a detached buffer. Bytes that are handed out (Data, typed arrays, segments) are views of a
 * buffer that the part has to itself, made at first need; the lender detaches that one.
 */
export abstract class RevocablePart extends MemoryPart {
  /** Most parts have one. */
  private user: MemoryUser | undefined = undefined;
  private others: MemoryUser[] | undefined = undefined;
  private own: ArrayBuffer | undefined = undefined;
  private revoked = false;

  /** Makes a buffer of just this part: byte 0 is byte `start` of the memory. Called at most once. */
  protected abstract makeBuffer(): ArrayBuffer;

  /** Ends all access through readers and builders. Idempotent. */
  revoke(): void {
    this.revoked = true;
    this.user?.revoke(REVOKED);
    this.user = undefined;
    if (this.others !== undefined) for (const user of this.others) user.revoke(REVOKED);
    this.others = undefined;
  }

  /** @internal */
  override slice(at: number, length: number): Uint8Array {
    if (this.revoked) return new Uint8Array(REVOKED.buffer, 0, length);
    this.own ??= this.makeBuffer();
    return new Uint8Array(this.own, at - this.start, length);
  }

  /** @internal */
  override attach(user: MemoryUser): void {
    if (this.revoked) user.revoke(REVOKED);
    else if (this.user === undefined) this.user = user;
    else if (this.others === undefined) this.others = [user];
    else this.others.push(user);
  }
}

/** Every access to it throws TypeError. */
const REVOKED: Memory = /* @__PURE__ */ detached();

function detached(): Memory {
  const memory = new Memory(new Uint8Array(8));
  structuredClone(memory.buffer, { transfer: [memory.buffer as ArrayBuffer] });
  return memory;
}
