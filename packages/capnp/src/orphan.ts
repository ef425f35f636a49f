// Objects of a message that no pointer leads to.

import { abandon, abandonObject, unlink } from './abandon.js';
import { isNull } from './build-list.js';
import { openTarget } from './build-target.js';
import { CapnpError } from './errors.js';
import { checkBounds, link, type Place, resolve } from './link.js';
import type { PointerType } from './pointer-type.js';
import type { Segment } from './segment.js';

/**
 * An object that was taken out of a message, or made beside it, and can be put anywhere into the same
 * message, once. What is never adopted stays in the message's memory and is sent along unseen; `discard()`
 * zeroes it at least.
 */
export class Orphan<B> implements Disposable {
  readonly #owner: Segment;
  readonly #type: PointerType<unknown, B>;
  #place: Place | undefined;
  #isUsed = false;

  /** @internal `owner` is any segment of the message; without a place it is a null pointer's. */
  constructor(owner: Segment, place: Place | undefined, type: PointerType<unknown, B>) {
    this.#owner = owner;
    this.#place = place;
    this.#type = type;
  }

  /** True when a null pointer was disowned. */
  get isNull(): boolean {
    return this.#place === undefined;
  }

  /** True once it has been adopted or discarded. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** The builder of the object, or the string of a Text. A null struct is made. @throws CapnpError ORPHAN_USED */
  get(): B {
    return this.as(this.#type);
  }

  /** The same as `type`: what an orphan of an AnyPointer is asked for. */
  as<T>(type: PointerType<unknown, T>): T {
    this.#checkUnused();
    return openTarget(type, this.#owner, this.#place, (place) => {
      this.#place = place;
    });
  }

  /** Zeroes the object and everything below it. Nothing happens after `adopt`. */
  discard(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#place !== undefined) abandonObject(this.#place);
  }

  [Symbol.dispose](): void {
    this.discard();
  }

  /** @internal Hands the object over to the pointer at byte `at`. */
  $adopt(owner: Segment, at: number): void {
    this.#checkUnused();
    if (owner.arena !== this.#owner.arena) {
      throw new CapnpError(
        'ERR_FLOW_IPC_CAPNP_ORPHAN_FOREIGN',
        'an orphan can only be adopted in its own message: set a copy instead',
      );
    }
    const lo = owner.view.getUint32(at, true);
    const hi = owner.view.getUint32(at + 4, true);
    if (this.#place === undefined) owner.bytes.fill(0, at, at + 8);
    else link(owner, at, this.#place);
    this.#isUsed = true;
    abandon(owner, at, lo, hi);
  }

  #checkUnused(): void {
    if (this.#isUsed) {
      throw new CapnpError('ERR_FLOW_IPC_CAPNP_ORPHAN_USED', 'the orphan has been adopted or discarded');
    }
  }
}

/** Takes the object of the pointer at byte `at` out of the message. */
export function disownPointer<B>(owner: Segment, at: number, type: PointerType<unknown, B>): Orphan<B> {
  if (isNull(owner, at)) return new Orphan(owner, undefined, type);
  const place = resolve(owner, at);
  checkBounds(place);
  unlink(owner, at);
  return new Orphan(owner, place, type);
}

/** Sets the pointer at byte `at`, whose old object is abandoned, to an orphan. */
export function adoptOrphan(owner: Segment, at: number, orphan: Orphan<unknown>): void {
  if (!(orphan instanceof Orphan)) throw new TypeError('adopt needs an orphan');
  orphan.$adopt(owner, at);
}
