// The sync_io form, driven by loops of the test's own, alone and with the asynchronous form at the other end.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { type ChannelFeature, type FlowIpcError, NativeSocketStream } from '@flow-ipc/core';
import { type Channel, EpollEventLoop, type EpollWatch, WOULD_BLOCK } from '@flow-ipc/core/sync-io';
import { semOpen } from '@flow-ipc/native';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ChannelConfigOptions,
  cnsPath,
  guardName,
  ClientSession as PlainClient,
  SessionServer as PlainServer,
  type ServerApp,
  type SessionServerOptions,
} from '../src/index.js';
import {
  type AcceptOptions,
  ClientSession,
  type ConnectOptions,
  type ServerSession,
  type SessionHandlers,
  SessionServer,
} from '../src/sync-io/index.js';
import { Hello, Talk } from './generated/hello.capnp.js';
import { CLI, keep, serverApp, tearDown, turn } from './harness.js';

type AnyChannel = Channel<ChannelFeature, EpollWatch>;
type Opened = { error?: FlowIpcError | undefined; channel?: AnyChannel | undefined };

let loop: EpollEventLoop;
let descriptors: number;

beforeEach(() => {
  descriptors = openDescriptors();
  loop = new EpollEventLoop();
});

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
  loop.close();
  expect(openDescriptors()).toBe(descriptors);
});

const openDescriptors = () => readdirSync('/proc/self/fd').length;

const coded = (code: string) =>
  expect.objectContaining({ code: expect.stringMatching(new RegExp(`${code}$`)) });

/** What a call throws. */
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (err) {
    return err;
  }
  return undefined;
}

/** Runs the loop, and nothing else, until it is so. No promise settles meanwhile. */
function until(done: () => unknown, ms = 10_000): void {
  const deadline = performance.now() + ms;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('It did not come about in time');
    loop.runOnce(deadline - performance.now());
  }
}

/** The same with turns of Node's event loop in between, for an asynchronous other side. */
async function soon(done: () => unknown, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('It did not come about in time');
    loop.runOnce(0);
    await turn();
  }
}

function startServer(options: Partial<SessionServerOptions> = {}) {
  const app = options.server ?? serverApp();
  const server = keep(new SessionServer<EpollWatch>({ clients: [CLI], ...options, server: app }));
  server.replaceEventWaitHandles(loop.createHandle);
  server.startOps(loop.eventWait);
  const started = vi.fn();
  if (server.asyncStart(started) === WOULD_BLOCK) until(() => started.mock.calls.length > 0);
  return { app, server };
}

function newClient(app: ServerApp, options: Partial<ConnectOptions<EpollWatch>> = {}) {
  const client = keep(new ClientSession<EpollWatch>({ client: CLI, server: app, ...options }));
  client.replaceEventWaitHandles(loop.createHandle);
  client.startOps(loop.eventWait);
  return client;
}

interface OpenOptions {
  server?: Partial<SessionServerOptions>;
  client?: Partial<ConnectOptions<EpollWatch>>;
  accept?: AcceptOptions;
  handlers?: SessionHandlers<EpollWatch>;
}

function open(options: OpenOptions = {}) {
  const { app, server } = startServer(options.server);
  let session: ServerSession<EpollWatch> | undefined;
  const accepted = server.asyncAccept((error, result) => {
    expect(error).toBeUndefined();
    session = result;
  }, options.accept);
  expect(accepted).toBe(WOULD_BLOCK);
  const client = newClient(app, options.client);
  const connected = vi.fn();
  expect(client.asyncConnect(connected)).toBe(WOULD_BLOCK);
  until(() => session && connected.mock.calls.length > 0);
  expect(connected).toHaveBeenCalledWith(undefined, undefined);
  expect(session!.initHandlers(options.handlers ?? {})).toBe(true);
  return { app, server, client, session: keep(session!) };
}

function start(channel: AnyChannel): AnyChannel {
  channel.replaceEventWaitHandles(loop.createHandle);
  expect(channel.startSendOps(loop.eventWait)).toBe(true);
  expect(channel.startReceiveOps(loop.eventWait)).toBe(true);
  return channel;
}

