// Containers against plain JavaScript: random operations, done to both, leave both alike. Two mappings take turns.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PoolArena, t } from '../../src/index.js';
import { newPool } from './support.js';

const numRuns = process.env.FLOW_IPC_LONG ? 5000 : 150;
const name = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom('a rather long key, not in place', 'é', ''),
);
const nat = fc.nat(40);

/** Runs `steps` on both sides in turn, compares results and, at the end, contents; then everything is freed. */
function compare<M, L>(
  type: Parameters<PoolArena['construct']>[0],
  model: () => M,
  steps: fc.Arbitrary<{ model: (m: M) => unknown; live: (l: L) => unknown }>,
) {
  const pool = newPool();
  const other = PoolArena.open(pool.name);
  const free = pool.freeBytes;
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), (list) => {
      const mine = pool.construct(type);
      const theirs = other.borrow(type, mine.lend());
      const expected = model();
      list.forEach((step, i) => {
        const side = (i % 2 === 0 ? mine : theirs).value as L;
        expect(step.live(side)).toEqual(step.model(expected));
      });
      expect(mine.toJS()).toEqual(expected);
      mine.release();
      expect(theirs.toJS()).toEqual(expected);
      theirs.release();
      expect(pool.freeBytes).toBe(free);
    }),
    { numRuns },
  );
  other.close();
}

it('a map', () => {
  const type = t.map(t.string, t.vector(t.string));
  type Live = ReturnType<typeof live>;
  const live = () => newPool().construct(type).value;
  const words = fc.array(name, { maxLength: 4 });
  const step = fc.oneof(
    fc.tuple(name, words).map(([k, v]) => ({
      model: (m: Map<string, string[]>) => void m.set(k, [...v]),
      live: (l: Live) => void l.set(k, v),
    })),
    fc.tuple(name, name).map(([k, v]) => ({
      model: (m: Map<string, string[]>) => m.set(k, [...(m.get(k) ?? []), v]).get(k)!.length,
      live: (l: Live) => l.getOrAdd(k).push(v),
    })),
    name.map((k) => ({
      model: (m: Map<string, string[]>) => m.delete(k),
      live: (l: Live) => l.delete(k),
    })),
    name.map((k) => ({
      model: (m: Map<string, string[]>) => m.get(k) ?? undefined,
      live: (l: Live) => l.get(k)?.toJS(),
    })),
    fc.constant({
      model: (m: Map<string, string[]>) => [m.size, ...m.keys()],
      live: (l: Live) => [l.size, ...l.keys()],
    }),
    fc.constant({
      // Removing what is at hand, as one may with a Map.
      model: (m: Map<string, string[]>) => {
        for (const [k, v] of m) if (v.length > 1) m.delete(k);
      },
      live: (l: Live) => {
        for (const [k, v] of l) if (v.length > 1) l.delete(k);
      },
    }),
  );
  compare(type, () => new Map<string, string[]>(), step);
});

it('a set of numbers, with many of them', () => {
  const type = t.set(t.f64);
  const live = () => newPool().construct(type).value;
  type Live = ReturnType<typeof live>;
  const key = fc
    .oneof(nat, fc.double(), fc.constantFrom(Number.NaN, 0, -0, Infinity))
    .map((k) => (k === 0 ? 0 : k));
  const step = fc.oneof(
    fc.array(key, { maxLength: 60 }).map((keys) => ({
      model: (m: Set<number>) => {
        for (const k of keys) m.add(k);
        return m.size;
      },
      live: (l: Live) => {
        for (const k of keys) l.add(k);
        return l.size;
      },
    })),
    fc.array(key, { maxLength: 60 }).map((keys) => ({
      model: (m: Set<number>) => keys.map((k) => m.delete(k)),
      live: (l: Live) => keys.map((k) => l.delete(k)),
    })),
    fc.constant({ model: (m: Set<number>) => m.has(-0), live: (l: Live) => l.has(-0) }),
    fc.constant({ model: (m: Set<number>) => m.clear(), live: (l: Live) => l.clear() }),
  );
  compare(type, () => new Set<number>(), step);
});

