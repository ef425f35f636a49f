import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type Channel, NativeSocketStream, processStartTime } from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listenerName } from '../src/app.js';
import type { AcceptOptions, SessionHandlers } from '../src/index.js';
import {
  ClientSession,
  type ConnectOptions,
  cnsPath,
  type ServerApp,
  SessionServer,
  type SessionServerOptions,
} from '../src/index.js';
import { CLI, keep, serverApp, tearDown, turn } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) =>
  expect.objectContaining({ code: expect.stringMatching(new RegExp(`${code}$`)) });

async function startServer(options: Partial<SessionServerOptions> = {}) {
  const server = options.server ?? serverApp();
  return { app: server, server: keep(await SessionServer.create({ clients: [CLI], ...options, server })) };
}

interface OpenOptions {
  server?: Partial<SessionServerOptions>;
  client?: Partial<ConnectOptions>;
  accept?: AcceptOptions;
  handlers?: SessionHandlers;
}

async function open(options: OpenOptions = {}) {
  const { app, server } = await startServer(options.server);
  const [accepted, client] = await Promise.all([
    server.accept(options.accept),
    ClientSession.connect({ client: CLI, server: app, ...options.client }),
  ]);
  accepted.initHandlers(options.handlers ?? {});
  return { app, server, session: keep(accepted), client: keep(client) };
}

