// Structs: named fields one behind the other, aligned as in C.
import { type InspectOptions, inspect } from 'node:util';
import { inspectAccessor } from './accessor.js';
import type { Home } from './home.js';
import { InnerPlace, type Place } from './place.js';
import { Budget, type Input, type Live, type Plain, roundUp, type SharedType } from './type.js';

export type Fields = Readonly<Record<string, SharedType>>;

/** Fields whose reading gives their value can be assigned; others are accessors, changed within. */
type DirectKeys<F extends Fields> = {
  [K in keyof F]: Plain<F[K]> extends Live<F[K]> ? K : never;
}[keyof F];

export type StructPlain<F extends Fields> = { -readonly [K in keyof F]: Plain<F[K]> };
/** What is left out is not touched; in a new struct it is zero or empty. */
export type StructInput<F extends Fields> = { readonly [K in keyof F]?: Input<F[K]> };
export type StructLive<F extends Fields> = { [K in DirectKeys<F>]: Live<F[K]> } & {
  readonly [K in Exclude<keyof F, DirectKeys<F>>]: Live<F[K]>;
} & {
  /** A copy of it all as plain JavaScript. */
  toJS(): StructPlain<F>;
  /** Assigns to the fields that are named. */
  assign(value: StructInput<F>): void;
};

export interface StructType<F extends Fields>
  extends SharedType<StructPlain<F>, StructLive<F>, StructInput<F>> {
  readonly fields: F;
  /** Of each field from the struct's start, in bytes. */
  readonly offsets: { readonly [K in keyof F]: number };
}

interface Field {
  readonly key: string;
  readonly type: SharedType;
  readonly offset: number;
}

const RESERVED = new Set(['toJS', 'assign', 'constructor', '$place', '__proto__']);

class Struct<F extends Fields> implements StructType<F> {
  readonly name: string;
  readonly fields: F;
  readonly offsets: { readonly [K in keyof F]: number };
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  readonly direct = false;
  readonly pinned: boolean;
  readonly plain: boolean;
  readonly #list: readonly Field[];
  readonly #Ref: new (
    place: Place,
  ) => StructLive<F>;

  constructor(fields: F) {
    const list: Field[] = [];
    let end = 0;
    let align: 1 | 2 | 4 | 8 = 1;
    for (const [key, type] of Object.entries(fields)) {
      if (RESERVED.has(key)) throw new TypeError(`A field cannot be called ${key}`);
      const offset = roundUp(end, type.align);
      list.push({ key, type, offset });
      end = offset + type.size;
      if (type.align > align) align = type.align;
    }
    if (list.length === 0) throw new TypeError('A struct needs a field');
    this.fields = fields;
    this.name = `struct { ${list.map(({ key, type }) => `${key}: ${type.name}`).join(', ')} }`;
    this.offsets = Object.fromEntries(list.map(({ key, offset }) => [key, offset])) as {
      [K in keyof F]: number;
    };
    this.size = roundUp(end, align);
    this.align = align;
    this.pinned = list.some(({ type }) => type.pinned);
    this.plain = list.every(({ type }) => type.plain);
    this.#list = list;
    this.#Ref = accessorClass(this, list);
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
    for (const { type, offset } of this.#list) if (!type.plain) type.init(home, at + offset);
  }

  get(): never {
    throw new TypeError('A struct is no direct value');
  }

  ref(place: Place): StructLive<F> {
    return new this.#Ref(place);
  }

  write(home: Home, at: number, value: StructInput<F>): void {
    if (typeof value !== 'object' || value === null)
      throw new TypeError(`${String(value)} is no ${this.name}`);
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(this.fields, key)) throw new TypeError(`There is no field '${key}' in ${this.name}`);
    }
    for (const { key, type, offset } of this.#list) {
      if (Object.hasOwn(value, key)) type.write(home, at + offset, value[key]);
    }
  }

  toJS(home: Home, at: number, budget: Budget): StructPlain<F> {
    const result: Record<string, unknown> = {};
    for (const { key, type, offset } of this.#list) result[key] = type.toJS(home, at + offset, budget);
    return result as StructPlain<F>;
  }

  destroy(home: Home, at: number): void {
    for (const { type, offset } of this.#list) type.destroy(home, at + offset);
  }

  relocate(home: Home, from: number, to: number): void {
    for (const { type, offset } of this.#list) type.relocate(home, from + offset, to + offset);
  }
}

/** A class with a property for each field, made once a declaration, so that engines know its shape. */
function accessorClass<F extends Fields>(
  struct: Struct<F>,
  list: readonly Field[],
): new (
  place: Place,
) => StructLive<F> {
  class StructRef {
    readonly $place!: Place;

    constructor(place: Place) {
      Object.defineProperty(this, '$place', { value: place });
    }

    toJS(): StructPlain<F> {
      const { home } = this.$place;
      return struct.toJS(home, this.$place.address(), new Budget(home.memory.size));
    }

    assign(value: StructInput<F>): void {
      const { home } = this.$place;
      home.mutable();
      try {
        struct.write(home, this.$place.address(), value);
      } finally {
        home.flush();
      }
    }

    [inspect.custom](_depth: number, options: InspectOptions): string {
      return inspectAccessor('struct', this.$place.home.alive, () => this.toJS(), options);
    }
  }
  for (const { key, type, offset } of list) {
    Object.defineProperty(StructRef.prototype, key, {
      enumerable: true,
      get(this: StructRef) {
        const place = this.$place;
        return type.direct
          ? type.get(place.home, place.address() + offset)
          : type.ref(new InnerPlace(place, offset));
      },
      // Without a setter, assigning to what is no direct value is a TypeError.
      ...(type.direct && {
        set(this: StructRef, value: unknown) {
          const place = this.$place;
          place.home.mutable();
          type.write(place.home, place.address() + offset, value);
          place.home.flush();
        },
      }),
    });
  }
  return StructRef as unknown as new (
    place: Place,
  ) => StructLive<F>;
}

/** Fields in the order given, each at the next multiple of its alignment, padded at the end to the largest of them. */
export function struct<const F extends Fields>(fields: F): StructType<F> {
  return new Struct(fields);
}
