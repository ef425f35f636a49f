// Generic structs with their parameters bound: sub-classes that know what their pointers lead to.

import type { Brand, GroupType } from './fields.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor, StructType } from './struct-type.js';

interface Generic {
  readonly Reader: ReaderConstructor<StructReader>;
  readonly Builder: BuilderConstructor<StructBuilder>;
}

/** Bound types by generic type, then by one parameter after the other. */
interface Bound {
  type?: Generic;
  readonly next: WeakMap<object, Bound>;
}
const bound = new WeakMap<object, Bound>();

/** @internal The struct (or group) with these parameters: the same object each time. Generated code calls it. */
export function bind<R extends StructReader = StructReader, B extends StructBuilder = StructBuilder>(
  generic: Generic,
  brand: Brand,
): StructType<R, B> & GroupType<R, B> {
  let node = step(bound, generic);
  for (const parameter of brand) node = step(node.next, parameter);
  node.type ??= make(generic, brand);
  return node.type as StructType<R, B> & GroupType<R, B>;
}

function step(from: WeakMap<object, Bound>, key: object): Bound {
  let node = from.get(key);
  if (node === undefined) {
    node = { next: new WeakMap() };
    from.set(key, node);
  }
  return node;
}

function make(generic: Generic, brand: Brand): Generic {
  // The constructors are written out for speed, as in generated code.
  const Reader = class extends generic.Reader {
    constructor(
      segment: Segment,
      data: number,
      dataBytes: number,
      pointers: number,
      pointerCount: number,
      depth: number,
    ) {
      super(segment, data, dataBytes, pointers, pointerCount, depth);
    }
  };
  const Builder = class extends generic.Builder {
    constructor(segment: Segment, data: number, pointers: number, pointerCount: number) {
      super(segment, data, pointers, pointerCount);
    }
  };
  for (const [Class, Base] of [
    [Reader, generic.Reader],
    [Builder, generic.Builder],
  ] as const) {
    Object.defineProperty(Class.prototype, '$brand', { value: brand });
    Object.defineProperty(Class, 'name', { value: Base.name });
  }
  return Object.create(generic, {
    Reader: { value: Reader, enumerable: true },
    Builder: { value: Builder, enumerable: true },
  }) as Generic;
}
