// Sessions whose channels go over message queues, of either kind, with and without a socket beside them.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import {
  BipcMqHandle,
  type Channel,
  type MqKind,
  NativeHandle,
  NativeSocketStream,
  PosixMqHandle,
} from '@flow-ipc/core';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientSession, SessionServer } from '../src/index.js';
import { openQueues, sweepQueues } from '../src/session-queues.js';
import { CLI, keep, serverApp, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
  const queues = existsSync('/dev/mqueue') ? readdirSync('/dev/mqueue') : [];
  expect(queues.filter((name) => name.includes(`test${process.pid}`))).toEqual([]);
});

async function open(queues: MqKind, handles: boolean, sizes: { queueMessageSize?: number } = {}) {
  const app = serverApp();
  const config = { queues, handles };
  const server = keep(await SessionServer.create({ server: app, clients: [CLI], ...config, ...sizes }));
  const taken: Channel[] = [];
  const [session, client] = await Promise.all([
    server.accept({ initChannels: () => 1 }),
    ClientSession.connect({
      client: CLI,
      server: app,
      channels: 1,
      ...config,
      onPassiveOpen: (c) => taken.push(c),
    }),
  ]);
  session.initHandlers({ onPassiveOpen: (channel) => taken.push(channel) });
  return { app, session: keep(session), client: keep(client), taken };
}

async function talk(a: Channel, b: Channel): Promise<void> {
  for (let i = 1; i <= 20; i++) {
    a.sendBlob(new Uint8Array(i * 400).fill(i));
    b.sendBlob(new Uint8Array(i).fill(i));
  }
  for (let i = 1; i <= 20; i++) {
    expect(await b.receiveBlob()).toEqual(new Uint8Array(i * 400).fill(i));
    expect(await a.receiveBlob()).toEqual(new Uint8Array(i).fill(i));
  }
}

const KINDS: [MqKind, boolean][] = [
  ['posix', false],
  ['posix', true],
  ['bipc', false],
  ['bipc', true],
];

describe.each(KINDS)('channels of %s queues, with descriptors: %s', (queues, handles) => {
  it('open at log-in and later, both ways', async () => {
    const { session, client, taken } = await open(queues, handles);
    await talk(client.channels[0]!, session.channels[0]!);
    await talk(client.channels[1]!, session.channels[1]!);
    // Few at a time: a user has nine of the largest POSIX queues.
    for (const channel of [...client.channels, ...session.channels]) channel.close();
    for (const side of [client, session]) {
      const ours = await side.openChannel();
      const theirs = taken.pop()!;
      await talk(ours, theirs);
      expect(ours.maxBlobSize).toBe(8192);
      expect(ours.handlesEnabled).toBe(handles);
      if (handles) {
        const [a, b] = NativeSocketStream.pair().map((fd) => new NativeHandle(fd));
        ours.sendNativeHandle(a!, Uint8Array.of(7));
        const { handle } = await theirs.receive();
        expect(handle?.info().kind).toBe('socket');
        for (const each of [a, b, handle]) each!.close();
      }
      ours.close();
      theirs.close();
    }
  });

  it('outlive their session, whose names go', async () => {
    const { session, client } = await open(queues, handles);
    await client.close();
    await session.close();
    const kind = queues === 'posix' ? PosixMqHandle : BipcMqHandle;
    const names = (() => {
      try {
        return [...kind.persistentNames()].map(String);
      } catch {
        return []; // POSIX queues are not listed here.
      }
    })();
    expect(
      names.filter((name) => name.startsWith('_libipc') && name.includes(client.scope.serverApp)),
    ).toEqual([]);
    await talk(client.channels[0]!, session.channels[0]!);
    for (const channel of [...client.channels, ...session.channels]) channel.close();
  });
});

it('queues take messages as long as the server says, on both sides', async () => {
  const { session, client } = await open('bipc', false, { queueMessageSize: 100_000 });
  const [ours, theirs] = [client.channels[0]!, session.channels[0]!];
  expect([ours.maxBlobSize, theirs.maxBlobSize]).toEqual([100_000, 100_000]);
  const blob = new Uint8Array(100_000).fill(7);
  ours.sendBlob(blob);
  expect(Buffer.compare(await theirs.receiveBlob(), blob)).toBe(0);
  for (const channel of [...client.channels, ...session.channels]) channel.close();
});

