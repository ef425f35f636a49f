import { expect, it } from 'vitest';
import type { Technique } from '../src/techniques.js';
import { plan } from '../src/warm-up.js';

const planned = (technique: Technique, size: number, shots: number) =>
  [...plan({ technique, size, shots, runDir: '' })].map((counts) => (counts ? '!' : '.')).join('');

it('counts exactly the shots, each after some round trips that wake the machine', () => {
  expect(planned('shm-classic', 1e9, 2)).toMatch(/^\.{5000}!\.{50}!$/);
  expect(planned('shm-classic', 1, 1)).toMatch(/^\.{5000}!$/);
});

it('copies no more than it must for a large file', () => {
  expect(planned('classic-socket', 100_000, 2)).toMatch(/^\.{500}!\.{50}!$/);
  expect(planned('classic-socket', 1_000_000_000, 3)).toBe('.!!!');
});
