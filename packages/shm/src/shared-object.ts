// SharedObject: one process's hold on an object in shared memory, to use, lend on and release (features 171-175).
import { debuglog, type InspectOptions, inspect } from 'node:util';
import type { Arena, ObjectShare } from './arena.js';
import { inspectAccessor } from './containers/accessor.js';
import { Home } from './containers/home.js';
import { RootPlace } from './containers/place.js';
import { Budget, type Input, type Live, type Plain, type SharedType } from './containers/type.js';

const debug = debuglog('flow-ipc');

/** What is left of a hold when nothing refers to it any more; it must not refer to its Home. */
export interface Remains {
  readonly arena: Arena;
  readonly type: SharedType;
  readonly address: number;
  readonly share: ObjectShare;
}

/** The net under release(): a Home is collected when neither the object nor an accessor or view of it is left. */
const collected = new FinalizationRegistry<Remains>((remains) => {
  try {
    if (!remains.arena.memory.closed) dropShare(remains);
  } catch (err) {
    debug('releasing the object at %d that nobody refers to: %s', remains.address, (err as Error).message);
  }
});

/** Gives a share back and, if it was the last one, takes the object down. */
export function dropShare({ arena, type, address, share }: Remains): void {
  if (!share.drop()) return;
  // Nobody else can have it any more. A peer that left it malformed has lost us what it held, but not the block itself.
  const home = new Home(arena);
  try {
    type.destroy(home, address);
    home.flush();
  } finally {
    share.free();
  }
}

export class SharedObject<T extends SharedType> implements Disposable {
  readonly arena: Arena;
  readonly type: T;
  readonly #home: Home;
  readonly #address: number;
  readonly #share: ObjectShare;
  #value: Live<T> | undefined;

  /** For providers: takes over a share in a finished object at `address`. */
  constructor(arena: Arena, type: T, address: number, share: ObjectShare) {
    this.arena = arena;
    this.type = type;
    this.#home = new Home(arena);
    this.#address = address;
    this.#share = share;
    share.home = new WeakRef(this.#home);
    collected.register(this.#home, { arena, type, address, share }, this);
  }

  /** For providers: makes raw memory the object that `init` says, or gives it back and throws. */
  static construct<T extends SharedType>(
    arena: Arena,
    type: T,
    address: number,
    share: ObjectShare,
    init?: Input<T>,
  ): SharedObject<T> {
    const home = new Home(arena);
    try {
      type.init(home, address);
      if (init !== undefined) type.write(home, address, init);
      home.flush();
    } catch (err) {
      try {
        // What was taken down on the way is still to be freed.
        home.flush();
      } finally {
        dropShare({ arena, type, address, share });
      }
      throw err;
    }
    return new SharedObject(arena, type, address, share);
  }

  /** The object: the accessor of its type or, for numbers and strings, the value now. Throws RELEASED. */
  get value(): Live<T> {
    this.#live();
    if (this.type.direct) return this.type.get(this.#home, this.#address) as Live<T>;
    this.#value ??= this.type.ref(new RootPlace(this.#home, this.#address)) as Live<T>;
    return this.#value;
  }

  /** Assigns to the whole object. */
  set(value: Input<T>): void {
    this.#live();
    this.#home.mutable();
    try {
      this.type.write(this.#home, this.#address, value);
    } finally {
      this.#home.flush();
    }
  }

  /** A copy of it all as plain JavaScript. */
  toJS(): Plain<T> {
    this.#live();
    return this.type.toJS(this.#home, this.#address, new Budget(this.arena.memory.size)) as Plain<T>;
  }

  /**
   * The bytes to send to one other process, which borrows with them once. From here on it counts as an owner: bytes that
   * never arrive keep the object alive for good. A borrower can lend on in turn, where the provider allows it.
   */
  lend(): Uint8Array {
    this.#live();
    return this.#share.lend();
  }

  /**
   * Names the object without lending it: for a process that has the pool open read-only, and can look at it as long as
   * somebody holds it.
   */
  get handle(): Uint8Array {
    this.#live();
    return this.#share.handle;
  }

  get released(): boolean {
    return !this.#home.alive;
  }

  /**
   * Gives our share back; the last one frees the object and all that it holds. Accessors are dead from here on, views
   * are empty. Idempotent, and nothing is left to do when the arena was closed. Throws CORRUPTED or BAD_HANDLE when a peer left it malformed, what could be freed being
   * freed, and LOCK_TIMEOUT or OWNER_DIED when nothing could.
   */
  release(): void {
    if (!this.#home.alive) return;
    collected.unregister(this);
    this.#home.end();
    this.#value = undefined;
    if (this.arena.memory.closed) return;
    dropShare({ arena: this.arena, type: this.type, address: this.#address, share: this.#share });
  }

  [Symbol.dispose](): void {
    this.release();
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectAccessor(`SharedObject ${this.type.name}`, this.#home.alive, () => this.toJS(), options);
  }

  #live(): void {
    this.#home.live();
  }
}
