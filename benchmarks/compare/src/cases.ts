// What is measured: cases, each a piece of work that yields one or more benches.
import { FLOOR, type Subject } from './subjects.js';

/** One line of the output for each subject. */
export interface Bench {
  name: string;
  unit: string;
  better: 'less' | 'more';
}

export type Work = 'round-trip' | 'one-way' | 'ready' | 'open' | 'payload' | 'clients';

export interface Case {
  work: Work;
  /** Of the messages, in bytes. */
  size: number;
  clients: number;
  /**
   * Client and server on one processor. Otherwise the system decides, for each pair anew, whether two that take turns
   * share one; waking another one takes longer than all the rest of a small round trip.
   */
  together: boolean;
  benches: Bench[];
}

export const SIZES = {
  '64B': 64,
  '4KiB': 4096,
  '64KiB': 65_536,
  '1MiB': 2 ** 20,
  '100MiB': 100 * 2 ** 20,
} as const;
export type SizeName = keyof typeof SIZES;

/** A message is small enough for every process to be kept for all rounds, and for measuring quickly. */
export const SMALL = SIZES['1MiB'];

const us = (name: string): Bench => ({ name, unit: 'µs', better: 'less' });

function roundTrip(size: SizeName): Case {
  const benches: Bench[] = [
    us(`round-trip/${size}`),
    { name: `cpu/${size}`, unit: 'µs/message', better: 'less' },
    { name: `memory/${size}`, unit: 'MB', better: 'less' },
  ];
  const together = SIZES[size] <= SIZES['4KiB'];
  return { work: 'round-trip', size: SIZES[size], clients: 1, together, benches };
}

function oneWay(size: SizeName): Case {
  const benches: Bench[] = [
    { name: `one-way/${size}`, unit: 'messages/s', better: 'more' },
    { name: `one-way/${size}`, unit: 'MB/s', better: 'more' },
  ];
  return { work: 'one-way', size: SIZES[size], clients: 1, together: false, benches };
}

function ready(size: SizeName): Case {
  const benches = [us(`ready/${size}`)];
  return { work: 'ready', size: SIZES[size], clients: 1, together: false, benches };
}

function clients(count: number): Case {
  const benches: Bench[] = [{ name: `clients/${count}`, unit: 'round trips/s', better: 'more' }];
  return { work: 'clients', size: SIZES['64B'], clients: count, together: false, benches };
}

const single = (work: Work, bench: string): Case => ({
  work,
  size: SIZES['64B'],
  clients: 1,
  together: false,
  benches: [us(bench)],
});
const open = single('open', 'open');
const payload = single('payload', 'payload/perf-demo');

/** Everything, in the order in which it is run and shown. */
export function allCases(): Case[] {
  const sizes = Object.keys(SIZES) as SizeName[];
  return [
    ...sizes.map(roundTrip),
    ready('1MiB'),
    ready('100MiB'),
    ...sizes.map(oneWay),
    open,
    payload,
    ...[1, 8, 64].map(clients),
  ];
}

const QUICK: readonly string[] = [
  'round-trip/64B',
  'round-trip/1MiB',
  'one-way/64B',
  'one-way/64KiB',
  'open',
  'payload/perf-demo',
];

/** What tells the most in two minutes. */
export const quickCases = (): Case[] => allCases().filter((each) => QUICK.includes(each.benches[0]!.name));

/** Whether a case is measured with a subject. Opening a connection is the same for both variants of ours. */
export function applies({ work }: Case, subject: Subject): boolean {
  return work !== 'open' || !subject.blocking || subject.name === FLOOR;
}

/** Everything that does not need gigabytes or dozens of processes. */
export const smokeCases = (): Case[] =>
  allCases().filter(({ size, clients: count }) => size <= SMALL && count <= 8);

/**
 * Turns `--only` into a test of "bench subject": the text, or several separated by commas, may occur anywhere in it;
 * `*` stands for anything.
 */
export function onlyFilter(pattern: string): (bench: string, subject: string) => boolean {
  const patterns = pattern.split(',').map((part) => {
    const escaped = part.trim().replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(escaped.replace(/\*/g, '.*'));
  });
  return (bench, subject) => patterns.some((each) => each.test(`${bench} ${subject}`));
}
