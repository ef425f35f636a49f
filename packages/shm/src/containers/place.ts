// Places: where an accessor's bytes are now. Asked anew for each use, so that nothing refers to what has moved or gone.
import { released } from '../errors.js';
import type { Home } from './home.js';

export interface Place {
  readonly home: Home;
  /** Throws RELEASED when there is no such place any more. */
  address(): number;
}

/** The object itself. */
export class RootPlace implements Place {
  readonly home: Home;
  readonly #address: number;

  constructor(home: Home, address: number) {
    this.home = home;
    this.#address = address;
  }

  address(): number {
    this.home.live();
    return this.#address;
  }
}

/** At a fixed distance in another place. */
export class InnerPlace implements Place {
  readonly home: Home;
  readonly #outer: Place;
  readonly #offset: number;

  constructor(outer: Place, offset: number) {
    this.home = outer.home;
    this.#outer = outer;
    this.#offset = offset;
  }

  address(): number {
    return this.#outer.address() + this.#offset;
  }
}

/** In a node of a list, map or set, as long as it is that node. */
export class NodePlace implements Place {
  readonly home: Home;
  readonly #node: number;
  readonly #birthField: number;
  readonly #birth: number;
  readonly #offset: number;

  /** `birthField`, `offset`: from the node's start. */
  constructor(home: Home, node: number, birthField: number, offset: number) {
    this.home = home;
    this.#node = node;
    this.#birthField = node + birthField;
    this.#birth = home.memory.u32(node + birthField);
    this.#offset = offset;
  }

  address(): number {
    this.home.live();
    if (this.home.memory.u32(this.#birthField) !== this.#birth) throw released('The element');
    return this.#node + this.#offset;
  }
}
