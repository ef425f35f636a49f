// Descriptions of the kitchen-sink schema's structs.

import * as k from '../generated/kitchen-sink.capnp.js';
import { Palette, Palette_Shade } from '../generated/sub/other.capnp.js';
import { data, enumOf, group, list, type Model, type StructModel, scalar, struct, text } from './model.js';

const color = enumOf(k.Color);
const shade = enumOf(Palette_Shade);

const numbers = {
  nothing: scalar('Void'),
  flag: scalar('Bool'),
  tiny: scalar('Int8'),
  small: scalar('Int16'),
  medium: scalar('Int32'),
  large: scalar('Int64'),
  utiny: scalar('UInt8'),
  usmall: scalar('UInt16'),
  umedium: scalar('UInt32'),
  ularge: scalar('UInt64'),
  single: scalar('Float32'),
  double: scalar('Float64'),
  color,
};

export const scalars = struct(k.Scalars, { ...numbers, flag2: scalar('Bool'), shade });

const { nothing: _, ...withDefaults } = numbers;

export const defaults = struct(k.Defaults, {
  ...withDefaults,
  infinite: scalar('Float64'),
  notANumber: scalar('Float32'),
  text,
  data,
  scalars,
  numbers: list(scalar('Int32')),
  texts: list(text),
  structs: list(scalars),
  nested: list(list(scalar('UInt8'))),
  negativeZero: scalar('Float64'),
  safe: scalar('UInt64'),
  safeSigned: scalar('Int64'),
  bits: list(scalar('Bool')),
});

export const node: StructModel = struct(k.Node, {
  name: text,
  value: scalar('UInt32'),
  children: (): Model => list(node),
  left: (): Model => node,
  payload: data,
});

export const palette = struct(Palette, {
  shades: list(shade),
  main: color,
  owner: () => node,
});

export const lists = struct(k.Lists, {
  voids: list(scalar('Void')),
  bools: list(scalar('Bool')),
  int8s: list(scalar('Int8')),
  int16s: list(scalar('Int16')),
  int32s: list(scalar('Int32')),
  int64s: list(scalar('Int64')),
  uint8s: list(scalar('UInt8')),
  uint16s: list(scalar('UInt16')),
  uint32s: list(scalar('UInt32')),
  uint64s: list(scalar('UInt64')),
  float32s: list(scalar('Float32')),
  float64s: list(scalar('Float64')),
  texts: list(text),
  datas: list(data),
  colors: list(color),
  structs: list(node),
  int32Lists: list(list(scalar('Int32'))),
  structLists: list(list(node)),
  deep: list(list(list(text))),
  palettes: list(palette),
  empties: list(struct(k.Empty, {})),
  boolLists: list(list(scalar('Bool'))),
});

export const unions = struct(
  k.Unions,
  {
    before: scalar('UInt16'),
    after: text,
    named: group(
      {},
      {
        a: scalar('Void'),
        b: scalar('Int8'),
        c: scalar('Float64'),
        inner: group({ x: scalar('UInt8') }, { y: text, z: scalar('UInt8') }),
      },
    ),
  },
  {
    nothing: scalar('Void'),
    number: scalar('UInt32'),
    text,
    node: () => node,
    numbers: list(scalar('UInt16')),
    pair: group({ first: scalar('Int64'), second: text, third: scalar('Bool') }),
    flag: scalar('Bool'),
    data,
    color,
  },
);

export const groups = struct(k.Groups, {
  position: group({
    x: scalar('Float32'),
    y: scalar('Float32'),
    label: text,
    detail: group({ depth: scalar('UInt8') }),
  }),
  other: scalar('Int32'),
});

export const everything = struct(k.Everything, {
  scalars,
  defaults,
  lists,
  tree: node,
  unions: list(unions),
  groups,
  palette,
});
