// UTF-8 in and out of segments, with short paths for the short strings that messages mostly carry.

import type { Segment } from './segment.js';

/** Up to this many bytes a loop beats the call into native code. */
const SHORT = 32;

/** Decodes UTF-8; malformed sequences become U+FFFD, as everywhere in Node. */
export function decodeText(segment: Segment, at: number, length: number): string {
  return (
    (length <= SHORT ? decodeAscii(segment.bytes, at, at + length) : undefined) ??
    segment.asBuffer().toString('utf8', at, at + length)
  );
}

/** Undefined when there is anything else than ASCII. */
function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let out = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    const e = bytes[at + 4]!;
    const f = bytes[at + 5]!;
    const g = bytes[at + 6]!;
    const h = bytes[at + 7]!;
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    out += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  if (at + 4 <= end) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    if ((a | b | c | d) > 0x7f) return undefined;
    out += String.fromCharCode(a, b, c, d);
    at += 4;
  }
  for (; at < end; at++) {
    const a = bytes[at]!;
    if (a > 0x7f) return undefined;
    out += String.fromCharCode(a);
  }
  return out;
}

/** Bytes that `encodeText` will write. */
export function textLength(text: string): number {
  const n = text.length;
  if (n <= SHORT) {
    for (let i = 0; i < n; i++) {
      if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text, 'utf8');
    }
    return n;
  }
  return Buffer.byteLength(text, 'utf8');
}

/** Writes `text`, whose `textLength` is `length`. A lone surrogate becomes U+FFFD. */
export function encodeText(segment: Segment, at: number, text: string, length: number): void {
  if (length <= SHORT && length === text.length) {
    const { bytes } = segment;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    return;
  }
  segment.asBuffer().write(text, at, length, 'utf8');
}
