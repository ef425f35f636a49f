// Versions: the lower of the two highest is spoken, once.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { negotiate, ProtocolNegotiator, VERSION_UNKNOWN, VERSION_UNSUPPORTED } from '../src/index.js';

const coded = (part: string) => expect.objectContaining({ code: expect.stringContaining(part) });

it('protocol negotiation takes the lower version', () => {
  expect(negotiate(1, 'x')).toBe(1);
  expect(negotiate(9, 'x')).toBe(1);
  expect(negotiate(2, 'x', 3, 2)).toBe(2);
  expect(() => negotiate(0, 'x')).toThrow(/version 0/);
  expect(() => negotiate(1, 'x', 3, 2)).toThrow(coded('VER_TOO_OLD'));
});

it('a negotiator tells its version once and computes once', () => {
  const negotiator = new ProtocolNegotiator('x', 3, 2);
  expect(negotiator.negotiatedVersion).toBe(VERSION_UNKNOWN);
  expect(negotiator.ownMaxForSending()).toBe(3);
  expect(negotiator.ownMaxForSending()).toBe(VERSION_UNKNOWN);
  expect(negotiator.compute(2)).toBe(true);
  expect(negotiator.negotiatedVersion).toBe(2); // the peer's, not our own: row 43
  expect(negotiator.compute(3)).toBe(false);
  expect(negotiator.compute(-7)).toBe(false);
  expect(negotiator.negotiatedVersion).toBe(2);
  negotiator.reset();
  expect(negotiator.negotiatedVersion).toBe(VERSION_UNKNOWN);
  expect(negotiator.ownMaxForSending()).toBe(3);
});

it('a failed negotiation stays failed', () => {
  const old = new ProtocolNegotiator('x', 3, 2);
  expect(() => old.compute(1)).toThrow(coded('VER_TOO_OLD'));
  expect(old.negotiatedVersion).toBe(VERSION_UNSUPPORTED);
  expect(old.compute(3)).toBe(false);
  expect(() => new ProtocolNegotiator('x').compute(-1)).toThrow(coded('VER_INVALID'));
});

it('two sides come to the same version, or neither to one', () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(range, range, ([aMin, aMore], [bMin, bMore]) => {
      const a = new ProtocolNegotiator('a', aMin + aMore, aMin);
      const b = new ProtocolNegotiator('b', bMin + bMore, bMin);
      const outcome = (self: ProtocolNegotiator, peerMax: number) => {
        try {
          self.compute(peerMax);
        } catch {}
        return self.negotiatedVersion;
      };
      const ofA = outcome(a, b.ownMaxForSending());
      const ofB = outcome(b, a.ownMaxForSending());
      if (ofA !== VERSION_UNSUPPORTED && ofB !== VERSION_UNSUPPORTED) expect(ofA).toBe(ofB);
      else expect(aMin > bMin + bMore || bMin > aMin + aMore).toBe(true);
    }),
  );
});

it.each([
  [1, 0],
  [1, 2],
  [0x8000, 1],
  [1.5, 1],
])('refuses the range up to %d from %d', (max, min) => {
  expect(() => new ProtocolNegotiator('x', max, min)).toThrow(RangeError);
});
