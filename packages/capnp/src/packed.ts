// The packed encoding: framed messages with their zero bytes squeezed out.

import { CapnpError } from './errors.js';
import { frameMessage, readFramed } from './framing.js';
import type { MessageReader, ReaderOptions } from './message-reader.js';

/** Output that `unpack` produces at most unless told otherwise: 64 MiB, C++'s limit for streams. */
const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** Packs whole words. @throws RangeError when `bytes` is no multiple of 8 long */
export function pack(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 8 !== 0) throw new RangeError(`packing takes whole words, not ${bytes.length} bytes`);
  // Worst: a tag for each word that has zeroes, and two bytes more for each run that has none.
  const out = new Uint8Array(bytes.length + (bytes.length / 8) * 2 + 2);
  let to = 0;
  let at = 0;
  while (at < bytes.length) {
    const tagAt = to++;
    let tag = 0;
    for (let i = 0; i < 8; i++) {
      const byte = bytes[at + i]!;
      if (byte === 0) continue;
      tag |= 1 << i;
      out[to++] = byte;
    }
    out[tagAt] = tag;
    at += 8;
    if (tag === 0) {
      const start = at;
      while (at < bytes.length && at - start < 255 * 8 && zeroBytes(bytes, at) === 8) at += 8;
      out[to++] = (at - start) / 8;
    } else if (tag === 0xff) {
      // Words of which a tag would save nothing go as they are.
      const start = at;
      while (at < bytes.length && at - start < 255 * 8 && zeroBytes(bytes, at) < 2) at += 8;
      out[to++] = (at - start) / 8;
      out.set(bytes.subarray(start, at), to);
      to += at - start;
    }
  }
  return out.slice(0, to);
}

function zeroBytes(bytes: Uint8Array, at: number): number {
  let zeroes = 0;
  for (let i = at; i < at + 8; i++) if (bytes[i] === 0) zeroes++;
  return zeroes;
}

/**
 * Unpacks what arrives in pieces, as from a socket or a file. A packed byte can stand for up to 1024: what comes
 * out is limited to `limitBytes` in all (default 64 MiB).
 */
export class Unpacker {
  readonly #limit: number;
  #total = 0;
  /** Input that is not a whole group yet. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(limitBytes = DEFAULT_LIMIT) {
    this.#limit = limitBytes;
  }

  /** The words that `chunk` completes. @throws CapnpError BAD_PACKING beyond the limit */
  push(chunk: Uint8Array): Uint8Array {
    const input = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    const { groupsEnd, outputBytes } = this.#measure(input);
    this.#total += outputBytes;
    const out = new Uint8Array(outputBytes);
    expand(input, groupsEnd, out);
    this.#rest = input.slice(groupsEnd);
    return out;
  }

  /** To be called after the last chunk. @throws CapnpError BAD_PACKING when the input ends within a group */
  end(): void {
    if (this.#rest.length > 0) throw badPacking('the input ends within a word');
  }

  /** How much of the input is whole groups, and how much they unpack to. */
  #measure(input: Uint8Array): { groupsEnd: number; outputBytes: number } {
    let at = 0;
    let outputBytes = 0;
    for (;;) {
      const group = groupAt(input, at);
      if (group === undefined) return { groupsEnd: at, outputBytes };
      at += group.input;
      outputBytes += group.output;
      if (this.#total + outputBytes > this.#limit) {
        throw badPacking(`it unpacks to more than ${this.#limit} bytes`);
      }
    }
  }
}

/** Sizes of a tag with what belongs to it; undefined when the input ends before. */
function groupAt(input: Uint8Array, at: number): { input: number; output: number } | undefined {
  const tag = input[at];
  if (tag === undefined) return undefined;
  const bytes = 1 + bitCount(tag);
  if (tag !== 0 && tag !== 0xff) return at + bytes <= input.length ? { input: bytes, output: 8 } : undefined;
  const run = input[at + bytes];
  if (run === undefined) return undefined;
  const size = bytes + 1 + (tag === 0 ? 0 : run * 8);
  return at + size <= input.length ? { input: size, output: 8 + run * 8 } : undefined;
}

function expand(input: Uint8Array, end: number, out: Uint8Array): void {
  let to = 0;
  let at = 0;
  while (at < end) {
    const tag = input[at++]!;
    for (let i = 0; i < 8; i++) {
      if ((tag & (1 << i)) !== 0) out[to] = input[at++]!;
      to++;
    }
    if (tag === 0) {
      to += input[at++]! * 8;
    } else if (tag === 0xff) {
      const bytes = input[at++]! * 8;
      out.set(input.subarray(at, at + bytes), to);
      at += bytes;
      to += bytes;
    }
  }
}

function bitCount(tag: number): number {
  let count = 0;
  for (let bits = tag; bits !== 0; bits &= bits - 1) count++;
  return count;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Unpacks everything at once. @throws CapnpError BAD_PACKING for damage and beyond `limitBytes` (64 MiB) */
export function unpack(bytes: Uint8Array, limitBytes?: number): Uint8Array {
  const unpacker = new Unpacker(limitBytes);
  const out = unpacker.push(bytes);
  unpacker.end();
  return out;
}

/** One message, framed and packed, as `capnp encode --packed` writes it. */
export function packMessage(segments: readonly Uint8Array[]): Uint8Array {
  return pack(frameMessage(segments));
}

/** Reads one packed message. `limitBytes` as for `unpack`. */
export function readPacked(
  bytes: Uint8Array,
  options: ReaderOptions & { readonly limitBytes?: number } = {},
): MessageReader {
  return readFramed(unpack(bytes, options.limitBytes), options);
}

function badPacking(detail: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_BAD_PACKING', `not packed data: ${detail}`);
}