/** Both ends of a channel say something, and close. */
function talk(a: AnyChannel, b: AnyChannel): void {
  const ends = [start(a), start(b)];
  const heard = ends.map((channel, i) => {
    const target = Buffer.alloc(channel.maxBlobSize);
    const result = { size: 0, target };
    channel.sendBlob(Buffer.from(`from ${i}`));
    const size = channel.asyncReceiveBlob(target, (error, late) => {
      expect(error).toBeUndefined();
      result.size = late;
    });
    if (typeof size === 'number') result.size = size;
    return result;
  });
  until(() => heard.every(({ size }) => size > 0));
  expect(heard.map(({ size, target }) => target.toString('utf8', 0, size))).toEqual(['from 1', 'from 0']);
  for (const channel of ends) channel.close();
}

/** What asyncOpenChannel() comes to. */
function opening(side: Pick<ServerSession<EpollWatch>, 'asyncOpenChannel'>, timeoutMs?: number): Opened {
  const opened: Opened = {};
  const result = side.asyncOpenChannel(
    (error, channel) => Object.assign(opened, { error, channel }),
    timeoutMs === undefined ? {} : { timeoutMs },
  );
  expect(result).toBe(WOULD_BLOCK);
  return opened;
}

const settled = ({ error, channel }: Opened) => error ?? channel;

