// Which pipe of a channel carries what (feature 110).
import {
  type AnyChannel,
  FlowIpcError,
  type ReceiverPipe,
  type SenderPipe,
  TransportError,
} from '@flow-ipc/core';
import type { PipeContents } from './pipe-reader.js';

export interface Route {
  pipe: ReceiverPipe;
  contents: PipeContents;
}

/**
 * One pipe carries everything. Of two, one carries the messages with a descriptor, all segments of them, and the
 * other one the rest.
 */
export class Routes {
  /** Handles pipe first: the order in which a channel says hello. */
  readonly out: readonly SenderPipe[];
  readonly in: readonly Route[];
  /** For messages with a descriptor; undefined when none may be sent. */
  readonly handlesOut: SenderPipe | undefined;
  readonly plainOut: SenderPipe;
  /** Most bytes of a segment: what fits whichever pipe the message will take. */
  readonly maxBlobSize: number;

  constructor(channel: AnyChannel) {
    const { handleSender, handleReceiver, blobSender, blobReceiver } = channel;
    this.out = [handleSender, blobSender].filter((pipe) => pipe !== undefined);
    if (this.out.some((pipe) => pipe.maxSendSize === 0))
      throw new FlowIpcError(TransportError.INVALID_ARGUMENT, 'The channel is not connected yet');
    this.handlesOut = handleSender;
    this.plainOut = blobSender ?? handleSender!;
    this.maxBlobSize = Math.min(...this.out.map((pipe) => pipe.maxSendSize));
    const routes: Route[] = [];
    if (handleReceiver) routes.push({ pipe: handleReceiver, contents: blobReceiver ? 'handles' : 'any' });
    if (blobReceiver) routes.push({ pipe: blobReceiver, contents: 'blobs' });
    this.in = routes;
  }
}
