// Every check of a log-in (feature 154), made to fail alone, by a client that says what it is told to say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Channel, FlowIpcError, NativeSocketStream, NativeSocketStreamAcceptor } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it } from 'vitest';
import { listenerName } from '../src/app.js';
import { MqType, ShmType } from '../src/generated/common.capnp.js';
import { SessionMasterChannelMessageBody as Body } from '../src/generated/session-master-channel.capnp.js';
import {
  type AcceptOptions,
  type ClientApp,
  ClientSession,
  cnsPath,
  type ServerApp,
  SessionServer,
} from '../src/index.js';
import { CLI, keep, serverApp, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) =>
  expect.objectContaining({ code: expect.stringMatching(new RegExp(`${code}$`)) });

interface Claims {
  version: number;
  aux: number;
  mq: MqType;
  handles: boolean;
  shm: ShmType;
  channels: number;
  pid: number;
  uid: number;
  gid: number;
  name: string;
}

const honest = (): Claims => ({
  version: 1,
  aux: 1,
  mq: MqType.none,
  handles: true,
  shm: ShmType.none,
  channels: 0,
  pid: process.pid,
  uid: process.geteuid!(),
  gid: process.getegid!(),
  name: 'cli',
});

/** Logs in with these claims; settles with the kind of the answer, or rejects as the server hangs up. */
async function logIn(server: ServerApp, changes: Partial<Claims>): Promise<string | undefined> {
  const claims = { ...honest(), ...changes };
  const stream = NativeSocketStream.connect(listenerName(server, String(process.pid)));
  const master = keep(new StructuredChannel(new Channel(stream), Body, { logIn: 'client' }));
  const msg = master.createMsg();
  const request = msg.body.initLogInReq();
  const negotiation = request.initProtocolNegotiationToServer();
  negotiation.maxProtoVer = claims.version;
  negotiation.maxProtoVerAux = claims.aux;
  request.mqTypeOrNone = claims.mq;
  request.nativeHandleTransmissionEnabled = claims.handles;
  request.shmTypeOrNone = claims.shm;
  const credentials = request.initClaimedOwnProcessCredentials();
  credentials.processId = claims.pid;
  credentials.userId = claims.uid;
  credentials.groupId = claims.gid;
  request.initOwnApp().name = claims.name;
  request.numInitChannelsByCliReq = claims.channels;
  return (await master.request(msg)).which;
}

interface Setting {
  server?: Partial<ServerApp>;
  clients?: ClientApp[];
  accept?: AcceptOptions;
}

const other: ClientApp = { ...CLI, name: 'other' };