describe('both sides by one loop, while Node’s does not turn', () => {
  it('open a session, with channels asked for by either side, and metadata', () => {
    const { session, client } = open({
      client: { channels: 2, metadata: (payload) => (payload.init(Hello).number = 3) },
      accept: {
        initChannels: ({ metadata }) => metadata.as(Hello).number,
        metadata: (payload, { app }) => (payload.init(Hello).name = `welcome ${app.name}`),
      },
    });
    expect(client.peerMetadata.as(Hello).name).toBe('welcome cli');
    expect(session.peerMetadata.as(Hello).number).toBe(3);
    expect(session.clientApp).toBe(CLI);
    expect(session.peer.pid).toBe(process.pid);
    expect(Buffer.compare(session.sessionToken, client.sessionToken)).toBe(0);
    expect(session.channels).toHaveLength(5);
    for (let i = 0; i < 5; i++) talk(session.channels[i]!, client.channels[i]!);
  });

  it.each<ChannelConfigOptions>([
    { handles: false },
    { queues: 'posix' },
    { queues: 'bipc', handles: false },
  ])('open channels of %o', (config) => {
    const passive: AnyChannel[] = [];
    const { session, client } = open({
      server: config,
      client: { ...config, channels: 1 },
      handlers: { onPassiveOpen: (channel) => passive.push(channel) },
    });
    talk(session.channels[0]!, client.channels[0]!);
    const opened = opening(client);
    until(() => settled(opened));
    talk(opened.channel!, passive[0]!);
  });

  it('open more channels both ways, several at once', () => {
    const names: string[] = [];
    const passive: AnyChannel[] = [];
    const onPassiveOpen: SessionHandlers<EpollWatch>['onPassiveOpen'] = (channel, metadata) => {
      passive.push(channel);
      names.push(metadata.as(Hello).name);
    };
    const { session, client } = open({ handlers: { onPassiveOpen }, client: { onPassiveOpen } });
    for (const side of [client, session]) {
      const several: Opened[] = ['one', 'two', 'three'].map((name) => {
        const opened: Opened = {};
        side.asyncOpenChannel((error, channel) => Object.assign(opened, { error, channel }), {
          metadata: (payload) => (payload.init(Hello).name = name),
        });
        return opened;
      });
      until(() => several.every(settled));
      expect(names.splice(0)).toEqual(['one', 'two', 'three']);
      for (const { channel } of several) talk(channel!, passive.shift()!);
    }
    expect(client.counters).toMatchObject({ opened: 3, accepted: 3 });
  });

  it('talk in structured channels, which close with the session', () => {
    const { session, client } = open({ client: { channels: 1 } });
    const ends = [session, client].map((side) => {
      const channel = side.structured(side.channels[0]!, Talk);
      channel.replaceEventWaitHandles(loop.createHandle);
      expect(channel.startOps(loop.eventWait)).toBe(true);
      return channel;
    });
    const [server, asker] = ends as [(typeof ends)[0], (typeof ends)[0]];
    server.expectMsgs('ask', (request) => {
      using answer = server.buildMsg((body) => (body.answer = `${request.body.ask}!`));
      server.send(answer, request);
      request.release();
    });
    for (const channel of ends) expect(channel.startAndPoll()).toBe(true);
    const answers: string[] = [];
    asker.asyncRequest(
      asker.buildMsg((body) => (body.ask = 'now')),
      (response) => {
        answers.push(response.body.answer);
        response.release();
      },
    );
    until(() => answers.length > 0);
    expect(answers).toEqual(['now!']);
    expect(client.asyncClose(() => {})).toBe(true);
    expect(asker.error).toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
  });

  it('hold what comes before initHandlers(), and are told once of the end', () => {
    const { app, server } = startServer();
    let session: ServerSession<EpollWatch> | undefined;
    server.asyncAccept((_, result) => (session = result));
    const client = newClient(app);
    client.asyncConnect(() => {});
    until(() => session && client.isPeer);
    const opened = opening(client);
    expect(loop.runOnce(50)).toBeLessThanOrEqual(1);
    expect(thrown(() => session!.asyncOpenChannel(() => {}))).toEqual(
      expect.objectContaining({ message: expect.stringMatching(/initHandlers/) }),
    );
    const passive: AnyChannel[] = [];
    const onError = vi.fn();
    expect(session!.initHandlers({ onPassiveOpen: (c) => passive.push(c), onError })).toBe(true);
    expect(session!.initHandlers({})).toBe(false);
    until(() => settled(opened));
    talk(opened.channel!, passive[0]!);
    client.close();
    until(() => onError.mock.calls.length > 0);
    expect(loop.runOnce(20)).toBe(0);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(session!.error).toEqual(onError.mock.calls[0]![0]);
    expect(thrown(() => session!.asyncOpenChannel(() => {}))).toBe(session!.error);
    session!.close();
  });

  it('end in good order: what is queued arrives, handlers of who closes are silent', () => {
    const own = vi.fn();
    const onError = vi.fn();
    const { session, client } = open({ client: { onError: own }, handlers: { onError } });
    const closed = client.asyncClose(() => {});
    expect(closed).toBe(true);
    expect(client.asyncClose(() => {})).toBe(false);
    until(() => onError.mock.calls.length > 0);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    expect(own).not.toHaveBeenCalled();
    expect(thrown(() => client.asyncOpenChannel(() => {}))).toEqual(coded('SESSION_CLOSED'));
    session.close();
  });

  it('give up a silent peer', () => {
    const onError = vi.fn();
    const { session } = open({
      server: { idleTimeoutMs: 150 },
      client: { pingPeriodMs: 10_000 },
      handlers: { onError },
    });
    until(() => onError.mock.calls.length > 0);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVER_IDLE_TIMEOUT'));
    session.close();
  });

  it('ping each other by the loop’s timers', () => {
    const onError = vi.fn();
    open({
      server: { idleTimeoutMs: 1000, pingPeriodMs: 50 },
      client: { idleTimeoutMs: 1000, pingPeriodMs: 50, onError },
      handlers: { onError },
    });
    const end = performance.now() + 1500;
    until(() => performance.now() > end);
    expect(onError).not.toHaveBeenCalled();
  });

  it('do not wait longer than they said for a channel, and live on', () => {
    const passive: AnyChannel[] = [];
    const { app, server } = startServer();
    let session: ServerSession<EpollWatch> | undefined;
    server.asyncAccept((_, result) => (session = keep(result!)));
    const client = newClient(app);
    client.asyncConnect(() => {});
    until(() => session && client.isPeer);
    // Without handlers the server's side does not answer yet.
    const several = [opening(client, 30), opening(client, 60)];
    until(() => several.every(settled));
    for (const { error } of several) expect(error).toEqual(coded('OPEN_CHANNEL_ACTIVE_TIMEOUT'));
    session!.initHandlers({ onPassiveOpen: (channel) => passive.push(channel) });
    const opened = opening(client, 5000);
    until(() => settled(opened));
    talk(opened.channel!, passive.pop()!);
    for (const channel of passive) channel.close();
  });
});

