// What the suite asks of one end of a connection: a Channel has it, and any other form can be given it.
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import type { Channel as SyncIoChannel } from '../sync-io/channel.js';
import type { EventWaitFunc, EventWaitHandle } from '../sync-io/event-wait.js';
import type { Received } from '../sync-io/receiver.js';
import { WOULD_BLOCK } from '../sync-io/would-block.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import type { NativeHandle } from '../util/native-handle.js';

export interface End {
  readonly maxBlobSize: number;
  readonly queuedBytes: number;
  sendBlob(blob: Uint8Array): unknown;
  sendNativeHandle(handle: NativeHandle, blob: Uint8Array | null): unknown;
  /** The next blob. */
  receiveBlob(): Promise<Uint8Array>;
  /** The next message of the pipe for descriptors. */
  receive(): Promise<{ blob: Uint8Array; handle: NativeHandle | null }>;
  /** Settles when the kernel has everything and the end marker. */
  endSending(): Promise<void>;
  drained(): Promise<void>;
  autoPing(periodMs: number): boolean;
  idleTimerRun(timeoutMs: number): boolean;
  close(): void;
}

/** A watched descriptor, as the sync_io pattern sees it. */
class UvHandle implements EventWaitHandle {
  readonly fd: number;
  readonly watch: ReturnType<typeof uvEventLoop.watch>;

  constructor(fd: number) {
    this.fd = fd;
    this.watch = uvEventLoop.watch(fd);
  }

  close(): void {
    this.watch.close();
  }
}

/**
 * A channel in sync_io form, not started, as an End: its waits are put to this thread's event loop, and its receives
 * become promises, one at a time.
 */
export function syncIoEnd(channel: SyncIoChannel<'blobs' | 'handles' | 'credentials', EventWaitHandle>): End {
  const eventWait: EventWaitFunc = (handle, direction, task) =>
    (handle as UvHandle).watch.wait(direction, task);
  channel.replaceEventWaitHandles((fd) => new UvHandle(fd));
  channel.startSendOps(eventWait);
  channel.startReceiveOps(eventWait);
  const target = new Uint8Array(Math.max(70_000, channel.maxBlobSize));
  const closers = new Set<(error: FlowIpcError) => void>();
  let closed = false;
  const closedError = () => new FlowIpcError(TransportError.CLOSED, 'The end was closed');
  // The pattern itself never says that an object was closed; a promise must.
  const pending = <T>(start: (done: (error: unknown, value?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(closedError());
        return;
      }
      closers.add(reject);
      start((error, value) => {
        closers.delete(reject);
        if (error) reject(error);
        else resolve(value as T);
      });
    });
  const accepted = (ok: boolean) => {
    if (!ok) throw new Error('The call was refused');
  };
  let previous: Promise<unknown> = Promise.resolve();
  /** One receive may be outstanding, so they queue up. */
  const inTurn = <T>(receive: () => Promise<T>): Promise<T> => {
    const next = previous.then(receive, receive);
    previous = next.catch(() => {});
    return next;
  };
  const messageOf = ({ size, handle }: Received) => ({ blob: target.slice(0, size), handle });
  return {
    get maxBlobSize() {
      return channel.maxBlobSize;
    },
    get queuedBytes() {
      return channel.queuedBytes;
    },
    sendBlob: (blob) => accepted(channel.sendBlob(blob)),
    sendNativeHandle: (handle, blob) => accepted(channel.sendNativeHandle(handle, blob)),
    receiveBlob: () =>
      inTurn(() =>
        pending((done) => {
          const result = channel.asyncReceiveBlob(target, (error, size) =>
            done(error, target.slice(0, size)),
          );
          if (result === false) throw new Error('The receive was refused');
          if (result !== WOULD_BLOCK) done(undefined, target.slice(0, result));
        }),
      ),
    receive: () =>
      inTurn(() =>
        pending((done) => {
          const result = channel.asyncReceiveNativeHandle(target, (error, received) =>
            done(error, messageOf(received)),
          );
          if (result === false) throw new Error('The receive was refused');
          if (result !== WOULD_BLOCK) done(undefined, messageOf(result));
        }),
      ),
    endSending: () =>
      pending((done) => {
        if (channel.asyncEndSending(done) !== WOULD_BLOCK) done(undefined);
      }),
    drained: async () => {
      while (channel.queuedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    autoPing: (periodMs) => channel.autoPing(periodMs),
    idleTimerRun: (timeoutMs) => channel.idleTimerRun(timeoutMs),
    close() {
      closed = true;
      channel.close();
      for (const reject of closers) reject(closedError());
      closers.clear();
    },
  };
}
