// A channel of blobs as a Node stream.
import { Duplex } from 'node:stream';
import type { Channel } from '../channel.js';
import { type FlowIpcError, TransportError } from '../util/errors.js';

export interface StreamAdaptorOptions {
  /**
   * 'messages': a chunk is a message, 1 to maxBlobSize bytes, and boundaries are kept. 'bytes': a stream of bytes without
   * boundaries; longer chunks are cut, empty ones are passed over. @default 'bytes'
   */
  mode?: 'messages' | 'bytes';
  /**
   * Before the stream asks its writer to wait: in messages of which the last has left, or in bytes. What the kernel took
   * does not count. @default 16 messages, 64 KiB
   */
  highWaterMark?: number;
}

/**
 * A Duplex that owns the channel. Back-pressure goes both ways: write() is done when the channel's queue has drained, and
 * nothing is received while nobody reads (beyond the channel's receiveHighWaterMark). end() ends sending in order, and the
 * peer's orderly end is the end of reading; a channel lost otherwise destroys the stream with its error. destroy() closes
 * the channel. Descriptors cannot travel: one that comes is BLOB_RECEIVER_GOT_NON_BLOB.
 */
export function toDuplex(channel: Channel<'blobs'>, options: StreamAdaptorOptions = {}): Duplex {
  const messages = options.mode === 'messages';
  const highWaterMark = options.highWaterMark ?? (messages ? 16 : 64 * 1024);
  const stream = new Duplex({
    readableObjectMode: messages,
    writableObjectMode: messages,
    readableHighWaterMark: highWaterMark,
    writableHighWaterMark: highWaterMark,
    decodeStrings: true,
    read() {
      channel.receiveBlob().then(
        (blob) => this.push(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)),
        (err: FlowIpcError) => {
          if (err.code === TransportError.RECEIVES_FINISHED) this.push(null);
          else this.destroy(err);
        },
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      attempt(done, () => {
        if (messages) channel.sendBlob(chunk);
        else sendInPieces(channel, chunk);
        whenDrained(channel, done);
      });
    },
    writev(chunks, done) {
      attempt(done, () => {
        for (const { chunk } of chunks) {
          if (messages) channel.sendBlob(chunk);
          else sendInPieces(channel, chunk);
        }
        whenDrained(channel, done);
      });
    },
    final(done) {
      channel.endSending().then(() => done(), done);
    },
    destroy(err, done) {
      channel.close();
      done(err);
    },
  });
  return stream;
}

type Done = (error?: Error | null) => void;

function attempt(done: Done, action: () => void): void {
  try {
    action();
  } catch (err) {
    done(err as Error);
  }
}

function whenDrained(channel: Channel<'blobs'>, done: Done): void {
  if (channel.queuedBytes === 0) done();
  else channel.drained().then(() => done(), done);
}

/** As many messages as the bytes need. */
export function sendInPieces(channel: Channel<'blobs'>, bytes: Uint8Array): void {
  const size = channel.maxBlobSize;
  for (let at = 0; at < bytes.length; at += size) channel.sendBlob(bytes.subarray(at, at + size));
}
