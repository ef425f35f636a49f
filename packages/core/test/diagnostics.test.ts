// What tracers see, and that a stream's life is told in full.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it } from 'vitest';
import {
  type CoreDiagnostics,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  socketStreamChannel,
} from '../src/index.js';

type Name = keyof CoreDiagnostics;
const undo: (() => void)[] = [];
afterEach(() => {
  for (const u of undo.splice(0)) u();
});

function record<N extends Name>(name: N): CoreDiagnostics[N][] {
  const seen: CoreDiagnostics[N][] = [];
  const listener = (message: unknown) => void seen.push(message as CoreDiagnostics[N]);
  subscribe(name, listener);
  undo.push(() => unsubscribe(name, listener));
  return seen;
}

it('opening, ending and closing of streams and acceptors', async () => {
  const opened = record('flow-ipc:core:stream:open');
  const ended = record('flow-ipc:core:stream:end');
  const closed = record('flow-ipc:core:stream:close');
  const listening = record('flow-ipc:core:acceptor:open');
  const silent = record('flow-ipc:core:acceptor:close');
  const name = `flowipc_test_${process.pid}_diagnostics`;
  const acceptor = new NativeSocketStreamAcceptor(name);
  const accepting = acceptor.accept();
  const client = NativeSocketStream.connect(name, { nickname: 'client' });
  const server = socketStreamChannel(await accepting);
  expect(opened.map(({ stream, peer }) => [stream.nickname, peer.pid])).toEqual([
    ['client', process.pid],
    ['', process.pid],
  ]);
  client.send(Uint8Array.of(1, 2, 3));
  await server.receiveBlob();
  client.close();
  expect(closed[0]?.counters).toMatchObject({ messagesSent: 1, bytesSent: 7, queuedBytes: 0 });
  await expect(server.receiveBlob()).rejects.toThrow();
  expect(ended.map(({ direction, error }) => [direction, error.code])).toEqual([
    ['snd', 'ERR_FLOW_IPC_LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND'],
    ['rcv', 'ERR_FLOW_IPC_EOF'],
  ]);
  server.close();
  acceptor.close();
  expect([listening, silent].map(([event]) => event?.acceptor)).toEqual([acceptor, acceptor]);
  expect(closed.length).toBe(2);
});

it('the high-water mark, once until the queue has drained', async () => {
  const seen = record('flow-ipc:core:channel:high-water');
  const told: number[] = [];
  const [a, b] = NativeSocketStream.pair();
  using near = socketStreamChannel(new NativeSocketStream(a), {
    sendHighWaterMark: 100_000,
    onHighWater: (bytes) => told.push(bytes),
  });
  using far = socketStreamChannel(new NativeSocketStream(b));
  const blob = new Uint8Array(30_000);
  const fill = () => {
    let count = 1;
    while (near.sendBlob(blob)) count++;
    expect(near.queuedBytes).toBeGreaterThanOrEqual(100_000);
    expect(near.sendBlob(blob)).toBe(false);
    return count + 1;
  };
  const receive = async (count: number) => {
    for (let i = 0; i < count; i++) await far.receiveBlob();
  };
  const first = fill();
  expect(told.length).toBe(1);
  await receive(first);
  await near.drained();
  await receive(fill());
  expect(told.length).toBe(2);
  expect(seen.map(({ channel, queuedBytes }) => [channel, queuedBytes])).toEqual(told.map((n) => [near, n]));
});
