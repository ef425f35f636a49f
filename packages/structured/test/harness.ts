// What the structured layer's tests share: pairs of channels, and a bare end for what no peer of ours would send.
import { readdirSync } from 'node:fs';
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { expect } from 'vitest';
import { type MsgIn, StructuredChannel, type StructuredChannelOptions } from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';

export type TestChannel = StructuredChannel<typeof Body>;

const open: { close(): void }[] = [];
export const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
export function closeAll(): void {
  for (const x of open.splice(0)) x.close();
}

export function channels(): [Channel, Channel] {
  const [a, b] = NativeSocketStream.pair();
  return [keep(new Channel(new NativeSocketStream(a))), keep(new Channel(new NativeSocketStream(b)))];
}

/** Channels of two pipes each: blobs along one socket, messages with descriptors along another. */
export function twoPipeChannels(): [Channel, Channel, Sockets, Sockets] {
  const [blobsA, blobsB] = NativeSocketStream.pair().map((fd) => new NativeSocketStream(fd));
  const [handlesA, handlesB] = NativeSocketStream.pair().map((fd) => new NativeSocketStream(fd));
  const a = { blobs: blobsA!, handles: handlesA! };
  const b = { blobs: blobsB!, handles: handlesB! };
  return [keep(ofTwo(a)), keep(ofTwo(b)), a, b];
}

interface Sockets {
  blobs: NativeSocketStream;
  handles: NativeSocketStream;
}

const ofTwo = ({ blobs, handles }: Sockets): Channel =>
  new Channel({
    blobs: { sender: blobs, receiver: blobs },
    handles: { sender: handles, receiver: handles },
  });

export function twoPipePair(
  a: StructuredChannelOptions = {},
  b: StructuredChannelOptions = {},
): [TestChannel, TestChannel] {
  const [x, y] = twoPipeChannels();
  return [keep(new StructuredChannel(x, Body, a)), keep(new StructuredChannel(y, Body, b))];
}

export function pair(
  a: StructuredChannelOptions = {},
  b: StructuredChannelOptions = {},
): [TestChannel, TestChannel] {
  const [x, y] = channels();
  return [keep(new StructuredChannel(x, Body, a)), keep(new StructuredChannel(y, Body, b))];
}

/** A structured channel, and the unstructured one at its other end. */
export function withRawPeer(options: StructuredChannelOptions = {}): [TestChannel, Channel] {
  const [x, y] = channels();
  return [keep(new StructuredChannel(x, Body, options)), y];
}

export const ask = (channel: TestChannel, number: number) =>
  channel.buildMsg((body) => (body.initAsk().number = number));
export const answer = (channel: TestChannel, number: number) =>
  channel.buildMsg((body) => (body.initAnswer().number = number));

/** At least `ms`, and then enough turns of the event loop that what was sent before has arrived, however busy the machine. */
export async function turn(ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

export const coded = (code: string) =>
  expect.objectContaining({ code: expect.stringMatching(new RegExp(`(${code})$`)) });

/** Answers every 'ask' with its number plus one. */
export function answerAsks(channel: TestChannel): void {
  channel.expectMsgs('ask', (request) => {
    using _ = request;
    using response = answer(channel, Number(request.body.ask.number) + 1);
    channel.send(response, request);
  });
}

/** The number of an answer. */
export function numberOf(message: MsgIn<typeof Body>): number {
  if (!message.is('answer')) throw new Error(`${message} is no answer`);
  return message.body.answer.numberNumber;
}

/** The code that a call throws, or what it returns. */
export function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (err) {
    return (err as { code?: string }).code ?? (err as Error).name;
  }
}

export const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Metadata of a message: `at` and hex bytes to put there. */
export function metadata(...patches: [at: number, hex: string][]): Uint8Array {
  const bytes = Buffer.from(METADATA, 'hex');
  for (const [at, hex] of patches) bytes.set(Buffer.from(hex, 'hex'), at);
  return new Uint8Array(bytes);
}
const METADATA =
  '0000000003000300010000000000000001000000000000000000000000000000080000000000010000000000000000000000000000000000000000000200000000000000000000000000000000000000';
/** Body of an 'ask' for 42. */
export const ASK_BODY = Uint8Array.from(
  Buffer.from('0000000001000100000000000000000000000000010000002a00000000000000', 'hex'),
);

/** The first 16-byte blob of every pipe. */
export const HELLO = Uint8Array.from(Buffer.from('00000000010000000100010000000000', 'hex'));
