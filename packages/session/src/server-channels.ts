// How a server makes channels: a socket pair, queues, or both; one half of each is for the client (features 128, 146).
import {
  Channel,
  FlowIpcError,
  NativeHandle,
  NativeSocketStream,
  type ProcessCredentials,
} from '@flow-ipc/core';
import { closeFd, dupFd } from '@flow-ipc/native';
import { type ChannelConfig, needsSocket } from './channel-config.js';
import { SessionError } from './errors.js';
import type { SessionScope } from './session-memory.js';
import { type QueueNames, ServerQueues } from './session-queues.js';

/** A new channel, and what the client needs to open its end. */
export interface MadeChannel {
  channel: Channel;
  /** The client's end of the socket, where there is one. */
  peerEnd: NativeHandle | null;
  /** Empty without queues, but set all the same, as the C++ does. */
  names: QueueNames;
}

/** What is said where there are no queues. */
export const NO_QUEUES: QueueNames = { clientToServer: '', serverToClient: '' };

export class ServerChannels {
  readonly #config: ChannelConfig;
  readonly #peer: ProcessCredentials;
  readonly #queues: ServerQueues | undefined;

  constructor(config: ChannelConfig, peer: ProcessCredentials, scope: SessionScope, maxMsgSize: number) {
    this.#config = config;
    this.#peer = peer;
    if (config.queues) this.#queues = new ServerQueues(scope, config.queues, maxMsgSize);
  }

  /** RESOURCE_UNAVAILABLE when there are no descriptors or queues left. */
  make(): MadeChannel {
    try {
      const { handles } = this.#config;
      if (!this.#queues) {
        const { stream, peerEnd } = this.#makeSocket();
        return { channel: new Channel(stream, { handles }), peerEnd, names: NO_QUEUES };
      }
      const socket = needsSocket(this.#config) ? this.#makeSocket() : undefined;
      try {
        const { names, pipes } = this.#queues.make();
        if (!socket) return { channel: new Channel({ blobs: pipes }), peerEnd: null, names };
        const { stream, peerEnd } = socket;
        const channel = new Channel({ blobs: pipes, handles: { sender: stream, receiver: stream } });
        return { channel, peerEnd, names };
      } catch (err) {
        socket?.stream.close();
        socket?.peerEnd.close();
        throw err;
      }
    } catch (err) {
      throw new FlowIpcError(SessionError.RESOURCE_UNAVAILABLE, 'Cannot make a channel', { cause: err });
    }
  }

  close(): void {
    this.#queues?.close();
  }

  #makeSocket(): { stream: NativeSocketStream; peerEnd: NativeHandle } {
    const [ours, theirs] = NativeSocketStream.pair();
    const peerEnd = new NativeHandle(theirs);
    let stream: NativeSocketStream | undefined;
    try {
      stream = new NativeSocketStream(ours);
      // Sending may have to duplicate it: better to find out now that there is no room than in the midst of a message.
      closeFd(dupFd(theirs));
      // The kernel names the maker of the pair, which is us.
      stream.remotePeerProcessCredentials = this.#peer;
      return { stream, peerEnd };
    } catch (err) {
      stream?.close();
      peerEnd.close();
      throw err;
    }
  }
}

/** Puts the queues' names into a message. */
export function setQueueNames(
  body: { clientToServerMqAbsNameOrEmpty: string; serverToClientMqAbsNameOrEmpty: string },
  names: QueueNames,
): void {
  body.clientToServerMqAbsNameOrEmpty = names.clientToServer;
  body.serverToClientMqAbsNameOrEmpty = names.serverToClient;
}
