// The C++ `capnp` tool as the authority on what bytes mean.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCHEMAS = fileURLToPath(new URL('../schema/', import.meta.url));

/** Runs `capnp` among the test schemas; throws with what it said on failure. */
export function capnp(args: readonly string[], input?: Uint8Array | string): Buffer {
  const result = spawnSync('capnp', args, {
    cwd: SCHEMAS,
    env: { ...process.env, PWD: SCHEMAS },
    input: input ?? '',
    maxBuffer: 1 << 28,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`capnp ${args.join(' ')}: ${result.stderr}`);
  const said = result.stderr.toString();
  if (said.includes('ERROR')) throw new Error(said);
  return result.stdout;
}

/** The JSON of each framed message in `bytes`, in order. */
export function messagesToJson(type: string, bytes: Uint8Array, schema = 'kitchen-sink.capnp'): unknown[] {
  return capnp(['convert', '--short', 'binary:json', schema, type], bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Framed messages, one after the other, of JSON values. */
export function jsonToMessages(type: string, values: readonly unknown[], ...options: string[]): Buffer {
  const lines = values.map((value) => JSON.stringify(value)).join('\n');
  return capnp(['convert', ...options, 'json:binary', 'kitchen-sink.capnp', type], lines);
}

/** A value without quotes, brackets and -0, which the tool's readers of JSON and text do not understand. */
export function tamed<T>(value: T): T {
  const tame = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replace(/[^\p{L}]/gu, '');
    if (Object.is(part, -0)) return 0;
    if (part instanceof Uint8Array || typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map(tame);
    const entries = Object.entries(part).map(([name, v]) => [name, name === '$which' ? v : tame(v)]);
    return Object.fromEntries(entries);
  };
  return tame(value) as T;
}