it.each<[string, object, object]>([
  ['another kind of queue', { queues: 'posix' }, { queues: 'bipc' }],
  ['queues where the server has none', { queues: 'posix' }, {}],
  ['no queues where the server has them', {}, { queues: 'bipc' }],
])('a client with %s is refused', async (_, client, servers) => {
  const app = serverApp();
  const server = keep(await SessionServer.create({ server: app, clients: [CLI], ...servers }));
  const refused = server.accept().catch((err) => err);
  await expect(ClientSession.connect({ client: CLI, server: app, ...client })).rejects.toMatchObject({
    code: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED',
  });
  expect((await refused).code).toMatch(/CONFIG_MISMATCH$/);
});

it('running out of POSIX queues is told to both sides, and the session goes on', async () => {
  const { session, client, taken } = await open('posix', false);
  const opened: Channel[] = [];
  let failure: { code: string } | undefined;
  while (!failure && opened.length < 60) {
    try {
      opened.push(await client.openChannel());
    } catch (err) {
      failure = err as { code: string };
    }
  }
  const all = [...opened.splice(0), ...taken.splice(0), ...client.channels, ...session.channels];
  for (const channel of all) channel.close();
  // Root with raised limits may have room for more queues than this test cares to make.
  if (failure) expect(failure.code).toMatch(/RESOURCE_UNAVAILABLE$/);
  const again = await client.openChannel();
  await talk(again, taken[0]!);
  again.close();
  taken[0]!.close();
});

it('a client opens no queue of somebody else, whatever the server says', () => {
  const scope = {
    serverApp: 'srv',
    serverNamespace: '12',
    clientApp: 'cli',
    clientNamespace: '1',
    permissionsLevel: 'user',
  } as const;
  const good = '_libipc_posixQ_srv_12_cli_1_c2s_1';
  for (const name of [
    '',
    '_libipc_posixQ_srv_12_cli_2_c2s_1',
    '_libipc_posixQ_other_12_cli_1_c2s_1',
    '_libipc_bipcQ_srv_12_cli_1_c2s_1',
    '_libipc_posixQ_srv_12_cli_1_s2c_1',
    '_libipc_posixQ_srv_12_cli_1_c2s_1/../x',
    `${good}\0`,
    '/etc/passwd',
  ]) {
    const names = { clientToServer: name, serverToClient: '_libipc_posixQ_srv_12_cli_1_s2c_1' };
    expect(() => openQueues(scope, 'posix', names), name).toThrow(RangeError);
  }
});

it('what servers that are no more have left is swept, and nothing else', () => {
  const app = serverApp();
  const dead = 4_194_303; // Above any process id in use.
  const name = (pid: number, rest: string) => `_libipc_bipcQ_${app.name}_${pid}_cli_1_${rest}`;
  const options = { maxMessages: 2, maxMsgSize: 64 };
  const sentinel = `/dev/shm/_libipc_shm_0_0_0_bipcQ_sentinelSnd${name(dead, 'c2s_1')}`;
  writeFileSync(sentinel, '');
  const orphan = `/dev/shm/_libipc_shm_0_0_0_posixQ_sentinelRcv_libipc_posixQ_${app.name}_${dead}_cli_1_s2c_2`;
  writeFileSync(orphan, '');
  const left = BipcMqHandle.create(name(dead, 'c2s_1'), options);
  const living = BipcMqHandle.create(name(process.ppid, 'c2s_1'), options);
  left.close();
  try {
    expect(sweepQueues(app).sort()).toEqual([
      name(dead, 'c2s_1'),
      `_libipc_posixQ_${app.name}_${dead}_cli_1_s2c_2`,
    ]);
    for (const path of [sentinel, orphan, `/dev/shm/${name(dead, 'c2s_1')}`])
      expect(existsSync(path)).toBe(false);
    expect(existsSync(`/dev/shm/${name(process.ppid, 'c2s_1')}`)).toBe(true);
  } finally {
    living.close();
    BipcMqHandle.removePersistent(name(process.ppid, 'c2s_1'));
  }
});
