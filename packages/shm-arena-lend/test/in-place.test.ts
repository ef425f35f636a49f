// Containers in an arena of jemalloc that grow and shrink where they lie, and what borrowers see of it.
import { t } from '@flow-ipc/shm';
import { afterEach, expect, it, vi } from 'vitest';
import { IpcArena } from '../src/index.js';
import { keep, open, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });
const newArena = () => keep(IpcArena.create(`lend${process.pid}_in_place_`));

it('large blocks grow into free pages, and give pages back', () => {
  const arena = newArena();
  const block = arena.allocate(100_000);
  expect(arena.extend(block, 1_000_000)).toBe(true);
  const wall = arena.allocate(100_000);
  const { allocated } = arena.stats;
  expect(arena.extend(block, 1_900_000)).toBe(false);
  expect(arena.stats.allocated).toBe(allocated);
  expect(arena.shrink(block, 200_000)).toBe(true);
  expect(arena.stats.allocated).toBeLessThan(400_000);
  expect(arena.shrink(block, 100)).toBe(false);
  const small = arena.allocate(100);
  expect(arena.extend(small, 500)).toBe(false);
  expect(() => arena.extend(small + 16, 1)).toThrow(coded('BAD_HANDLE'));
  for (const address of [block, wall, small]) arena.free(address);
  expect(() => arena.shrink(block, 1)).toThrow(coded('BAD_HANDLE'));
  arena.trim();
  expect(arena.stats).toMatchObject({ allocated: 0, objects: 0, pools: 0 });
  arena.close();
  expect(() => arena.extend(block, 1)).toThrow(coded('CLOSED'));
});

it('a vector grows and shrinks in them, and moves where that cannot be', () => {
  const arena = newArena();
  using object = arena.construct(t.vector(t.f64));
  const v = object.value;
  const allocate = vi.spyOn(arena, 'allocate');
  const moves = (use: () => void) => {
    allocate.mockClear();
    use();
    return allocate.mock.calls.length;
  };
  v.reserve(10_000);
  v.append(Float64Array.from({ length: 10_000 }, (_, i) => i));
  const view = v.view();
  expect(moves(() => v.reserve(100_000))).toBe(0);
  expect([view.length, view.at(-1)]).toEqual([10_000, 9999]);
  v.push(5);
  expect(moves(() => v.shrink())).toBe(0);
  expect([v.capacity, v.length, v.at(10_000), v.at(9999)]).toEqual([10_001, 10_001, 5, 9999]);
  // To a small block, which is elsewhere.
  expect(moves(() => v.resize(100))).toBe(1);
  expect(view.length).toBe(0);
  expect(v.toJS()).toEqual(Array.from({ length: 100 }, (_, i) => i));
  object.release();
  arena.trim();
  expect(arena.stats.objects).toBe(0);
});

it('text and maps are whole, wherever they go', () => {
  const arena = newArena();
  using object = arena.construct(t.struct({ text: t.string, map: t.map(t.u32, t.string) }));
  const { value } = object;
  for (const length of [20, 200, 30_000, 400_000, 100_000, 20_000, 5000, 1000, 17, 3, 50_000]) {
    value.text = `${length} `.repeat(length).slice(0, length);
    expect(value.text).toBe(`${length} `.repeat(length).slice(0, length));
  }
  const keys = Array.from({ length: 20_000 }, (_, i) => i);
  for (const key of keys) value.map.set(key, `value number ${key}`);
  for (const key of keys.slice(20)) value.map.delete(key);
  expect([...value.map.toJS()]).toEqual(keys.slice(0, 20).map((key) => [key, `value number ${key}`]));
});

it('borrowers follow, and what they saw before stays readable', async () => {
  const { session, client } = await open();
  using mine = session.sessionShm.construct(t.vector(t.f64));
  mine.value.reserve(10_000);
  mine.value.append([1, 2, 3]);
  using theirs = client.shmSession.borrowObject(mine.type, session.shmSession.lendObject(mine));
  const before = theirs.value.view();
  mine.value.resize(200_000);
  mine.value.set(199_999, 7);
  mine.value.set(0, 9);
  expect([...before]).toEqual([9, 2, 3]);
  expect(theirs.value.view().length).toBe(200_000);
  expect(theirs.value.at(199_999)).toBe(7);
  expect(() => theirs.arena.extend(1, 1)).toThrow(coded('READ_ONLY'));
  expect(() => theirs.arena.shrink(1, 1)).toThrow(coded('READ_ONLY'));
});
