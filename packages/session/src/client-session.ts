// Client_session: finds the server, logs in, gets its channels (features 138-145).
import { abortedError, Channel, FlowIpcError } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { type ClientApp, permissionsLevelOf, type ServerApp, validateApp, validateServerApp } from './app.js';
import { type ChannelConfig, type ChannelConfigOptions, channelConfig } from './channel-config.js';
import { type NamesReader, takeChannel } from './client-channels.js';
import { readCns } from './cns.js';
import { publishStep } from './diagnostics.js';
import { SessionError } from './errors.js';
import { connectToServer, whyClosed } from './find-server.js';
import {
  SessionMasterChannelMessageBody as Body,
  OpenChannelResult,
} from './generated/session-master-channel.capnp.js';
import { fillRequest, readResponse } from './log-in-messages.js';
import { toldRefusal } from './refusal.js';
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
} from './session.js';
import { type ClientMemoryProvider, heapProvider, type SessionMemory } from './session-memory.js';

export interface ConnectOptions extends SessionHandlers, LivenessOptions, ChannelConfigOptions {
  client: ClientApp;
  server: ServerApp;
  /** How many channels to open along with the session. @default 0 */
  channels?: number;
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

  protected async open(options: OpenChannelOptions): Promise<Channel> {
    using msg = this.master.createMsg();
    msg.body.initOpenChannelToServerReq().initMetadata();
    using response = await this.requestOpen(msg, options);
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
  return withRetry(() => connectOnce(options, provider, make), options.retry, options.signal);
}

async function connectOnce<M extends SessionMemory, S extends ClientSession<M>>(
  options: ConnectOptions,
  provider: ClientMemoryProvider<M>,
  make: (parts: ClientSessionParts<M>) => S,
): Promise<S> {
  const { client, server, signal } = options;
  validateApp(client, 'Client app');
  validateServerApp(server);
  if (signal?.aborted) throw abortedError(signal);
  const { channels: wanted = 0 } = options;
  const config = channelConfig(options);
  const serverNamespace = await readCns(server);
  publishStep('client', 'found');
  const stream = connectToServer(server, serverNamespace);
  // Channels come as descriptors: a process that has none left is to refuse them, not to lose its session.
  stream.reserveDescriptor();
  publishStep('client', 'connected');
  let session: S | undefined;
  let lost: FlowIpcError | undefined;
  const fail = (error: FlowIpcError) => {
    lost ??= error;
    session?.lost(error);
  };
  const master: MasterChannel = new StructuredChannel(new Channel(stream), Body, {
    logIn: 'client',
    onError: fail,
  });
  const channels: Channel[] = [];
  let memory: M | undefined;
  try {
    stream.autoPing(options.pingPeriodMs);
    stream.idleTimerRun(options.idleTimeoutMs);
    using request = master.createMsg();
    const { shmType } = provider;
    fillRequest(request.body.initLogInReq(), { appName: client.name, shmType, config, channels: wanted });
    const answered = master.request(request, signal ? { signal } : {});
    publishStep('client', 'asked');
    using response = await answered.catch((err) => {
      throw whyClosed(err, client, server, serverNamespace);
    });
    if (response.which === 'logInRefusal') throw toldRefusal(response.body.logInRefusal);
    if (response.which !== 'logInRsp') throw unexpectedAnswer(response);
    const answer = readResponse(response.body.logInRsp);
    publishStep('client', 'answered');
    const { clientNamespace } = answer;
    const scope = {
      serverApp: server.name,
      serverNamespace,
      clientApp: client.name,
      clientNamespace,
      permissionsLevel: permissionsLevelOf(server),
    };
    await receiveInitChannels(
      master,
      answer.channels + wanted,
      (request) => takeChannel(request, request.body.openChannelToClientReq, config, scope),
      channels,
      signal,
    );
    publishStep('client', 'channels-received');
    memory = provider.open(scope);
    await memory.setUp?.({ role: 'client', master, fail });
    publishStep('client', 'memory-open');
    session = make({ role: 'client', master, scope, memory, channels, config, peerApp: server });
    session.begin(options);
    if (lost) session.lost(lost);
    return session;
  } catch (err) {
    master.close();
    memory?.close();
    for (const channel of channels) channel.close();
    throw err;
  }
}

/** The server opens them one by one and waits for an answer to the last. */
async function receiveInitChannels(
  master: MasterChannel,
  count: number,
  take: (request: MasterMsgIn) => Channel,
  channels: Channel[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (count === 0) return;
  for await (using request of master.messages('openChannelToClientReq', signal ? { signal } : {})) {
    channels.push(take(request));
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

function unexpectedAnswer(response: MasterMsgIn): FlowIpcError {
  return new FlowIpcError(SessionError.LOG_IN_RESPONSE_BAD, `The server answered with '${response.which}'`);
}
