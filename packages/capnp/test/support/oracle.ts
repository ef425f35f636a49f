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
