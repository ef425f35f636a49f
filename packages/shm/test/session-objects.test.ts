// Objects and sessions: two scopes, handles in messages, the app's arena before and after sessions.
import { readdirSync } from 'node:fs';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, expect, it } from 'vitest';
import {
  ClientSession,
  PoolArena,
  SessionServer,
  setLentShmHandle,
  shmHandleToBorrow,
  t,
} from '../src/index.js';
import { apps, Body, keep, open, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });
const Table = t.map(t.string, t.u32);
const names = () => readdirSync('/dev/shm');

it('lends objects of both scopes to the peer, by 16 bytes that say which', async () => {
  const { session, client } = await open();
  const frees = [session.sessionShm.freeBytes, session.appShm.freeBytes];
  for (const [arena, scope] of [
    [session.sessionShm, 1],
    [session.appShm, 2],
  ] as const) {
    const object = arena.construct(Table, [['a', scope]]);
    const blob = session.lendObject(object);
    expect(blob.length).toBe(16);
    expect([...blob.subarray(8)]).toEqual([scope, 0, 0, 0, 0, 0, 0, 0]);
    const borrowed = client.borrowObject(Table, blob);
    expect(borrowed.value.get('a')).toBe(scope);
    borrowed.value.set('b', 2);
    object.release();
    // The borrower lends it back, as its last owner.
    const back = session.borrowObject(Table, client.lendObject(borrowed));
    borrowed.release();
    expect(back.value.get('b')).toBe(2);
    back.release();
  }
  expect([session.sessionShm.freeBytes, session.appShm.freeBytes]).toEqual(frees);
});

it('does not take one form of handle for the other', async () => {
  const { session, client } = await open();
  using object = session.sessionShm.construct(Table);
  const raw = object.lend();
  expect(() => client.borrowObject(Table, raw)).toThrow(coded('BAD_HANDLE'));
  const scoped = session.lendObject(object);
  expect(() => client.sessionShm.borrow(Table, scoped)).toThrow(coded('BAD_HANDLE'));
  for (const scope of [0, 3, 255]) {
    const other = scoped.slice();
    other[8] = scope;
    expect(() => client.borrowObject(Table, other)).toThrow(coded('BAD_HANDLE'));
  }
  const wrongArena = scoped.slice();
  wrongArena[8] = 2;
  expect(() => client.borrowObject(Table, wrongArena)).toThrow(coded('BAD_HANDLE'));
  expect(() => client.borrowObject(Table, new Uint8Array())).toThrow(coded('BAD_HANDLE'));
  client.sessionShm.borrow(Table, raw).release();
  client.borrowObject(Table, scoped).release();
  const elsewhere = keep(PoolArena.create(`flowipc_shm${process.pid}_elsewhere`, { sizeMi: 1 }));
  using foreign = elsewhere.construct(Table);
  expect(() => session.lendObject(foreign)).toThrow(TypeError);
});

it('carries handles in messages', async () => {
  const { session, client, ours, theirs } = await open();
  using object = session.sessionShm.construct(Table, [['x', 5]]);
  using msg = ours.createMsg();
  // Any struct with a field `serialization` of type Data is a ShmHandle; here the bytes of a file stand in for one.
  const file = msg.body.initFile();
  const field = {
    set serialization(bytes: Uint8Array) {
      file.data = bytes;
    },
    get serialization() {
      return file.data;
    },
  };
  setLentShmHandle(field, session.lendObject(object));
  ours.send(msg);
  using got = (await theirs.messages('file').next()).value!;
  using borrowed = client.borrowObject(Table, shmHandleToBorrow({ serialization: got.body.file.data }));
  expect(borrowed.value.get('x')).toBe(5);
  expect(shmHandleToBorrow({ serialization: new Uint8Array() }).length).toBe(0);
});

it('has the arena of an app before its first session, and after the last', async () => {
  const { client: CLI, server: SRV } = apps();
  const server = keep(await SessionServer.create({ server: SRV, clients: [CLI], poolSizeLimitMi: 3 }));
  const arena = server.appShm('cli');
  expect(arena.size).toBe(3 * 2 ** 20);
  expect(() => server.appShm('nobody')).toThrow(TypeError);
  const table = arena.construct(Table, [['before', 1]]);
  expect(server.poolSizeLimitMi).toBe(3);
  server.poolSizeLimitMi = 5;
  const start = async () => {
    const accepting = server.accept();
    const client = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
    return { client, session: keep(await accepting) };
  };
  const [first, second] = [await start(), await start()];
  expect(first.session.appShm).toBe(arena);
  expect(first.session.sessionShm.size).toBe(5 * 2 ** 20);
  // By way of a first client to a second one, which never met the owner's own handle.
  const one = first.client.borrowObject(Table, first.session.lendObject(table));
  one.value.set('by the first', 2);
  const again = first.session.borrowObject(Table, first.client.lendObject(one));
  const two = second.client.borrowObject(Table, second.session.lendObject(again));
  again.release();
  expect(two.toJS()).toEqual(
    new Map([
      ['before', 1],
      ['by the first', 2],
    ]),
  );
  const sessionPool = first.session.sessionShm.name;
  await first.client.close();
  await first.session.close();
  expect(names()).not.toContain(sessionPool);
  expect(names()).toContain(arena.name);
  await second.client.close();
  await second.session.close();
  expect(table.value.get('by the first')).toBe(2);
  table.release();
  // What the clients held when they closed was given back.
  expect(arena.stats().blocks).toBe(0);
  await server.close();
  expect(names()).not.toContain(arena.name);
});

it('sends one message in the arena of the app more than once, each time to one more owner', async () => {
  const { server, session, client, CLI, SRV } = await open();
  const accepting = server.accept();
  const otherClient = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
  const other = keep(await accepting);
  const channel = (s: typeof session | typeof client) =>
    keep(
      new StructuredChannel(s.channels[0]!, Body, {
        serialization: s.memory.appSerialization,
        sessionToken: s.sessionToken,
      }),
    );
  const [ours, theirs] = [channel(other), channel(otherClient)];
  const free = other.appShm.freeBytes;
  const msg = ours.buildMsg((body) => (body.initFile().data = Uint8Array.of(1, 2, 3)));
  ours.send(msg);
  ours.send(msg);
  const messages = theirs.messages('file');
  const [a, b] = [(await messages.next()).value!, (await messages.next()).value!];
  msg.release();
  a.release();
  expect([...b.body.file.data]).toEqual([1, 2, 3]);
  b.release();
  expect(other.appShm.freeBytes).toBe(free);
});
