// What the structured layer's tests share: pairs of channels, and a bare end for what no peer of ours would send.
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { StructuredChannel, type StructuredChannelOptions } from '../src/index.js';
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

/** The first 16-byte blob of every pipe. */
export const HELLO = Uint8Array.from(Buffer.from('00000000010000000100010000000000', 'hex'));
