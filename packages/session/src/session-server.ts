// Session_server: listens, checks who logs in, makes sessions (features 133-136, 154, 162).
import { setMaxListeners } from 'node:events';
import {
  abortedError,
  type Channel,
  FlowIpcError,
  fromNative,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  onAbort,
  ownProcessCredentials,
  TransportError,
} from '@flow-ipc/core';
import {
  type ClientApp,
  listenerName,
  permissionsLevelOf,
  type ServerApp,
  validateApp,
  validateServerApp,
} from './app.js';
import { type ChannelConfigOptions, channelConfig } from './channel-config.js';
import { writeCns } from './cns.js';
import { publish, publishStep } from './diagnostics.js';
import { type Drive, nodeDrive } from './drive.js';
import { SessionError } from './errors.js';
import { checkIdentity } from './identity.js';
import { checkLogIn } from './log-in-checks.js';
import { fillResponse } from './log-in-messages.js';
import {
  closed,
  Ending,
  type MasterChannel,
  type MasterMsgIn,
  masterChannel,
  response,
} from './master-channel.js';
import { sendRefusal } from './refusal.js';
import { ServerChannels, setQueueNames } from './server-channels.js';
import { ServerSession, type ServerSessionParts } from './server-session.js';
import { checkOpenResult, type LivenessOptions, OPEN_CHANNEL_TIMEOUT_MS } from './session.js';
import { heapProvider, type ServerMemoryProvider, type SessionMemory } from './session-memory.js';
import { sweepQueues } from './session-queues.js';
import { inPromise, promised, run, type Steps, until, type Wait } from './steps.js';
import { type MetadataWriter, type ReceivedMetadata, readMetadata } from './user-metadata.js';

export interface SessionServerOptions extends LivenessOptions, ChannelConfigOptions {
  server: ServerApp;
  /** Every client app there is; which of them may connect is the server app's allowedClients. */
  clients: readonly ClientApp[];
  /**
   * Most bytes of a message of the sessions' queues, where they use any; a POSIX queue takes what
   * /proc/sys/fs/mqueue/msgsize_max allows. @default 8192, or 512 in sessions with shared memory
   */
  queueMessageSize?: number;
}

/** A client that passed all checks, before it is answered. */
export interface LoggingIn {
  app: ClientApp;
  /** How many channels it asks for. */
  channels: number;
  metadata: ReceivedMetadata;
}

export interface AcceptOptions {
  /** How many channels the server opens along with a session, beside those the client asks for. @default 0 */
  initChannels?: (client: LoggingIn) => number;
  /** What the client is to know of us; it finds it in session.peerMetadata. */
  metadata?: (payload: Parameters<MetadataWriter>[0], client: LoggingIn) => void;
  /** How many channels a client may ask for; one that asks for more is refused. @default 256 */
  maxClientChannels?: number;
  signal?: AbortSignal;
}

export interface SessionsOptions extends AcceptOptions {
  /** Why a client was refused or lost during its log-in. */
  onRefused?: (error: FlowIpcError) => void;
}

/** What drives a server, and each of its sessions. */
export interface ServerDrives {
  readonly server: Drive;
  readonly newSession: () => Drive;
}

const nodeDrives: ServerDrives = { server: nodeDrive, newSession: () => nodeDrive };

/** How many clients may be in the midst of their log-in at once, by sessions(). */
const CONCURRENT_LOG_INS = 16;

export class SessionServer<
  M extends SessionMemory = SessionMemory,
  S extends ServerSession<M> = ServerSession<M>,
