// A channel of two pipes: what goes where, what is done to both, and that one does not touch the other.
import { openSync } from 'node:fs';
import { setSocketBuffers } from '@flow-ipc/native';
import { afterEach, expect, it } from 'vitest';
import { mqsSocketStreamChannel, NativeHandle, NativeSocketStream } from '../src/index.js';

const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
afterEach(() => {
  for (const x of open.splice(0)) x.close();
});
const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_${code}` });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function twoPipes() {
  const [a, b] = NativeSocketStream.pair();
  const [c, d] = NativeSocketStream.pair();
  const make = (blobsFd: number, handlesFd: number) => {
    const blobs = new NativeSocketStream(blobsFd);
    const handles = new NativeSocketStream(handlesFd);
    const channel = keep(mqsSocketStreamChannel({ sender: blobs, receiver: blobs }, handles));
    return { blobs, handles, channel };
  };
  return { near: make(a, c), far: make(b, d) };
}

it('each message goes to its pipe, and is received from it', async () => {
  const { near, far } = twoPipes();
  using file = new NativeHandle(openSync('/dev/null', 'r'));
  near.channel.sendNativeHandle(file, Uint8Array.of(2));
  near.channel.sendBlob(Uint8Array.of(1));
  expect(await far.channel.receiveBlob()).toEqual(Uint8Array.of(1));
  const { blob, handle } = await far.channel.receive();
  expect(blob).toEqual(Uint8Array.of(2));
  handle!.close();
  expect([near.blobs, near.handles].map((s) => s.counters.messagesSent)).toEqual([1, 1]);
  expect(near.channel.counters).toMatchObject({ messagesSent: 2, messagesReceived: 0, queuedBytes: 0 });
  expect(near.channel.blobSender).toBe(near.blobs);
  expect(near.channel.blobReceiver).toBe(near.blobs);
  expect(near.channel.handleSender).toBe(near.handles);
  expect(near.channel.handleReceiver).toBe(near.handles);
});

it('pings, watches and ends both', async () => {
  const { near, far } = twoPipes();
  expect(near.channel.autoPing(1000)).toBe(true);
  expect(near.channel.autoPing(1000)).toBe(false);
  far.blobs.startReceive({ onMessage() {}, onEnd() {} });
  far.handles.startReceive({ onMessage() {}, onEnd() {} });
  await pause(20);
  expect([near.blobs, near.handles].map((s) => s.counters.bytesSent)).toEqual([4, 4]);
  const { near: silent } = twoPipes();
  silent.channel.idleTimerRun(40);
  await expect(silent.channel.receiveBlob()).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
  await expect(silent.channel.receive()).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
});

it('its end has come when both pipes have, or with the first error', async () => {
  const { near, far } = twoPipes();
  setSocketBuffers(near.blobs.pollFd, 1, 1);
  for (let i = 0; i < 20; i++) near.channel.sendBlob(new Uint8Array(60_000));
  const ended = near.channel.endSending();
  let done = false;
  ended.then(() => {
    done = true;
  });
  await expect(far.channel.receive()).rejects.toEqual(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
  expect(done).toBe(false);
  for (let i = 0; i < 20; i++) await far.channel.receiveBlob();
  await ended;
  const lost = twoPipes();
  for (let i = 0; i < 20; i++) lost.near.channel.sendBlob(new Uint8Array(60_000));
  const failing = lost.near.channel.endSending();
  lost.far.blobs.close();
  await expect(failing).rejects.toMatchObject({ syscall: 'sendmsg' });
});

it('a pipe that is lost leaves the other alone', async () => {
  const { near, far } = twoPipes();
  const blob = near.channel.receiveBlob();
  far.blobs.close();
  await expect(blob).rejects.toEqual(coded('EOF'));
  expect(() => near.channel.sendBlob(Uint8Array.of(1))).toThrow(coded('LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND'));
  using file = new NativeHandle(openSync('/dev/null', 'r'));
  near.channel.sendNativeHandle(file);
  const { handle } = await far.channel.receive();
  handle!.close();
});

it('a blocked caller waits for both at once', () => {
  const { near, far } = twoPipes();
  const got: string[] = [];
  const sink = (what: string) => ({ onMessage: () => void got.push(what), onEnd() {} });
  far.blobs.startReceive(sink('blob'));
  far.handles.startReceive(sink('handle'));
  for (const sender of [near.handles, near.blobs]) {
    sender.send(Uint8Array.of(1));
    sender.flush();
    for (let i = 0; i < 10 && got.length === 0; i++) far.channel.waitReadable(1000);
    expect(got.splice(0)).toEqual([sender === near.handles ? 'handle' : 'blob']);
  }
});
