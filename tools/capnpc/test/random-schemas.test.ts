// Random schemas and random messages, both ways between this implementation, C++ and capnp-ts.
//
// A normal run has 25 schemas with 400 messages each way, a long one (FLOW_IPC_LONG=1) 200 with 2000.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  AnyPointerList,
  anyStruct,
  canonicalize,
  FixedHeapAllocator,
  frameMessage,
  fromObject,
  HeapAllocator,
  MessageBuilder,
  MessageReader,
  type StructType,
  toJson,
  unframeSegments,
} from '@flow-ipc/capnp';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { compile } from '../src/index.js';
import { readRequest } from '../src/request.js';
import { CapnpTsReader } from './support/capnp-ts.js';
import { expectedJson, fieldsOf, RandomObjects } from './support/random-object.js';
import { randomSchema, xorshift } from './support/random-schema.js';
import { temporary } from './temporary.js';

vi.setConfig({ testTimeout: 600_000 });

const LONG = process.env.FLOW_IPC_LONG === '1';
const SCHEMAS = LONG ? 200 : 25;
const MESSAGES = LONG ? 2000 : 400;
/** Messages that are made canonical in one go, as pointers of one list. */
const BATCH = 100;

const random = xorshift(LONG ? Date.now() : 20261121);
const names = Array.from({ length: SCHEMAS }, (_, i) => `r${i}.capnp`);
const { dir, remove } = temporary(Object.fromEntries(names.map((name) => [name, randomSchema(random)])));
afterAll(remove);

for (const file of compile(names, { cwd: dir })) writeFileSync(path.join(dir, file.path), file.content);
const { nodes, files } = readRequest(run(['compile', '-o-', ...names]));

function run(args: readonly string[], input: Uint8Array | string = ''): Buffer {
  const env = { ...process.env, PWD: dir };
  const result = spawnSync('capnp', args, { cwd: dir, env, input, maxBuffer: 1 << 28 });
  if (result.status !== 0 || /ERROR/.test(result.stderr.toString())) {
    throw new Error(`capnp ${args.join(' ')}: ${result.error ?? result.stderr}`);
  }
  return result.stdout;
}

const WILD = ['a', 'B', '"', '\\', '{', ']', '\n', '\u0001', 'é', '€', '😀', ' '];
const TAME = ['a', 'B', 'é', '€', '😀', 'z'];

describe.each(names)('%s', (name) => {
  it(`${MESSAGES} messages each way`, async () => {
    const { Root } = (await import(/* @vite-ignore */ path.join(dir, `${name}.ts`))) as { Root: StructType };
    const fields = fieldsOf(Root);
    const objects = new RandomObjects(random, { characters: WILD });
    const built = Array.from({ length: MESSAGES }, (_, i) => build(Root, objects.struct(fields, 3), i));

    // Ours, read by C++ and by capnp-ts.
    const frames = built.map(({ segments }) => frameMessage(segments));
    const lines = run(['convert', '--quiet', '--short', 'binary:json', name, 'Root'], Buffer.concat(frames))
      .toString()
      .split('\n');
    const other = new CapnpTsReader(nodes);
    const { id } = files.find(({ filename }) => filename === name)!;
    const rootId = nodes.get(id)!.nested.find((nested) => nested.name === 'Root')!.id;
    built.forEach(({ json, segments }, i) => {
      expect(JSON.parse(lines[i]!)).toEqual(json);
      expect(other.read(frames[i]!, rootId)).toEqual(json);
      const reader = new MessageReader(segments).getRoot(Root);
      expect(JSON.parse(toJson(reader))).toEqual(json);
    });

    // Theirs, read by us; and what both built is the same in canonical form.
    const tame = new RandomObjects(random, { characters: TAME });
    const values = Array.from({ length: MESSAGES }, () => tame.struct(fields, 3));
    const input = values.map((value) => JSON.stringify(expectedJson(fields, value))).join('\n');
    let rest: Uint8Array = run(
      ['convert', '--quiet', ...segmentSize(name), 'json:binary', name, 'Root'],
      input,
    );
    values.forEach((value, i) => {
      const segments = unframeSegments(rest);
      rest = rest.subarray(frameMessage(segments).length);
      const theirs = new MessageReader(segments).getRoot(Root);
      expect(JSON.parse(toJson(theirs))).toEqual(JSON.parse(JSON.stringify(expectedJson(fields, value))));
      const ours = new MessageReader(build(Root, value, i).segments).getRoot(Root);
      expect(Buffer.compare(canonicalize(theirs), canonicalize(ours))).toBe(0);
    });
    expect(rest.length).toBe(0);

    for (let i = 0; i < built.length; i += BATCH) compareCanonical(Root, built.slice(i, i + BATCH));
  });
});

interface Built {
  readonly segments: Uint8Array[];
  readonly json: unknown;
}

/** Builds a message in one, a few or many segments. */
function build(Root: StructType, value: Record<string, unknown>, turn: number): Built {
  const allocator = turn % 3 === 0 ? new HeapAllocator() : new FixedHeapAllocator(turn % 3 === 1 ? 256 : 48);
  const message = new MessageBuilder(allocator);
  fromObject(message.initRoot(Root), value as never);
  const segments = message.segments();
  return { segments, json: expectedJson(fieldsOf(Root), value) };
}

function compareCanonical(Root: StructType, built: readonly Built[]): void {
  const all = new MessageBuilder();
  const list = all.initRoot(anyStruct(0, 1)).pointer(0).init(AnyPointerList, built.length);
  built.forEach(({ segments }, i) => {
    list.at(i).set(new MessageReader(segments).getRoot(Root));
  });
  const ours = canonicalize(all.getRoot(anyStruct(0, 1)).asReader());
  expect(
    Buffer.compare(ours, run(['convert', '--quiet', 'binary:canonical'], frameMessage(all.segments()))),
  ).toBe(0);
}

function segmentSize(name: string): string[] {
  const size = Number(/\d+/.exec(name)![0]) % 3;
  return size === 0 ? [] : [`--segment-size=${size === 1 ? 4 : 30}`];
}
