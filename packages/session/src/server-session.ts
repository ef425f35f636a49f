// Server_session: one client's session on the server's side; makes the channels whoever asks (features 137, 143-146).
import type { Channel } from '@flow-ipc/core';
import type { ClientApp } from './app.js';
import { OpenChannelResult } from './generated/session-master-channel.capnp.js';
import type { MasterMsgIn } from './master-channel.js';
import { NO_QUEUES, type ServerChannels, setQueueNames } from './server-channels.js';
import {
  checkOpenResult,
  type OpenChannelOptions,
  Session,
  type SessionHandlers,
  type SessionParts,
} from './session.js';
import type { SessionMemory } from './session-memory.js';
import type { Steps } from './steps.js';
import { writeMetadata } from './user-metadata.js';

export interface ServerSessionParts<M extends SessionMemory> extends SessionParts<M> {
  peerApp: ClientApp;
  maker: ServerChannels;
}

export class ServerSession<M extends SessionMemory = SessionMemory> extends Session<M> {
  readonly clientApp: ClientApp;
  readonly #maker: ServerChannels;
  #initialized = false;

  /** Made by a SessionServer. */
  constructor(parts: ServerSessionParts<M>) {
    super(parts);
    this.clientApp = parts.peerApp;
    this.#maker = parts.maker;
  }

  /**
   * Completes the session: before this, what the peer does waits and openChannel() throws. An error that came
   * meanwhile is told at once. False when called before.
   */
  initHandlers(handlers: SessionHandlers): boolean {
    if (this.#initialized) return false;
    this.#initialized = true;
    this.attach(handlers);
    if (!this.error)
      this.master.expectMsgs('openChannelToServerReq', (request) => this.#onOpenRequest(request));
    return true;
  }

  protected *open(options: OpenChannelOptions): Steps<Channel> {
    if (!this.#initialized) throw new Error('Call initHandlers() before openChannel()');
    const { channel, peerEnd, names } = this.#maker.make();
    try {
      using msg = this.master.createMsg();
      msg.nativeHandle = peerEnd;
      const body = msg.body.initOpenChannelToClientReq();
      setQueueNames(body, names);
      writeMetadata(body.initMetadata(), options.metadata);
      using response = yield* this.requestOpen(msg, options);
      checkOpenResult(response.body.openChannelToClientRsp.openChannelResult);
      return channel;
    } catch (err) {
      channel.close();
      throw err;
    }
  }

  #onOpenRequest(request: MasterMsgIn): void {
    using _ = request;
    using answer = this.master.createMsg();
    const body = answer.body.initOpenChannelToServerRsp();
    this.passiveOpen(
      () => {
        const { channel, peerEnd, names } = this.#maker.make();
        answer.nativeHandle = peerEnd;
        setQueueNames(body, names);
        return channel;
      },
      request.body.openChannelToServerReq.metadata,
      (result) => {
        if (result !== OpenChannelResult.accepted) setQueueNames(body, NO_QUEUES);
        body.openChannelResult = result;
        this.master.send(answer, request);
      },
    );
  }

  protected override ended(): void {
    super.ended();
    this.#maker.close();
  }
}
