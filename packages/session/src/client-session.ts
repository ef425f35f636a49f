// Client_session: finds the server, logs in, gets its channels (features 138-145).
import {
  abortedError,
  Channel,
  EAGAIN,
  ECONNREFUSED,
  FlowIpcError,
  NativeSocketStream,
  negotiate,
  ownProcessCredentials,
  PROTOCOL_VERSION,
  processInvokedAs,
  processRunning,
} from '@flow-ipc/core';
import { type MsgOut, StructuredChannel } from '@flow-ipc/structured';
import {
  type ClientApp,
  listenerName,
  permissionsLevelOf,
  type ServerApp,
  validateApp,
  validateServerApp,
} from './app.js';
import { readCns } from './cns.js';
import { SessionError } from './errors.js';
import { MqType } from './generated/common.capnp.js';
import {
  SessionMasterChannelMessageBody as Body,
  OpenChannelResult,
} from './generated/session-master-channel.capnp.js';
import { checkIdentity } from './identity.js';
import { guessedRefusal, toldRefusal } from './refusal.js';
import { type RetryOptions, withRetry } from './retry.js';
import {
  checkOpenResult,
  type LivenessOptions,
  type MasterChannel,
  type MasterMsgIn,
  type OpenChannelOptions,
  Session,
  type SessionHandlers,
  type SessionParts,
  takeChannel,
} from './session.js';
import { type ClientMemoryProvider, heapProvider, type SessionMemory } from './session-memory.js';

export interface ConnectOptions extends SessionHandlers, LivenessOptions {
  client: ClientApp;
  server: ServerApp;
  /** How many channels to open along with the session. @default 0 */
  channels?: number;
  /** Whether the session's channels carry descriptors; the server must say the same. @default true */
  handles?: boolean;
  /** Try again while there is no server, until `signal` says otherwise. A refusal is final. @default false */
  retry?: boolean | RetryOptions;
  signal?: AbortSignal;
}

export class ClientSession<M extends SessionMemory = SessionMemory> extends Session<M> {
  /**
   * Connects to the server process that last started under the app's name. One attempt, unless `retry` is given.
   * Rejects with SERVER_NOT_RUNNING, SERVER_BUSY, LOG_IN_REFUSED, RUN_DIR_UNSAFE, RESOURCE_OWNER_UNEXPECTED,
   * CNS_BAD_FORMAT, SERVER_INCONSISTENT_CREDS, LOG_IN_RESPONSE_BAD, ABORTED, or what the transport says.
   */
  static connect(options: ConnectOptions): Promise<ClientSession> {
    return connectSession(options, heapProvider, (parts) => new ClientSession(parts));
  }

  protected constructor(parts: SessionParts<M>) {
    super(parts);
  }

  protected async open(options: OpenChannelOptions): Promise<Channel> {
    using msg = this.master.createMsg();
    msg.body.initOpenChannelToServerReq().initMetadata();
    using response = await this.requestOpen(msg, options);
    if (response.which !== 'openChannelToServerRsp') throw unexpectedAnswer(response);
    checkOpenResult(response.body.openChannelToServerRsp.openChannelResult);
    return takeChannel(response, this.handles);
  }

  /** For connectSession(): from now on the session, not the log-in, hears of the master channel. */
  begin(handlers: SessionHandlers): void {
    this.attach(handlers);
    this.master.expectMsgs('openChannelToClientReq', (request) => this.#onOpenRequest(request));
  }

  #onOpenRequest(request: MasterMsgIn): void {
    using _ = request;
    this.passiveOpen(
      () => takeChannel(request, this.handles),
      (result) => answerOpen(this.master, request, result),
    );
  }
}

/** The log-in, for any kind of memory and session class. */
export function connectSession<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: SessionParts<M>) => S,
): Promise<S> {
  return withRetry(() => connectOnce(options, provider, make), options.retry, options.signal);
}

async function connectOnce<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: SessionParts<M>) => S,
): Promise<S> {
  const { client, server, signal } = options;
  validateApp(client, 'Client app');
  validateServerApp(server);
  if (signal?.aborted) throw abortedError(signal);
  const serverNamespace = await readCns(server);
  const stream = connectToServer(server, serverNamespace);
  let session: S | undefined;
  let lost: FlowIpcError | undefined;
  const master: MasterChannel = new StructuredChannel(new Channel(stream), Body, {
    logIn: 'client',
    onError: (error) => {
      lost = error;
      session?.lost(error);
    },
  });
  const channels: Channel[] = [];
  try {
    stream.autoPing(options.pingPeriodMs);
    stream.idleTimerRun(options.idleTimeoutMs);
    using request = master.createMsg();
    fillLogIn(request, options, provider.shmType);
    const answered = master.request(request, signal ? { signal } : {});
    using response = await answered.catch((err) => {
      throw whyClosed(err, client, server, serverNamespace);
    });
    if (response.which === 'logInRefusal') throw toldRefusal(response.body.logInRefusal);
    const { clientNamespace, count } = readLogInResponse(response);
    await receiveInitChannels(
      master,
      count + (options.channels ?? 0),
      options.handles ?? true,
      channels,
      signal,
    );
    const scope = {
      serverApp: server.name,
      serverNamespace,
      clientApp: client.name,
      clientNamespace,
      permissionsLevel: permissionsLevelOf(server),
    };
    const memory = provider.open(scope);
    session = make({
      role: 'client',
      master,
      scope,
      memory,
      channels,
      handles: options.handles ?? true,
      peerApp: server,
    });
    session.begin(options);
    if (lost) session.lost(lost);
    return session;
  } catch (err) {
    master.close();
    for (const channel of channels) channel.close();
    throw err;
  }
}

