// Client_session: finds the server, logs in, gets its channels (features 138-145).
import {
  abortedError,
  type Channel,
  FlowIpcError,
  type NativeSocketStream,
  onAbort,
  TransportError,
} from '@flow-ipc/core';
import { type ClientApp, permissionsLevelOf, type ServerApp, validateApp, validateServerApp } from './app.js';
import { type ChannelConfig, type ChannelConfigOptions, channelConfig } from './channel-config.js';
import { type NamesReader, takeChannel } from './client-channels.js';
import { readCns } from './cns.js';
import { publishStep } from './diagnostics.js';
import { type Drive, nodeDrive } from './drive.js';
import { SessionError } from './errors.js';
import { connectToServer, whyClosed } from './find-server.js';
import { OpenChannelResult } from './generated/session-master-channel.capnp.js';
import { fillRequest, readResponse } from './log-in-messages.js';
import {
  Ending,
  type MasterChannel,
  type MasterMsgIn,
  type MasterMsgOut,
  masterChannel,
  response,
} from './master-channel.js';
import { toldRefusal } from './refusal.js';
import { type RetryOptions, withRetry } from './retry.js';
import {
  checkOpenResult,
  type LivenessOptions,
  type OpenChannelOptions,
  Session,
  type SessionHandlers,
  type SessionParts,
} from './session.js';
import { type ClientMemoryProvider, heapProvider, type SessionMemory } from './session-memory.js';
import { inPromise, promised, type Steps, until, type Wait } from './steps.js';
import { type MetadataWriter, writeMetadata } from './user-metadata.js';

export interface ConnectOptions extends SessionHandlers, LivenessOptions, ChannelConfigOptions {
  client: ClientApp;
  server: ServerApp;
  /** How many channels to open along with the session. @default 0 */
  channels?: number;
  /** What the server is to know of us; it finds it in session.peerMetadata. */
  metadata?: MetadataWriter;
  /** Try again while there is no server, until `signal` says otherwise. A refusal is final. @default false */
  retry?: boolean | RetryOptions;
  signal?: AbortSignal;
}

export interface ClientSessionParts<M extends SessionMemory> extends SessionParts<M> {
  config: ChannelConfig;
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

  readonly #config: ChannelConfig;

  protected constructor(parts: ClientSessionParts<M>) {
    super(parts);
    this.#config = parts.config;
  }

  protected *open(options: OpenChannelOptions): Steps<Channel> {
    using msg = this.master.createMsg();
    writeMetadata(msg.body.initOpenChannelToServerReq().initMetadata(), options.metadata);
    using response = yield* this.requestOpen(msg, options);
    if (response.which !== 'openChannelToServerRsp') throw unexpectedAnswer(response);
    checkOpenResult(response.body.openChannelToServerRsp.openChannelResult);
    return this.#take(response, response.body.openChannelToServerRsp);
  }

  /** For connectSession(): from now on the session, not the log-in, hears of the master channel. */
  begin(handlers: SessionHandlers): void {
    this.attach(handlers);
    this.master.expectMsgs('openChannelToClientReq', (request) => this.#onOpenRequest(request));
  }

  #onOpenRequest(request: MasterMsgIn): void {
    using _ = request;
    this.passiveOpen(
      () => this.#take(request, request.body.openChannelToClientReq),
      request.body.openChannelToClientReq.metadata,
      (result) => answerOpen(this.master, request, result),
    );
  }

  #take(message: MasterMsgIn, body: NamesReader): Channel {
    return takeChannel(message, body, this.#config, this.scope);
  }
}

/** The log-in, for any kind of memory and session class. */
export function connectSession<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: ClientSessionParts<M>) => S,
): Promise<S> {
  const attempt = () => inPromise(connecting(options, provider, make, nodeDrive));
  return withRetry(attempt, options.retry, options.signal);
}

/** One attempt, whoever drives it. The drive is closed by the session's owner, or here when there is no session. */
export function* connecting<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: ClientSessionParts<M>) => S,
  drive: Drive,
): Steps<S> {
  try {
    return yield* logIn(options, provider, make, drive);
  } catch (err) {
    drive.close();
    throw err;
  }
}

