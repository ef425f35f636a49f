// Statistics, places and ties, on samples made up for the purpose; and the one law of ties that must always hold.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beats, median, places, range, summarize, TRIM_FROM, tie } from '../src/stats.js';

it('takes median, min, max and count', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, n: 3 });
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median(Float64Array.of(7))).toBe(7);
  expect(() => median([])).toThrow(RangeError);
});

describe('ranges', () => {
  it('are whole while there are few rounds', () => {
    expect(range([5, 1, 9, 3])).toEqual([1, 9]);
  });
  it(`leave out the best and the worst round from ${TRIM_FROM} on`, () => {
    expect(range([5, 1, 9, 3, 4])).toEqual([3, 5]);
    expect(range([100, 1, 2, 3, 4, 5, 6])).toEqual([2, 6]);
  });
});

describe('ties', () => {
  it('are overlaps of ranges, touching included', () => {
    expect(tie([1, 2], [2, 3])).toBe(true);
    expect(tie([1, 2], [2.1, 3])).toBe(false);
    expect(tie([1, 10], [4, 5])).toBe(true);
  });
  it('are not undone by one bad round', () => {
    expect(tie([10, 11, 12, 11, 90], [20, 21, 22, 21, 20])).toBe(false);
  });
  it('keep either from beating the other', () => {
    expect(beats([1, 2], [3, 4], 'less')).toBe(true);
    expect(beats([1, 2], [3, 4], 'more')).toBe(false);
    expect(beats([3, 4], [1, 2], 'more')).toBe(true);
    expect(beats([1, 3], [2, 4], 'less')).toBe(false);
  });
  it('hold for any samples: beating is one-sided, and excludes a tie', () => {
    const samples = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(samples, samples, fc.constantFrom('less' as const, 'more' as const), (a, b, better) => {
        const outcomes = [beats(a, b, better), beats(b, a, better), tie(a, b)];
        expect(outcomes.filter(Boolean).length).toBe(1);
        expect(tie(a, b)).toBe(tie(b, a));
      }),
    );
  });
});

describe('places', () => {
  it('are shared by those who tie, and count those who are ahead', () => {
    const all = new Map([
      ['slow', [30, 31]],
      ['fast', [10, 12]],
      ['close', [11, 13]],
      ['last', [50, 60]],
    ]);
    expect(Object.fromEntries(places(all, 'less'))).toEqual({
      fast: { place: 1, tied: true },
      close: { place: 1, tied: true },
      slow: { place: 3, tied: false },
      last: { place: 4, tied: false },
    });
    expect(places(all, 'more').get('last')).toEqual({ place: 1, tied: false });
  });
});