> implements AsyncDisposable
{
  readonly #options: SessionServerOptions;
  readonly #provider: ServerMemoryProvider<M>;
  readonly #make: (parts: ServerSessionParts<M>) => S;
  readonly #drives: ServerDrives;
  readonly #acceptor: NativeSocketStreamAcceptor;
  readonly #namespace = String(process.pid);
  #accepted = 0;
  #refused = 0;
  #loggingIn = 0;
  #lastClientNamespace = 0;

  /**
   * Becomes the server process that clients find: one per server app at a time, the latest wins.
   * Rejects with INVALID_ARGUMENT (a description that cannot be, or that is not this process's: another argv[0] or
   * script), RESOURCE_OWNER_UNEXPECTED (this process or the CNS file is another user's), RUN_DIR_UNSAFE, or SYSTEM (run directory missing or not writable, already a server in this process: EADDRINUSE).
   */
  static async create(options: SessionServerOptions): Promise<SessionServer> {
    const server = new SessionServer(options, heapProvider, (parts) => new ServerSession(parts));
    await server.announce();
    return server;
  }

  protected constructor(
    options: SessionServerOptions,
    provider: ServerMemoryProvider<M>,
    make: (parts: ServerSessionParts<M>) => S,
    drives = nodeDrives,
  ) {
    const { server, clients } = options;
    validateServerApp(server);
    for (const client of clients) validateApp(client, 'Client app');
    const own = ownProcessCredentials();
    if (own.uid !== server.uid || own.gid !== server.gid) {
      throw new FlowIpcError(
        SessionError.RESOURCE_OWNER_UNEXPECTED,
        `This process runs as ${own.uid}:${own.gid}, but server app '${server.name}' as ${server.uid}:${server.gid}`,
      );
    }
    checkIdentity(own, { ...server, descendantOfServer: false }, SessionError.INVALID_ARGUMENT, own.pid);
    this.#options = options;
    this.#provider = provider;
    this.#make = make;
    this.#drives = drives;
    this.#acceptor = new NativeSocketStreamAcceptor(
      listenerName(server, this.#namespace),
      drives.server.loop,
    );
  }

  /** Cleans up after dead predecessors and lets clients find us. We listen already: nobody finds a closed door. */
  protected announce(): Promise<void> {
    return inPromise(this.announcing());
  }

  /** announce(), whoever drives it. */
  protected *announcing(signal?: AbortSignal): Steps<void> {
    publishStep('server', 'listening');
    try {
      sweep(this.#options.server, this.#provider);
      yield* writeCns(this.#options.server, process.pid, { drive: this.#drives.server, signal });
      publishStep('server', 'announced');
      publish('flow-ipc:session:server-start', () => ({
        server: this.#options.server.name,
        pid: process.pid,
      }));
    } catch (err) {
      this.stop();
      throw fromNative(err, 'Cannot start the session server');
    }
  }

  /**
   * The next client's session. Any number may be pending. Rejects with the reason when a client is refused or
   * lost during its log-in: the server goes on, call again. Rejects with ERR_FLOW_IPC_ABORTED, or …ABORTED_COMPLETION_HANDLER after close().
   *
   * The session is complete only after initHandlers().
   */
  accept(options: AcceptOptions = {}): Promise<S> {
    return inPromise(this.accepting(options));
  }

  /** accept(), whoever drives it. */
  protected *accepting(options: AcceptOptions): Steps<S> {
    const stream = yield* until(connection(this.#acceptor, options));
    publishStep('server', 'accepted');
    this.#loggingIn++;
    try {
      return yield* this.#logIn(stream, options);
    } finally {
      this.#loggingIn--;
    }
  }

  /**
   * All clients' sessions as they log in, several at once, so that a slow one does not hold up the rest. A refused
   * or lost client is told to `onRefused` and otherwise passed over. Ends when the server is closed.
   */
  async *sessions(options: SessionsOptions = {}): AsyncGenerator<S, void, void> {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    // Every log-in under way listens: no leak, whatever Node would say.
    setMaxListeners(CONCURRENT_LOG_INS * 4, signal);
    const logIns = new Set<Promise<void>>();
    const ready: S[] = [];
    let over = false;
    const next = () => {
      const logIn: Promise<void> = this.accept({ ...options, signal })
        .then(
          (session) => void ready.push(session),
          (err: FlowIpcError) => {
            if (err.code === TransportError.CLOSED || err.code === TransportError.ABORTED) over = true;
            else options.onRefused?.(err);
          },
        )
        .then(() => void logIns.delete(logIn));
      logIns.add(logIn);
    };
    try {
      while (!over) {
        while (logIns.size < CONCURRENT_LOG_INS) next();
        await Promise.race(logIns);
        yield* ready.splice(0);
      }
    } finally {
      // Nobody takes what is still in the midst of its log-in: the loop was left, or the server is closed.
      stop.abort();
      void Promise.all(logIns).then(() => Promise.all(ready.map((session) => session.close())));
    }
  }

  /** Log-ins since the server started, by how they ended, and those under way. */
  get counters(): { accepted: number; refused: number; loggingIn: number } {
    return { accepted: this.#accepted, refused: this.#refused, loggingIn: this.#loggingIn };
  }

  /** Stops listening. Sessions go on; app-wide memory goes. Idempotent. */
  async close(): Promise<void> {
    this.stop();
  }

  /** close(), at once. */
  protected stop(): void {
    this.#acceptor.close();
    this.#provider.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  *#logIn(accepted: NativeSocketStream, options: AcceptOptions): Steps<S> {
    const drive = this.#drives.newSession();
    const stream = drivenBy(drive, accepted);
    let session: S | undefined;
    const ending = new Ending();
    const fail = (error: FlowIpcError) => {
      ending.tell(error);
      session?.lost(error);
    };
    const master = this.#greet(stream, drive, fail);
    const channels: Channel[] = [];
    let request: MasterMsgIn | undefined;
    let memory: M | undefined;
    let maker: ServerChannels | undefined;
    try {
      stream.autoPing(this.#options.pingPeriodMs);
      stream.idleTimerRun(this.#options.idleTimeoutMs);
      request = yield* until(logInRequest(master, ending, options.signal));
      publishStep('server', 'asked');
      const { server, clients } = this.#options;
      const config = channelConfig(this.#options);
      const rules = {
        server,
        clients,
        config,
        shmType: this.#provider.shmType,
        maxClientChannels: options.maxClientChannels ?? 256,
      };
      const logIn = request.body.logInReq;
      const peer = stream.remotePeerProcessCredentials;
      const clientApp = checkLogIn(logIn, peer, rules);
      const scope = {
        serverApp: server.name,
        serverNamespace: this.#namespace,
        clientApp: clientApp.name,
        clientNamespace: String(++this.#lastClientNamespace),
        permissionsLevel: permissionsLevelOf(server),
      };
      publishStep('server', 'checked');
      memory = this.#provider.open(scope);
      publishStep('server', 'memory-open');
      const byClient = logIn.numInitChannelsByCliReqNumber;
      const client = { app: clientApp, channels: byClient, metadata: readMetadata(logIn.metadata) };
      const byServer = options.initChannels?.(client) ?? 0;
      using response = master.createMsg();
      fillResponse(response.body.initLogInRsp(), scope.clientNamespace, byServer, (payload) =>
        options.metadata?.(payload, client),
      );
      master.send(response, request);
      publishStep('server', 'answered');
      const { queueMessageSize = this.#provider.queueMessageSize } = this.#options;
      maker = new ServerChannels(config, peer, scope, queueMessageSize);
      const answered = { drive, signal: options.signal };
      yield* openInitChannels(master, byClient + byServer, maker, channels, answered);
      publishStep('server', 'channels-sent');
      const setUp = memory.setUp?.({ role: 'server', master, fail });
      if (setUp) yield* until(promised(setUp));
      session = this.#make({
        role: 'server',
        master,
        drive,
        scope,
        memory,
        channels,
        maker,
        peerApp: clientApp,
        peerMetadata: client.metadata,
      });
      if (ending.error) session.lost(ending.error);
      this.#accepted++;
      return session;
    } catch (err) {
      this.#refuse(master, drive, request, err as FlowIpcError);
      memory?.close();
      maker?.close();
      for (const channel of channels) channel.close();
      throw err;
    } finally {
      request?.release();
    }
  }

  #greet(stream: NativeSocketStream, drive: Drive, fail: (error: FlowIpcError) => void): MasterChannel {
    try {
      return masterChannel(stream, 'server', fail);
    } catch (err) {
      // It hung up while it waited to be accepted.
      this.#countRefused(stream.remotePeerProcessCredentials.pid, err as FlowIpcError);
      drive.close();
      throw err;
    }
  }

  /** Hangs up; a client that understands is told why first. */
  #refuse(master: MasterChannel, drive: Drive, request: MasterMsgIn | undefined, error: FlowIpcError): void {
    this.#countRefused(master.ownedChannel.remotePeerProcessCredentials!.pid, error);
    const tell = !master.loggedIn && !master.error && request?.body.logInReq.understandsRefusal;
    if (tell) sendRefusal(master, request!, error);
    else master.close();
    // Nobody waits: a client that does not read is not waited for by the next one.
    run(until(closed(master, drive)), () => drive.close());
  }

  #countRefused(peerPid: number, error: FlowIpcError): void {
    this.#refused++;
    publish('flow-ipc:session:refused', () => ({ server: this.#options.server.name, peerPid, error }));
  }
}

/** Removes what servers of the app that live no more have left in the kernel. */
function sweep(app: ServerApp, provider: Pick<ServerMemoryProvider, 'sweep'>): void {
  const removed = [...sweepQueues(app), ...provider.sweep(app)];
  if (removed.length > 0) publish('flow-ipc:session:sweep', () => ({ server: app.name, removed }));
}

/** The next connection. */
function connection(
  acceptor: NativeSocketStreamAcceptor,
  options: { signal?: AbortSignal },
): Wait<NativeSocketStream> {
  return (done) => acceptor.onceAccepted((stream) => done(undefined, stream), done, options);
}

/** A connection that was just accepted, driven by what is to drive its session. */
function drivenBy({ loop }: Drive, accepted: NativeSocketStream): NativeSocketStream {
  if (loop === nodeDrive.loop) return accepted;
  return new NativeSocketStream(accepted.release(), { loop });
}

function logInRequest(
  master: MasterChannel,
  ending: Ending,
  signal: AbortSignal | undefined,
): Wait<MasterMsgIn> {
  return (done) => {
    if (signal?.aborted) throw abortedError(signal);
    let forgetEnding = () => {};
    const finish = (error: unknown, request?: MasterMsgIn) => {
      forgetEnding();
      forgetSignal();
      done(error, request);
    };
    const forgetSignal = onAbort(signal, finish);
    forgetEnding = ending.onEnd(finish);
    master.expectLogInRequest('logInReq', (request) => finish(undefined, request));
  };
}

/** All but the last are notifications; the answer to the last tells that all arrived. */
function* openInitChannels(
  master: MasterChannel,
  count: number,
  maker: ServerChannels,
  channels: Channel[],
  { drive, signal }: { drive: Drive; signal: AbortSignal | undefined },
): Steps<void> {
  for (let i = 1; i <= count; i++) {
    const { channel, peerEnd, names } = maker.make();
    channels.push(channel);
    using msg = master.createMsg();
    msg.nativeHandle = peerEnd;
    setQueueNames(msg.body.initOpenChannelToClientReq(), names);
    if (i < count) {
      master.send(msg);
      continue;
    }
    const patience = { timeoutMs: OPEN_CHANNEL_TIMEOUT_MS, signal };
    using answer = yield* until(response(master, msg, drive, patience));
    checkOpenResult(answer.body.openChannelToClientRsp.openChannelResult);
  }
}