async function talk(a: Channel, b: Channel): Promise<void> {
  a.sendBlob(Uint8Array.of(1));
  b.sendBlob(Uint8Array.of(2));
  expect([await b.receiveBlob(), await a.receiveBlob()]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  a.close();
  b.close();
}

describe('a session', () => {
  it('opens, with channels asked for by either side, in order', async () => {
    const initChannels = vi.fn(() => 3);
    const { app, session, client } = await open({ client: { channels: 2 }, accept: { initChannels } });
    expect(initChannels).toHaveBeenCalledWith(expect.objectContaining({ app: CLI, channels: 2 }));
    expect(session.channels).toHaveLength(5);
    for (let i = 0; i < 5; i++) await talk(session.channels[i]!, client.channels[i]!);
    expect(Buffer.compare(session.sessionToken, client.sessionToken)).toBe(0);
    expect(session.clientApp).toBe(CLI);
    const me = { pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() };
    const startTime = processStartTime(process.pid);
    expect(session.peer).toEqual({ ...me, app: CLI, startTime });
    expect(client.peer).toEqual({ ...me, app, startTime });
    expect(session.channels[0]!.remotePeerProcessCredentials).toEqual(me);
  });

  it('opens more channels both ways', async () => {
    const toServer: Channel[] = [];
    const toClient: Channel[] = [];
    const { session, client } = await open({
      handlers: { onPassiveOpen: (c) => toServer.push(c) },
      client: { onPassiveOpen: (c) => toClient.push(c) },
    });
    for (let i = 0; i < 3; i++) {
      const [byClient, byServer] = await Promise.all([client.openChannel(), session.openChannel()]);
      await talk(byClient, toServer[i]!);
      await talk(byServer, toClient[i]!);
    }
  });

  it('refuses channels where there is no handler, and lives on', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const { session, client } = await open();
    await expect(client.openChannel()).rejects.toEqual(coded('REMOTE_PEER_REJECTED_PASSIVE_OPEN'));
    await expect(session.openChannel()).rejects.toEqual(coded('REMOTE_PEER_REJECTED_PASSIVE_OPEN'));
    expect(client.error ?? session.error).toBeUndefined();
    await tearDown();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('holds what comes before initHandlers()', async () => {
    const { app, server } = await startServer();
    const [session, client] = await Promise.all([
      server.accept(),
      ClientSession.connect({ client: CLI, server: app }),
    ]);
    keep(session);
    keep(client);
    const opening = client.openChannel();
    await turn(20);
    await expect(session.openChannel()).rejects.toThrow(/initHandlers/);
    const passive = new Promise<Channel>((resolve) => session.initHandlers({ onPassiveOpen: resolve }));
    expect(session.initHandlers({})).toBe(false);
    await talk(await opening, await passive);
  });

  it('tells the other side when it is closed, once; its channels live on', async () => {
    const onError = vi.fn();
    const own = vi.fn();
    const { session, client } = await open({ client: { channels: 1, onError }, handlers: { onError: own } });
    await session.close();
    await turn(30);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    expect(own).not.toHaveBeenCalled();
    await expect(client.openChannel()).rejects.toEqual(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    await expect(session.openChannel()).rejects.toEqual(coded('SESSION_CLOSED'));
    await talk(client.channels[0]!, session.channels[0]!);
  });

  it('gives up a peer that falls silent', async () => {
    const onError = vi.fn();
    // The client pings too seldom for the server's patience.
    await open({ server: { idleTimeoutMs: 150 }, client: { pingPeriodMs: 10_000 }, handlers: { onError } });
    await turn(400);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVER_IDLE_TIMEOUT'));
  });

  it('serves many clients at once', async () => {
    const { app, server } = await startServer();
    const accepts = Promise.all(Array.from({ length: 20 }, () => server.accept({ initChannels: () => 1 })));
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => ClientSession.connect({ client: CLI, server: app })),
    );
    const sessions = await accepts;
    for (const s of [...clients, ...sessions]) keep(s);
    expect(new Set(sessions.map((s) => s.scope.clientNamespace)).size).toBe(20);
    for (const client of clients) {
      const session = sessions.find((s) => s.scope.clientNamespace === client.scope.clientNamespace)!;
      await talk(client.channels[0]!, session.channels[0]!);
    }
  });
});

it('a process is the server of some and the client of others, several of each', async () => {
  const apps = [serverApp(), serverApp(), serverApp()];
  const servers = await Promise.all(
    apps.map(async (app) => keep(await SessionServer.create({ server: app, clients: [CLI] }))),
  );
  const opened = await Promise.all(
    servers.flatMap((server, i) =>
      [1, 2].map(() =>
        Promise.all([
          server.accept({ initChannels: () => 1 }),
          ClientSession.connect({ client: CLI, server: apps[i]! }),
        ]),
      ),
    ),
  );
  for (const [session, client] of opened) {
    keep(session);
    keep(client);
    // The two sides of one turn of the loop above may belong to different sessions of the same server.
    expect(session.scope.serverApp).toBe(client.scope.serverApp);
    const other = opened.find(([, c]) => sameScope(c.scope, session.scope))![1];
    await talk(session.channels[0]!, other.channels[0]!);
  }
  const [[first, itsClient] = []] = opened;
  await first!.close();
  await itsClient!.close();
  await servers[0]!.close();
  for (const [session] of opened.slice(2)) expect(session.error).toBeUndefined();
});

function sameScope(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

describe('a client', () => {
  it('whose server was never started is told so', async () => {
    const server = serverApp();
    await expect(ClientSession.connect({ client: CLI, server })).rejects.toMatchObject({
      code: 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING',
      message: expect.stringContaining(cnsPath(server)),
    });
  });

  it('whose server is gone is told so', async () => {
    const { app, server } = await startServer();
    await server.close();
    await expect(ClientSession.connect({ client: CLI, server: app })).rejects.toMatchObject({
      code: 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING',
      message: expect.stringContaining(`process ${process.pid}`),
    });
  });

  it.each(['', 'abc\n', '12', '-5\n', '0\n', '99999999999\n', '12\n34\n'])(
    'finding %j in the CNS file is told so',
    async (text) => {
      const server = serverApp();
      writeFileSync(cnsPath(server), text);
      await expect(ClientSession.connect({ client: CLI, server })).rejects.toEqual(
        coded('CLIENT_NAMESPACE_STORE_BAD_FORMAT'),
      );
    },
  );

  it('does not wait once its signal says so', async () => {
    const { app } = await startServer(); // which never accepts
    const signal = AbortSignal.timeout(50);
    await expect(ClientSession.connect({ client: CLI, server: app, signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('a server', () => {
  it('writes its process id where clients look, with the mode of its level', async () => {
    const levels = [
      ['user', 0o600],
      ['group', 0o640],
      ['unrestricted', 0o644],
    ] as const;
    for (const [permissionsLevel, mode] of levels) {
      const { app } = await startServer({ server: serverApp({ permissionsLevel }) });
      expect(readFileSync(cnsPath(app), 'utf8')).toBe(`${process.pid}\n`);
      expect(statSync(cnsPath(app)).mode & 0o777).toBe(mode);
    }
  });

  it('replaces what a predecessor wrote, and follows no symbolic link', async () => {
    const app = serverApp();
    writeFileSync(cnsPath(app), '123456789\n');
    await startServer({ server: app });
    expect(readFileSync(cnsPath(app), 'utf8')).toBe(`${process.pid}\n`);
    const linked = serverApp();
    symlinkSync('/dev/null', cnsPath(linked));
    await expect(startServer({ server: linked })).rejects.toEqual(coded('SYSTEM'));
  });

  it.each<[string, Partial<ServerApp>, string]>([
    ['of another user', { uid: 12345 }, 'RESOURCE_OWNER_UNEXPECTED'],
    ['of another group', { gid: 12345 }, 'RESOURCE_OWNER_UNEXPECTED'],
    ['with a separator in its name', { name: 'a_b' }, 'INVALID_ARGUMENT'],
    ['with no name', { name: '' }, 'INVALID_ARGUMENT'],
    ['with too long a name', { name: 'x'.repeat(90) }, 'INVALID_ARGUMENT'],
    ['with a run directory that is not there', { runDir: '/nowhere' }, 'SYSTEM'],
  ])('%s is refused', async (_, changes, code) => {
    await expect(startServer({ server: serverApp(changes) })).rejects.toEqual(coded(code));
  });

  it('of the same app cannot be started twice in a process', async () => {
    const { app } = await startServer();
    await expect(startServer({ server: app })).rejects.toThrow(/EADDRINUSE/);
  });

  it('hands out sessions as they come, passing over those it refuses', async () => {
    const { app, server } = await startServer({ clients: [CLI, { ...CLI, name: 'second' }] });
    const onRefused = vi.fn();
    const apps: string[] = [];
    const serving = (async () => {
      for await (const session of server.sessions({ onRefused })) {
        keep(session).initHandlers({});
        apps.push(session.scope.clientNamespace);
      }
    })();
    const stalled = keep(NativeSocketStream.connect(listenerName(app, String(process.pid))));
    keep(await ClientSession.connect({ client: CLI, server: app }));
    const refused = ClientSession.connect({ client: { ...CLI, name: 'second' }, server: app });
    await expect(refused).rejects.toEqual(coded('LOG_IN_REFUSED'));
    keep(await ClientSession.connect({ client: CLI, server: app }));
    stalled.close();
    await turn(20);
    await server.close();
    await serving;
    expect(apps).toEqual(['1', '2']);
    expect(onRefused.mock.calls.map(([err]) => err.code)).toEqual([
      expect.stringMatching(/DISALLOWED_OR_UNKNOWN$/),
      expect.stringMatching(/EOF$|SYSTEM$/),
    ]);
  });

  it('takes clients by accept() again once a loop over sessions() was left', async () => {
    const { app, server } = await startServer();
    const connecting = ClientSession.connect({ client: CLI, server: app });
    for await (const session of server.sessions()) {
      keep(session);
      break;
    }
    keep(await connecting);
    const [session, client] = await Promise.all([
      server.accept(),
      ClientSession.connect({ client: CLI, server: app }),
    ]);
    keep(client);
    expect(keep(session).scope.clientNamespace).toBe('2');
    const stopped = server.sessions({ signal: AbortSignal.timeout(20) }).next();
    expect(await stopped).toEqual({ done: true, value: undefined });
  });

  it('that is closed rejects who waits', async () => {
    const { server } = await startServer();
    const waiting = server.accept();
    await server.close();
    await expect(waiting).rejects.toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
  });
});
