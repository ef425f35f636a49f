// Figures as people read them, by the unit of their bench.
import { formatDuration, short } from '@flow-ipc/bench-kit';
import type { Bench } from '../cases.js';

/** "27.6 µs", "908,000 messages/s", "112 MB". */
export function figure(value: number, { unit }: Bench): string {
  if (unit === 'µs') return formatDuration(value);
  if (unit === 'µs/message') return `${formatDuration(value)}/message`;
  return `${plain(value)} ${unit}`;
}

/** Three significant digits, thousands apart. */
export function plain(value: number): string {
  return value < 1000 ? short(value) : Number(value.toPrecision(3)).toLocaleString('en');
}

/** How often the floor fits, or is reached: "5.2×". */
export function factor(value: number, floor: number | null): string {
  if (floor === null || floor === 0) return '';
  const ratio = value / floor;
  return `${ratio < 0.1 ? ratio.toPrecision(1) : ratio < 10 ? ratio.toFixed(ratio < 1 ? 2 : 1) : plain(Math.round(ratio))}×`;
}

/** "round-trip/64B" has one unit; "one-way/64B" has two and needs it said. */
export const title = ({ name, unit }: Bench): string =>
  name.startsWith('one-way') ? `${name}, ${unit}` : name;
