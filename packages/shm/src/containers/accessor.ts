// Accessor: the common part of the live forms of structs, arrays and containers.
import { type InspectOptions, inspect } from 'node:util';
import type { Home } from './home.js';
import type { Place } from './place.js';
import { Budget, type SharedType } from './type.js';

/** Use after the object's release, or of an element that was removed, throws ERR_FLOW_IPC_SHM_RELEASED. */
export abstract class Accessor<V, I> {
  /** @internal */
  readonly $place: Place;

  constructor(place: Place) {
    this.$place = place;
  }

  protected abstract get type(): SharedType<V, unknown, I>;

  protected get home(): Home {
    return this.$place.home;
  }

  /** A copy of it all as plain JavaScript. */
  toJS(): V {
    const { home } = this;
    return this.type.toJS(home, this.$place.address(), new Budget(home.memory.size));
  }

  /** Makes it this value. When memory runs out in the midst, what was assigned until then stays. */
  assign(value: I): void {
    const { home } = this;
    home.mutable();
    try {
      this.type.write(home, this.$place.address(), value);
    } finally {
      home.flush();
    }
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectAccessor(this.type.name, this.$place.home.alive, () => this.toJS(), options);
  }
}

export function inspectAccessor(
  name: string,
  alive: boolean,
  value: () => unknown,
  options: InspectOptions,
): string {
  if (!alive) return `${name} (released)`;
  try {
    return `${name} ${inspect(value(), options)}`;
  } catch (err) {
    return `${name} (${(err as Error).message})`;
  }
}