function* logIn<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: ClientSessionParts<M>) => S,
  drive: Drive,
): Steps<S> {
  const { client, server, signal } = options;
  validateApp(client, 'Client app');
  validateServerApp(server);
  if (signal?.aborted) throw abortedError(signal);
  const { channels: wanted = 0 } = options;
  const config = channelConfig(options);
  const serverNamespace = yield* readCns(server, { drive, signal });
  publishStep('client', 'found');
  const stream = connectToServer(server, serverNamespace, drive.loop);
  // Channels come as descriptors: a process that has none left is to refuse them, not to lose its session.
  stream.reserveDescriptor();
  publishStep('client', 'connected');
  let session: S | undefined;
  const ending = new Ending();
  const fail = (error: FlowIpcError) => {
    ending.tell(error);
    session?.lost(error);
  };
  const master = greet(stream, fail, options, serverNamespace);
  const channels: Channel[] = [];
  let memory: M | undefined;
  try {
    stream.autoPing(options.pingPeriodMs);
    stream.idleTimerRun(options.idleTimeoutMs);
    using request = master.createMsg();
    const { shmType } = provider;
    fillRequest(request.body.initLogInReq(), {
      appName: client.name,
      shmType,
      config,
      channels: wanted,
      metadata: options.metadata,
    });
    using answered = yield* askToLogIn(master, request, drive, options, serverNamespace);
    if (answered.which === 'logInRefusal') throw toldRefusal(answered.body.logInRefusal);
    if (answered.which !== 'logInRsp') throw unexpectedAnswer(answered);
    const answer = readResponse(answered.body.logInRsp);
    publishStep('client', 'answered');
    const { clientNamespace } = answer;
    const scope = {
      serverApp: server.name,
      serverNamespace,
      clientApp: client.name,
      clientNamespace,
      permissionsLevel: permissionsLevelOf(server),
    };
    const take = (request: MasterMsgIn) =>
      channels.push(takeChannel(request, request.body.openChannelToClientReq, config, scope));
    yield* until(initChannels(master, answer.channels + wanted, take, ending, signal));
    publishStep('client', 'channels-received');
    memory = provider.open(scope);
    const setUp = memory.setUp?.({ role: 'client', master, fail });
    if (setUp) yield* until(promised(setUp));
    publishStep('client', 'memory-open');
    session = make({
      role: 'client',
      master,
      drive,
      scope,
      memory,
      channels,
      config,
      peerApp: server,
      peerMetadata: answer.metadata,
    });
    session.begin(options);
    if (ending.error) session.lost(ending.error);
    return session;
  } catch (err) {
    master.close();
    memory?.close();
    for (const channel of channels) channel.close();
    throw err;
  }
}

function greet(
  stream: NativeSocketStream,
  fail: (error: FlowIpcError) => void,
  { client, server }: ConnectOptions,
  serverNamespace: string,
): MasterChannel {
  try {
    return masterChannel(stream, 'client', fail);
  } catch (err) {
    throw whyClosed(err as FlowIpcError, client, server, serverNamespace);
  }
}

function* askToLogIn(
  master: MasterChannel,
  request: MasterMsgOut,
  drive: Drive,
  { client, server, signal }: ConnectOptions,
  serverNamespace: string,
): Steps<MasterMsgIn> {
  const ask = response(master, request, drive, { signal });
  try {
    return yield* until<MasterMsgIn>((done) => {
      ask(done);
      publishStep('client', 'asked');
    });
  } catch (err) {
    throw whyClosed(err as FlowIpcError, client, server, serverNamespace);
  }
}

/** The server opens them one by one and waits for an answer to the last. */
function initChannels(
  master: MasterChannel,
  count: number,
  take: (request: MasterMsgIn) => number,
  ending: Ending,
  signal: AbortSignal | undefined,
): Wait<void> {
  return (done) => {
    if (count === 0) {
      done(undefined);
      return;
    }
    let over = false;
    let forgetEnding = () => {};
    let forgetSignal = () => {};
    const finish = (error?: unknown) => {
      if (over) return;
      over = true;
      forgetEnding();
      forgetSignal();
      // More come later, for the session.
      master.undoExpectMsgs('openChannelToClientReq');
      done(error);
    };
    master.expectMsgs('openChannelToClientReq', (request) => {
      using _ = request;
      try {
        if (take(request) < count) return;
        answerOpen(master, request, OpenChannelResult.accepted);
      } catch (err) {
        finish(err);
        return;
      }
      finish();
    });
    if (over) return;
    forgetEnding = ending.onEnd((error) => finish(endedEarly(error)));
    forgetSignal = onAbort(signal, finish);
  };
}

/** As an orderly end says nothing about why. */
function endedEarly(error: FlowIpcError): FlowIpcError {
  if (error.code !== TransportError.RECEIVES_FINISHED) return error;
  const what = 'The server ended the session before all channels were open';
  return new FlowIpcError(SessionError.LOG_IN_REFUSED, what, { cause: error });
}

function answerOpen(master: MasterChannel, request: MasterMsgIn, result: OpenChannelResult): void {
  using answer = master.createMsg();
  answer.body.initOpenChannelToClientRsp().openChannelResult = result;
  master.send(answer, request);
}

function unexpectedAnswer(response: MasterMsgIn): FlowIpcError {
  return new FlowIpcError(SessionError.LOG_IN_RESPONSE_BAD, `The server answered with '${response.which}'`);
}