describe('before and after', () => {
  it('nothing works that should not', () => {
    const app = serverApp();
    const server = keep(new SessionServer<EpollWatch>({ server: app, clients: [CLI] }));
    expect(server.asyncStart(() => {})).toBe(false);
    expect(server.asyncAccept(() => {})).toBe(false);
    expect(server.replaceEventWaitHandles(loop.createHandle)).toBe(true);
    expect(server.startOps(loop.eventWait)).toBe(true);
    expect(server.startOps(loop.eventWait)).toBe(false);
    expect(server.replaceEventWaitHandles(loop.createHandle)).toBe(false);
    expect(server.asyncStart(() => {})).toBe(true);
    expect(server.asyncStart(() => {})).toBe(false);
    const client = new ClientSession<EpollWatch>({ client: CLI, server: app });
    expect(client.asyncConnect(() => {})).toBe(false);
    expect(client.asyncOpenChannel(() => {})).toBe(false);
    expect(client.asyncClose(() => {})).toBe(false);
    expect(client.channels).toEqual([]);
    expect(client.error).toBeUndefined();
    expect(thrown(() => client.peer)).toEqual(coded('NOT_CONNECTED'));
    client.replaceEventWaitHandles(loop.createHandle);
    client.startOps(loop.eventWait);
    expect(client.isPeer).toBe(false);
    expect(client.asyncConnect(() => {})).toBe(WOULD_BLOCK);
    expect(client.asyncConnect(() => {})).toBe(false);
    client.close();
    expect(client.asyncConnect(() => {})).toBe(false);
    server.close();
    expect(server.asyncAccept(() => {})).toBe(false);
    expect(server.asyncStart(() => {})).toBe(false);
  });

  it('close() calls no handler, whatever is under way', () => {
    const handler = vi.fn();
    const { app, server } = startServer();
    server.asyncAccept(handler);
    server.asyncAccept(handler);
    const silent = keep(NativeSocketStream.connect(`_libipc_sockStmAcc_${app.name}_${process.pid}_0_0`));
    until(() => server.counters.loggingIn === 1);
    const client = newClient(app, { onError: handler });
    expect(client.asyncConnect(handler)).toBe(WOULD_BLOCK);
    client.close();
    server.close();
    expect(server.counters.loggingIn).toBe(0);
    expect(loop.runOnce(20)).toBe(0);
    expect(handler).not.toHaveBeenCalled();
    silent.close();
    const pair = open({ client: { onError: handler }, handlers: { onError: handler } });
    pair.client.asyncOpenChannel(handler);
    pair.client.close();
    pair.session.close();
    expect(loop.runOnce(20)).toBe(0);
    expect(handler).not.toHaveBeenCalled();
  });

  it('a server that is not there is found missing at once, and the same object may try again', () => {
    const app = serverApp();
    const client = newClient(app);
    const handler = vi.fn();
    for (let i = 0; i < 3; i++)
      expect(thrown(() => client.asyncConnect(handler))).toEqual(coded('SERVER_NOT_RUNNING'));
    const { server } = startServer({ server: app });
    let session: ServerSession<EpollWatch> | undefined;
    server.asyncAccept((_, result) => (session = keep(result!)));
    expect(client.asyncConnect(handler)).toBe(WOULD_BLOCK);
    until(() => session && handler.mock.calls.length > 0);
    expect(handler.mock.calls).toEqual([[undefined, undefined]]);
  });

  it('a refusal is told to both, and the server goes on', () => {
    const { app, server } = startServer({ clients: [CLI, { ...CLI, name: 'other' }] });
    const refused: (FlowIpcError | undefined)[] = [];
    const sessions: ServerSession<EpollWatch>[] = [];
    for (let i = 0; i < 2; i++) {
      server.asyncAccept((error, session) => {
        if (session) sessions.push(keep(session));
        else refused.push(error);
      });
    }
    const told = vi.fn();
    newClient(app, { client: { ...CLI, name: 'other' } }).asyncConnect(told);
    until(() => refused.length > 0 && told.mock.calls.length > 0);
    expect(refused).toEqual([coded('CLIENT_APP_DISALLOWED_OR_UNKNOWN')]);
    expect(told).toHaveBeenCalledWith(
      expect.objectContaining({
        code: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED',
        cause: coded('CLIENT_APP_DISALLOWED_OR_UNKNOWN'),
      }),
      undefined,
    );
    const welcome = vi.fn();
    newClient(app).asyncConnect(welcome);
    until(() => sessions.length > 0 && welcome.mock.calls.length > 0);
    expect(welcome).toHaveBeenCalledWith(undefined, undefined);
    expect(server.counters).toEqual({ accepted: 1, refused: 1, loggingIn: 0 });
  });

  it('a client that hung up before it was accepted is told of by the loop, and the server goes on', () => {
    const { app, server } = startServer();
    const hangUp = () =>
      NativeSocketStream.connect(`_libipc_sockStmAcc_${app.name}_${process.pid}_0_0`).close();
    const refused: (FlowIpcError | undefined)[] = [];
    const sessions: ServerSession<EpollWatch>[] = [];
    const accept = () => {
      let returned = false;
      const result = server.asyncAccept((error, session) => {
        expect(returned).toBe(true);
        accept();
        if (session) sessions.push(keep(session));
        else refused.push(error);
      });
      returned = true;
      expect(result).toBe(WOULD_BLOCK);
    };
    // Two that the server takes before anybody asks for them, and one that is waited for.
    hangUp();
    hangUp();
    loop.runOnce();
    accept();
    until(() => refused.length === 2);
    hangUp();
    until(() => refused.length === 3);
    for (const error of refused) expect(error).toMatchObject({ code: 'ERR_FLOW_IPC_SYSTEM', errno: -32 });
    const welcome = vi.fn();
    newClient(app).asyncConnect(welcome);
    until(() => sessions.length > 0 && welcome.mock.calls.length > 0);
    expect(welcome).toHaveBeenCalledWith(undefined, undefined);
    expect(server.counters).toEqual({ accepted: 1, refused: 3, loggingIn: 0 });
  });

  it('close() keeps it silent that a client has hung up', () => {
    const { app, server } = startServer();
    NativeSocketStream.connect(`_libipc_sockStmAcc_${app.name}_${process.pid}_0_0`).close();
    loop.runOnce();
    const handler = vi.fn();
    expect(server.asyncAccept(handler)).toBe(WOULD_BLOCK);
    server.close();
    expect(loop.runOnce(20)).toBe(0);
    expect(handler).not.toHaveBeenCalled();
  });

  it('a server that hangs up before the hello refuses the log-in', () => {
    const { app, server } = startServer();
    const step = (message: unknown) => {
      if ((message as { step: string }).step === 'connected') server.close();
    };
    subscribe('flow-ipc:session:step', step);
    const error = thrown(() => newClient(app).asyncConnect(() => {}));
    unsubscribe('flow-ipc:session:step', step);
    expect(error).toEqual(coded('SESSION_LOG_IN_REFUSED'));
  });

  it("what a handler throws comes out of the loop's task, and the session goes on", () => {
    const { client, session } = open({ handlers: { onPassiveOpen: (channel) => channel.close() } });
    for (let i = 0; i < 2; i++) {
      client.asyncOpenChannel((_, channel) => {
        channel!.close();
        throw new Error('mine');
      });
      expect(thrown(() => until(() => false))).toEqual(new Error('mine'));
    }
    expect([client.error, session.error]).toEqual([undefined, undefined]);
    expect(client.counters.opened).toBe(2);
  });

  it('the guard of the file that somebody holds is waited for in the loop', () => {
    const app = serverApp();
    const guard = semOpen(guardName(app), 0o600, 1);
    expect(guard.tryWait()).toBe(true);
    const server = keep(new SessionServer<EpollWatch>({ server: app, clients: [CLI] }));
    server.replaceEventWaitHandles(loop.createHandle);
    server.startOps(loop.eventWait);
    const started = vi.fn();
    expect(server.asyncStart(started)).toBe(WOULD_BLOCK);
    // Who does not look whether it has started yet need not.
    let session: ServerSession<EpollWatch> | undefined;
    expect(server.asyncStart(started)).toBe(false);
    expect(server.asyncAccept((_, result) => (session = keep(result!)))).toBe(WOULD_BLOCK);
    for (let i = 0; i < 3; i++) expect(loop.runOnce(1000)).toBe(1);
    expect(started).not.toHaveBeenCalled();
    guard.post();
    guard.close();
    until(() => started.mock.calls.length > 0);
    expect(started).toHaveBeenCalledWith(undefined, undefined);
    expect(readFileSync(cnsPath(app), 'utf8')).toBe(`${process.pid}\n`);
    const connected = vi.fn();
    newClient(app).asyncConnect(connected);
    until(() => session && connected.mock.calls.length > 0);
    expect(connected).toHaveBeenCalledWith(undefined, undefined);
  });

  it('a start that fails late ends the accepts with it, and may be tried again', () => {
    const app = serverApp();
    const guard = semOpen(guardName(app), 0o600, 1);
    expect(guard.tryWait()).toBe(true);
    const server = keep(new SessionServer<EpollWatch>({ server: app, clients: [CLI] }));
    server.replaceEventWaitHandles(loop.createHandle);
    server.startOps(loop.eventWait);
    const started = vi.fn();
    const accepted = vi.fn();
    expect(server.asyncStart(started)).toBe(WOULD_BLOCK);
    expect(server.asyncAccept(accepted)).toBe(WOULD_BLOCK);
    // Another's file, or none that can be written to.
    mkdirSync(cnsPath(app));
    guard.post();
    until(() => started.mock.calls.length > 0);
    expect(started).toHaveBeenCalledWith(coded('SYSTEM'), undefined);
    expect(accepted).toHaveBeenCalledExactlyOnceWith(
      coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'),
      undefined,
    );
    expect(server.asyncAccept(accepted)).toBe(false);
    rmdirSync(cnsPath(app));
    expect(server.asyncStart(started)).toBe(true);
    guard.close();
  });
});

