// What the tests of containers share: pools that go with the test, declared types with a plain model of each.
import fc from 'fast-check';
import { afterEach, expect } from 'vitest';
import { PoolArena, type SharedType, t } from '../../src/index.js';

const open: PoolArena[] = [];
let count = 0;

export function newPool(sizeMi = 16): PoolArena {
  const pool = PoolArena.create(`flowipc_containers_${process.pid}_${++count}`, { sizeMi });
  open.push(pool);
  return pool;
}

afterEach(() => {
  for (const pool of open.splice(0)) pool.close();
});

export const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });

/** A type, with values of it. */
export interface Sample {
  type: SharedType;
  value: fc.Arbitrary<unknown>;
}

// Text as it comes back: well-formed. Some fits in place, some does not.
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('', '0123456789abcdef', '0123456789abcdefg', 'é'.repeat(8), 'é'.repeat(9)),
);
const SCALARS: Sample[] = [
  { type: t.i8, value: fc.integer({ min: -128, max: 127 }) },
  { type: t.u8, value: fc.integer({ min: 0, max: 255 }) },
  { type: t.i16, value: fc.integer({ min: -32768, max: 32767 }) },
  { type: t.u16, value: fc.integer({ min: 0, max: 65535 }) },
  { type: t.i32, value: fc.integer() },
  { type: t.u32, value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { type: t.i64, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: t.u64, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { type: t.f32, value: fc.float() },
  { type: t.f64, value: fc.double() },
  { type: t.bool, value: fc.boolean() },
  { type: t.string, value: text },
];

/** Keys in a Map are equal as 0 and -0 are: what comes back is the first of them. */
const asKey = (value: unknown) => (value === 0 ? 0 : value);

function keyed(): fc.Arbitrary<Sample> {
  return fc.constantFrom(...SCALARS).map(({ type, value }) => ({ type, value: value.map(asKey) }));
}

/** Any type at all, nested up to `depth`, with values of it. */
export function anySample(depth: number): fc.Arbitrary<Sample> {
  const scalar = fc.constantFrom(...SCALARS);
  if (depth === 0) return scalar;
  const inner = anySample(depth - 1);
  return fc.oneof(
    scalar,
    inner.map(({ type, value }) => ({ type: t.vector(type), value: fc.array(value, { maxLength: 9 }) })),
    inner.map(({ type, value }) => ({ type: t.list(type), value: fc.array(value, { maxLength: 9 }) })),
    inner.map(({ type, value }) => ({ type: t.optional(type), value: fc.option(value, { nil: undefined }) })),
    inner.map(({ type, value }) => ({
      type: t.array(type, 3),
      value: fc.array(value, { minLength: 3, maxLength: 3 }),
    })),
    keyed().map(({ type, value }) => ({
      type: t.set(type as never),
      value: fc.array(value, { maxLength: 20 }).map((keys) => new Set(keys)),
    })),
    fc.tuple(keyed(), inner).map(([key, each]) => ({
      type: t.map(key.type as never, each.type),
      value: fc.array(fc.tuple(key.value, each.value), { maxLength: 20 }).map((entries) => new Map(entries)),
    })),
    fc.array(inner, { minLength: 1, maxLength: 4 }).map((members) => ({
      type: t.struct(Object.fromEntries(members.map(({ type }, i) => [`f${i}`, type]))),
      value: fc.record(Object.fromEntries(members.map(({ value }, i) => [`f${i}`, value]))),
    })),
  );
}