/** Connected to the process that the CNS file names, which must be what the server app says (C++ does not look). */
function connectToServer(server: ServerApp, pid: string): NativeSocketStream {
  const stream = connectToListener(server, pid);
  try {
    const peer = stream.remotePeerProcessCredentials;
    if (peer.pid !== Number(pid)) {
      throw new FlowIpcError(
        SessionError.SERVER_INCONSISTENT_CREDS,
        `Process ${peer.pid} listens where server '${server.name}', process ${pid}, should`,
      );
    }
    checkIdentity(peer, server, SessionError.SERVER_INCONSISTENT_CREDS, peer.pid);
    return stream;
  } catch (err) {
    stream.close();
    throw err;
  }
}

function connectToListener(server: ServerApp, pid: string): NativeSocketStream {
  try {
    return NativeSocketStream.connect(listenerName(server, pid));
  } catch (err) {
    const { errno } = err as FlowIpcError;
    if (errno === EAGAIN) {
      throw new FlowIpcError(
        SessionError.SERVER_BUSY,
        `Server '${server.name}' has more connections waiting than it takes`,
        { cause: err },
      );
    }
    if (errno !== ECONNREFUSED) throw err;
    const alive = processRunning(Number(pid)) ? 'which runs but does not listen' : 'which is gone';
    throw notRunning(server, pid, alive, err);
  }
}

const notRunning = (server: ServerApp, pid: string, state: string, cause: unknown): FlowIpcError =>
  new FlowIpcError(
    SessionError.SERVER_NOT_RUNNING,
    `No server '${server.name}' is running: the last one was process ${pid}, ${state}. Start it and try again`,
    { cause },
  );

function fillLogIn(request: MsgOut<typeof Body>, options: ConnectOptions, shmType: number): void {
  const own = ownProcessCredentials();
  const logIn = request.body.initLogInReq();
  // In the order of allocation of the C++ client.
  logIn.initMetadata();
  const negotiation = logIn.initProtocolNegotiationToServer();
  negotiation.maxProtoVer = PROTOCOL_VERSION;
  negotiation.maxProtoVerAux = PROTOCOL_VERSION;
  logIn.mqTypeOrNone = MqType.none;
  logIn.nativeHandleTransmissionEnabled = options.handles ?? true;
  logIn.shmTypeOrNone = shmType as typeof logIn.shmTypeOrNone;
  const credentials = logIn.initClaimedOwnProcessCredentials();
  credentials.processId = own.pid;
  credentials.userId = own.uid;
  credentials.groupId = own.gid;
  const app = logIn.initOwnApp();
  app.name = options.client.name;
  logIn.numInitChannelsByCliReq = options.channels ?? 0;
  logIn.understandsRefusal = true;
}

function readLogInResponse(response: MasterMsgIn): { clientNamespace: string; count: number } {
  try {
    if (response.which !== 'logInRsp') throw unexpectedAnswer(response);
    const answer = response.body.logInRsp;
    negotiate(answer.protocolNegotiationToClient.maxProtoVer, 'Session');
    negotiate(answer.protocolNegotiationToClient.maxProtoVerAux, 'Session, shared memory');
    const { clientNamespace } = answer;
    if (!/^[0-9]+$/.test(clientNamespace))
      throw new Error(`client namespace ${JSON.stringify(clientNamespace)}`);
    return { clientNamespace, count: answer.numInitChannelsBySrvReqNumber };
  } catch (err) {
    throw new FlowIpcError(
      SessionError.LOG_IN_RESPONSE_BAD,
      "The server's answer to the log-in makes no sense",
      { cause: err },
    );
  }
}

/** The server opens them one by one and waits for an answer to the last. */
async function receiveInitChannels(
  master: MasterChannel,
  count: number,
  handles: boolean,
  channels: Channel[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (count === 0) return;
  for await (using request of master.messages('openChannelToClientReq', signal ? { signal } : {})) {
    channels.push(takeChannel(request, handles));
    if (channels.length < count) continue;
    answerOpen(master, request, OpenChannelResult.accepted);
    return;
  }
  throw new FlowIpcError(
    SessionError.LOG_IN_REFUSED,
    'The server ended the session before all channels were open',
  );
}

function answerOpen(master: MasterChannel, request: MasterMsgIn, result: OpenChannelResult): void {
  using answer = master.createMsg();
  answer.body.initOpenChannelToClientRsp().openChannelResult = result;
  master.send(answer, request);
}

/** The connection ended before the answer: the server died, or refuses without a word as C++ servers do. */
function whyClosed(err: FlowIpcError, client: ClientApp, server: ServerApp, pid: string): FlowIpcError {
  if (!processRunning(Number(pid))) {
    return notRunning(server, pid, 'which died during the log-in', err);
  }
  return guessedRefusal(err, client, guessWhy(client));
}

function guessWhy(client: ClientApp): string {
  const own = ownProcessCredentials();
  const argv0 = processInvokedAs(own.pid);
  if (argv0 !== client.execPath) {
    return `: this process was started as '${argv0}', but client app '${client.name}' has execPath '${client.execPath}'`;
  }
  if (own.uid !== client.uid || own.gid !== client.gid) {
    return `: this process runs as ${own.uid}:${own.gid}, but client app '${client.name}' as ${client.uid}:${client.gid}`;
  }
  return '';
}

function unexpectedAnswer(response: MasterMsgIn): FlowIpcError {
  return new FlowIpcError(SessionError.LOG_IN_RESPONSE_BAD, `The server answered with '${response.which}'`);
}