describe('with the asynchronous form at the other end', () => {
  it('a client', async () => {
    const app = serverApp();
    const server = keep(await PlainServer.create({ server: app, clients: [CLI] }));
    const accepted = server.accept({ initChannels: () => 1 });
    const passive: AnyChannel[] = [];
    const onError = vi.fn();
    const client = newClient(app, { onError, onPassiveOpen: (channel) => passive.push(channel) });
    const connected = vi.fn();
    expect(client.asyncConnect(connected)).toBe(WOULD_BLOCK);
    await soon(() => connected.mock.calls.length > 0);
    const session = keep(await accepted);
    session.initHandlers({ onPassiveOpen: (channel) => keep(channel) });
    const [mine, theirs] = [start(client.channels[0]!), session.channels[0]!];
    mine.sendBlob(Buffer.from('hello'));
    expect(Buffer.from(await theirs.receiveBlob()).toString()).toBe('hello');
    mine.close();
    theirs.close();
    const opened = opening(client);
    await soon(() => settled(opened));
    opened.channel!.close();
    const active = session.openChannel();
    await soon(() => passive.length > 0);
    (await active).close();
    passive[0]!.close();
    await session.close();
    await soon(() => onError.mock.calls.length > 0);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
  });

  it('a server', async () => {
    const { app, server } = startServer();
    let session: ServerSession<EpollWatch> | undefined;
    server.asyncAccept((_, result) => (session = keep(result!)));
    const onError = vi.fn();
    const connecting = PlainClient.connect({ client: CLI, server: app, channels: 1, onError });
    await soon(() => session);
    const client = keep(await connecting);
    session!.initHandlers({});
    const [mine, theirs] = [start(session!.channels[0]!), client.channels[0]!];
    theirs.sendBlob(Buffer.from('hello'));
    const target = Buffer.alloc(mine.maxBlobSize);
    const sizes: number[] = [];
    const size = mine.asyncReceiveBlob(target, (_, late) => sizes.push(late));
    if (typeof size === 'number') sizes.push(size);
    await soon(() => sizes.length > 0);
    expect(target.toString('utf8', 0, sizes[0])).toBe('hello');
    mine.close();
    theirs.close();
    const refused = client.openChannel().catch((err) => err);
    await soon(() => session!.counters.refused > 0);
    expect(await refused).toEqual(coded('REMOTE_PEER_REJECTED_PASSIVE_OPEN'));
    expect(session!.asyncClose(() => {})).toBe(true);
    await soon(() => onError.mock.calls.length > 0);
    expect(onError).toHaveBeenCalledWith(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
  });
});