it.each<[string, Partial<Claims>, Setting, string]>([
  ['a version that makes no sense', { version: 0 }, {}, 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
  [
    'a shared-memory version that makes no sense',
    { aux: -3 },
    {},
    'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID',
  ],
  ['another kind of shared memory', { shm: ShmType.classic }, {}, 'CONFIG_MISMATCH'],
  ['a kind of shared memory that nobody knows', { shm: 77 as ShmType }, {}, 'CONFIG_MISMATCH'],
  ['another kind of message queue', { mq: MqType.posix }, {}, 'CONFIG_MISMATCH'],
  ['another mind about descriptors', { handles: false }, {}, 'CONFIG_MISMATCH'],
  [
    'channels where none are allowed',
    { channels: 1 },
    { accept: { maxClientChannels: 0 } },
    'SESSION_INVALID_ARGUMENT',
  ],
  ['too many channels', { channels: 257 }, {}, 'SESSION_INVALID_ARGUMENT'],
  ['an unknown app', { name: 'stranger' }, {}, 'CLIENT_APP_DISALLOWED_OR_UNKNOWN'],
  [
    'a known app that is not allowed',
    { name: 'other' },
    { clients: [CLI, other] },
    'CLIENT_APP_DISALLOWED_OR_UNKNOWN',
  ],
  [
    'an allowed app that is not known',
    { name: 'x' },
    { server: { allowedClients: ['x'] } },
    'CLIENT_APP_DISALLOWED_OR_UNKNOWN',
  ],
  ['a false process id', { pid: process.ppid }, {}, 'CLIENT_APP_INCONSISTENT_CREDS'],
  ['a false user', { uid: 4711 }, {}, 'CLIENT_APP_INCONSISTENT_CREDS'],
  ['a false group', { gid: 4711 }, {}, 'CLIENT_APP_INCONSISTENT_CREDS'],
  [
    'another argv[0] than the app has',
    {},
    { clients: [{ ...CLI, execPath: '/bin/true' }] },
    'CLIENT_APP_INCONSISTENT_CREDS',
  ],
  [
    'another user than the app has',
    {},
    { clients: [{ ...CLI, uid: 4711 }] },
    'CLIENT_APP_INCONSISTENT_CREDS',
  ],
  [
    'another group than the app has',
    {},
    { clients: [{ ...CLI, gid: 4711 }] },
    'CLIENT_APP_INCONSISTENT_CREDS',
  ],
])('a log-in with %s is refused, told nothing, and the server goes on', async (_, claims, setting, code) => {
  const app = serverApp(setting.server);
  const server = keep(await SessionServer.create({ server: app, clients: setting.clients ?? [CLI] }));
  const accepted = server.accept(setting.accept);
  const client = logIn(app, claims);
  await expect(accepted).rejects.toEqual(coded(code));
  await expect(client).rejects.toEqual(coded('EOF'));
  if (setting.clients || setting.server || setting.accept) return;
  const next = server.accept();
  expect(await logIn(app, {})).toBe('logInRsp');
  keep(await next);
});

it('a newer client is welcome', async () => {
  const app = serverApp();
  const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  const accepted = server.accept();
  expect(await logIn(app, { version: 7, aux: 3 })).toBe('logInRsp');
  keep(await accepted);
});

describe('a server app', () => {
  it('hangs up on a client that says nothing', async () => {
    const app = serverApp();
    const server = keep(await SessionServer.create({ server: app, clients: [CLI], idleTimeoutMs: 100 }));
    const accepted = server.accept();
    keep(new Channel(NativeSocketStream.connect(listenerName(app, String(process.pid)))));
    await expect(accepted).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
  });

  it('is not confused by one that is no Flow-IPC at all', async () => {
    const app = serverApp();
    const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
    const accepted = server.accept();
    const stray = keep(new Channel(NativeSocketStream.connect(listenerName(app, String(process.pid)))));
    stray.sendBlob(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await expect(accepted).rejects.toBeInstanceOf(FlowIpcError);
  });
});

it('a client that understands is told why, one that does not only sees the end', async () => {
  const client = { ...CLI, execPath: '/usr/local/bin/other-node' };
  const app = serverApp();
  const server = keep(await SessionServer.create({ server: app, clients: [client] }));
  const accepted = server.accept();
  accepted.catch(() => {});
  await expect(ClientSession.connect({ client, server: app })).rejects.toMatchObject({
    code: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED',
    message: expect.stringContaining(`was invoked as '${process.argv0}', not as '/usr/local/bin/other-node'`),
    cause: coded('CLIENT_APP_INCONSISTENT_CREDS'),
  });
  await expect(accepted).rejects.toEqual(coded('CLIENT_APP_INCONSISTENT_CREDS'));
  expect(server.counters).toEqual({ accepted: 0, refused: 1, loggingIn: 0 });
});

it('a client that a silent server refuses guesses why from what it knows of itself', async () => {
  const client = { ...CLI, execPath: '/usr/local/bin/other-node' };
  const app = serverApp();
  writeFileSync(cnsPath(app), `${process.pid}\n`);
  const acceptor = keep(new NativeSocketStreamAcceptor(listenerName(app, String(process.pid))));
  const connecting = ClientSession.connect({ client, server: app });
  (await acceptor.accept()).close();
  await expect(connecting).rejects.toMatchObject({
    code: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED',
    message: expect.stringContaining(`started as '${process.argv0}'`),
  });
});

it("a server's reason is not believed to be a code unless it looks like one", async () => {
  const app = serverApp();
  writeFileSync(cnsPath(app), `${process.pid}\n`);
  const acceptor = keep(new NativeSocketStreamAcceptor(listenerName(app, String(process.pid))));
  const connecting = ClientSession.connect({ client: CLI, server: app });
  const master = keep(new StructuredChannel(new Channel(await acceptor.accept()), Body, { logIn: 'server' }));
  master.expectLogInRequest('logInReq', (request) => {
    const answer = master.createMsg();
    const refusal = answer.body.initLogInRefusal();
    refusal.code = '__proto__';
    refusal.message = 'x'.repeat(10_000);
    master.send(answer, request);
  });
  const err = await connecting.catch((e) => e);
  expect(err.code).toBe('ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED');
  expect(err.message.length).toBeLessThan(600);
  expect(err.cause.code).toBe('ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT');
});

it('the guard that a dead process holds costs a second, not for ever', async () => {
  const app = serverApp();
  const first = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  await first.close();
  // Takes the semaphore through libc, as any other program would, and dies with it.
  const script = `
    import { semOpen } from '@flow-ipc/native';
    import { guardName } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    if (!semOpen(guardName(${JSON.stringify(app)}), 0o600, 1).tryWait()) process.exit(1);
    process.kill(process.pid, 'SIGKILL');`;
  const holder = spawn('node', ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  });
  expect((await once(holder, 'exit'))[1]).toBe('SIGKILL');
  const before = performance.now();
  const second = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  expect(performance.now() - before).toBeGreaterThan(900);
  await second.close();
  // And it is whole again: not each start can have waited for the machine that long.
  const times = [];
  for (let i = 0; i < 5; i++) {
    const again = performance.now();
    const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
    times.push(performance.now() - again);
    await server.close();
  }
  expect(Math.min(...times)).toBeLessThan(900);
});
