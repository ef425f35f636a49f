// The blocking loop: it drives the async form too, runs timers in time, and is woken from outside.
import { closeFd, send, signalFd, socketPair } from '@flow-ipc/native';
import { afterEach, expect, it } from 'vitest';
import { type FlowIpcError, NativeSocketStream } from '../src/index.js';
import { EpollEventLoop } from '../src/sync-io/index.js';

const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
afterEach(() => {
  for (const x of open.splice(0).reverse()) x.close();
});
const fd = (n: number) => {
  keep({ close: () => closeFd(n) });
  return n;
};

it('drives streams in their async form, with no promise and no turn of Node’s loop', () => {
  const loop = keep(new EpollEventLoop());
  const [a, b] = NativeSocketStream.pair();
  const near = keep(new NativeSocketStream(a, { loop }));
  const far = keep(new NativeSocketStream(b, { loop }));
  const answers: number[] = [];
  let ended: FlowIpcError | undefined;
  far.startReceive({
    onMessage: (buffer, offset, length) => far.send(buffer.bytes.slice(offset, offset + length)),
    onEnd: () => far.endSending(),
  });
  near.startReceive({
    onMessage(_, __, length) {
      answers.push(length);
      if (answers.length < 200) near.send(new Uint8Array(answers.length * 300));
      else near.endSending();
    },
    onEnd(error) {
      ended = error;
      loop.stop();
    },
  });
  near.send(new Uint8Array(1));
  loop.run();
  expect(answers).toEqual([1, ...Array.from({ length: 199 }, (_, i) => (i + 1) * 300)]);
  expect(ended?.code).toBe('ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE');
});

it('runs timers when they are due, and not when they were stopped', () => {
  const loop = keep(new EpollEventLoop());
  const ran: string[] = [];
  const timer = (name: string) => loop.timer(() => ran.push(name));
  const [late, early, stopped] = [timer('late'), timer('early'), timer('stopped')];
  const started = performance.now();
  late.start(40);
  early.start(10);
  stopped.start(20);
  stopped.stop();
  while (ran.length < 2) loop.runOnce();
  expect(ran).toEqual(['early', 'late']);
  expect(performance.now() - started).toBeGreaterThanOrEqual(39);
  expect(loop.runOnce(5)).toBe(0);
});

it('an interest is served once, and asked for again it is served again', () => {
  const loop = keep(new EpollEventLoop());
  const [a, b] = socketPair().map(fd) as [number, number];
  const watch = loop.watch(a);
  let served = 0;
  const serve = () => served++;
  watch.wait('rcv', serve);
  send(b, Uint8Array.of(1), 0, 1, null, 0, 0, -1);
  expect(loop.runOnce(1000)).toBe(1);
  expect(loop.runOnce(10)).toBe(0);
  watch.wait('rcv', serve);
  watch.wait('snd', serve);
  expect(loop.runOnce(1000)).toBe(2);
  expect(served).toBe(3);
  watch.wait('rcv', serve);
  watch.close();
  expect(loop.runOnce(10)).toBe(0);
});

it('a descriptor has one watch at a time', () => {
  const loop = keep(new EpollEventLoop());
  const [a] = socketPair().map(fd) as [number, number];
  const first = loop.watch(a);
  const second = loop.watch(a);
  first.wait('rcv', () => {});
  expect(() => second.wait('rcv', () => {})).toThrow(/watched already/);
  first.close();
  second.wait('snd', () => {});
  expect(loop.runOnce(1000)).toBe(1);
});

it('is woken by itself and by whoever has its number', () => {
  const loop = keep(new EpollEventLoop());
  loop.wake();
  expect(loop.runOnce()).toBe(0);
  signalFd(loop.wakeFd);
  expect(loop.runOnce()).toBe(0);
});
