// A descriptor with an owner.
import { openSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NativeHandle } from '../src/index.js';

it('a NativeHandle closes its descriptor exactly once', () => {
  const before = readdirSync('/proc/self/fd').length;
  const handle = new NativeHandle(openSync('/dev/null', 'r'));
  const twin = handle.dup();
  handle.close();
  handle.close();
  expect(handle.fd).toBe(-1);
  twin[Symbol.dispose]();
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(() => new NativeHandle(-1)).toThrow(RangeError);
  expect(() => handle.dup()).toThrow();
});
