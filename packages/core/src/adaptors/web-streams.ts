// A channel of blobs as a pair of web streams.
import { ReadableStream, WritableStream } from 'node:stream/web';
import type { Channel } from '../channel.js';
import { type FlowIpcError, TransportError } from '../util/errors.js';
import { type StreamAdaptorOptions, sendInPieces } from './duplex.js';

export interface WebStreams {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
}

/**
 * Both directions of a channel, which they own: it is closed once both have ended, or at once when either fails, is
 * cancelled or aborted. A chunk is a message, or, in mode 'bytes', as many as it needs. Writing waits until the
 * channel's queue has drained; nothing is received while nobody reads (beyond the channel's receiveHighWaterMark).
 * Closing the writer ends sending in order; the peer's orderly end closes the readable.
 */
export function toWebStreams(
  channel: Channel<'blobs'>,
  { mode = 'bytes' }: Pick<StreamAdaptorOptions, 'mode'> = {},
): WebStreams {
  let open = 2;
  const oneDone = () => {
    if (--open === 0) channel.close();
  };
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          controller.enqueue(await channel.receiveBlob());
        } catch (err) {
          if ((err as FlowIpcError).code !== TransportError.RECEIVES_FINISHED) {
            channel.close();
            throw err;
          }
          controller.close();
          oneDone();
        }
      },
      cancel: () => channel.close(),
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      if (mode === 'messages') channel.sendBlob(chunk);
      else sendInPieces(channel, chunk);
      if (channel.queuedBytes > 0) await channel.drained();
    },
    async close() {
      await channel.endSending();
      oneDone();
    },
    abort: () => channel.close(),
  });
  return { readable, writable };
}