it('a vector of structs', () => {
  const type = t.vector(t.struct({ n: t.u8, text: t.string }));
  const live = () => newPool().construct(type).value;
  type Live = ReturnType<typeof live>;
  type Model = { n: number; text: string }[];
  const element = fc.record({ n: nat, text: name });
  const step = fc.oneof(
    fc.array(element, { maxLength: 12 }).map((es) => ({
      model: (m: Model) => m.push(...es.map((e) => ({ ...e }))),
      live: (l: Live) => l.push(...es),
    })),
    fc.constant({ model: (m: Model) => m.pop(), live: (l: Live) => l.pop() }),
    fc.tuple(nat, element).map(([i, e]) => ({
      model: (m: Model) => void (i < m.length && m.splice(i, 1, { ...e })),
      live: (l: Live) => (i < l.length ? l.set(i, e) : undefined),
    })),
    fc.tuple(nat, name).map(([i, text]) => ({
      model: (m: Model) => void (m[i] && Object.assign(m[i], { text })),
      live: (l: Live) => void (i < l.length && l.at(i).assign({ text })),
    })),
    nat.map((length) => ({
      model: (m: Model) => {
        while (m.length > length) m.pop();
        while (m.length < length) m.push({ n: 0, text: '' });
      },
      live: (l: Live) => l.resize(length),
    })),
    nat.map((room) => ({ model: () => undefined, live: (l: Live) => l.reserve(room) })),
    fc.constant({ model: () => undefined, live: (l: Live) => l.shrink() }),
  );
  compare(type, () => [] as Model, step);
});

it('a list', () => {
  const type = t.list(t.string);
  const live = () => newPool().construct(type).value;
  type Live = ReturnType<typeof live>;
  const step = fc.oneof(
    name.map((x) => ({ model: (m: string[]) => m.push(x), live: (l: Live) => l.push(x) })),
    fc.array(name, { maxLength: 3 }).map((xs) => ({
      model: (m: string[]) => m.unshift(...xs),
      live: (l: Live) => l.unshift(...xs),
    })),
    fc.constant({ model: (m: string[]) => m.pop(), live: (l: Live) => l.pop() }),
    fc.constant({ model: (m: string[]) => m.shift(), live: (l: Live) => l.shift() }),
    fc.constant({ model: (m: string[]) => [m[0], m.at(-1)], live: (l: Live) => [l.first, l.last] }),
    name.map((x) => ({
      model: (m: string[]) => {
        const before = m.length;
        const left = m.filter((e) => e !== x);
        m.splice(0, before, ...left);
        return before - left.length;
      },
      live: (l: Live) => l.removeIf((e) => e === x),
    })),
  );
  compare(type, () => [] as string[], step);
});

it('a vector of numbers, as typed array', () => {
  const type = t.vector(t.i32);
  const live = () => newPool().construct(type).value;
  type Live = ReturnType<typeof live>;
  const numbers = fc.array(fc.integer(), { maxLength: 30 });
  const step = fc.oneof(
    numbers.map((xs) => ({ model: (m: number[]) => void m.push(...xs), live: (l: Live) => l.append(xs) })),
    numbers.map((xs) => ({
      model: (m: number[]) => void m.splice(0, m.length, ...xs),
      live: (l: Live) => l.assign(Int32Array.from(xs)),
    })),
    fc.tuple(nat, fc.integer()).map(([i, x]) => ({
      model: (m: number[]) => void (i < m.length && m.splice(i, 1, x)),
      live: (l: Live) => void (i < l.length && l.view().set([x], i)),
    })),
    nat.map((length) => ({
      model: (m: number[]) => {
        m.length = Math.min(length, m.length);
        while (m.length < length) m.push(0);
      },
      live: (l: Live) => l.resize(length),
    })),
    fc.constant({ model: (m: number[]) => [...m], live: (l: Live) => [...l.view()] }),
  );
  compare(type, () => [] as number[], step);
});
