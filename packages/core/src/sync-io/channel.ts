// Channel in the sync_io pattern: the same bundle, of pipes in that pattern (features 73-78).
import {
  type AnyChannel,
  Channel as AsyncChannel,
  type ChannelFeature,
  type ChannelOptions,
} from '../channel.js';
import { BlobStreamMqReceiver as AsyncBlobStreamMqReceiver } from '../mq/blob-stream-mq-receiver.js';
import { BlobStreamMqSender as AsyncBlobStreamMqSender } from '../mq/blob-stream-mq-sender.js';
import { NativeSocketStream as AsyncNativeSocketStream } from '../socket-stream/native-socket-stream.js';
import type { ReceiverPipe, SenderPipe } from '../transport.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import type { NativeHandle } from '../util/native-handle.js';
import type { ProcessCredentials } from '../util/process-credentials.js';
import { BlobStreamMqReceiver } from './blob-stream-mq-receiver.js';
import { BlobStreamMqSender } from './blob-stream-mq-sender.js';
import type { EventWaitFunc, EventWaitHandle, EventWaitHandleFactory } from './event-wait.js';
import { NativeSocketStream } from './native-socket-stream.js';
import type { Received, SyncIoReceiver } from './receiver.js';
import type { SyncIoSender } from './sender.js';
import type { TwinOptions } from './twin.js';
import { WOULD_BLOCK, type WouldBlock } from './would-block.js';

/** A pipe that can be turned into its async form, once, before it is started. */
interface Convertible<P> {
  asyncIoObj(options?: TwinOptions): P;
}

export interface SyncIoPipePair<H extends EventWaitHandle = EventWaitHandle> {
  sender: SyncIoSender<H> & Convertible<SenderPipe>;
  receiver: SyncIoReceiver<H> & Convertible<ReceiverPipe>;
}

export interface SyncIoChannelPipes<H extends EventWaitHandle = EventWaitHandle> {
  blobs?: SyncIoPipePair<H>;
  handles?: SyncIoPipePair<H>;
}

/** Takes the pipes over. With one pipe, blobs and descriptors share it. */
export class Channel<F extends ChannelFeature = ChannelFeature, H extends EventWaitHandle = EventWaitHandle> {
  /** Nothing at run time: tells the compiler one kind of channel from another. */
  declare readonly features: { readonly [K in F]: true };
  readonly #handles: SyncIoPipePair<H> | undefined;
  readonly #blobs: SyncIoPipePair<H> | undefined;
  readonly #main: SyncIoPipePair<H>;
  readonly #senders: SyncIoPipePair<H>['sender'][];
  readonly #receivers: SyncIoPipePair<H>['receiver'][];

  constructor(pipes: SyncIoChannelPipes<H>) {
    this.#handles = pipes.handles;
    this.#blobs = pipes.blobs;
    const main = pipes.blobs ?? pipes.handles;
    if (!main) throw new TypeError('A channel has at least one pipe');
    this.#main = main;
    const pairs = [pipes.handles, pipes.blobs].flatMap((pair) => pair ?? []);
    this.#senders = [...new Set(pairs.map((pair) => pair.sender))];
    this.#receivers = [...new Set(pairs.map((pair) => pair.receiver))];
  }

  get handlesEnabled(): boolean {
    return this.#handles !== undefined;
  }

  /** The individual pipes, for what a bundle does not offer. */
  get pipes(): SyncIoChannelPipes<H> {
    const out: SyncIoChannelPipes<H> = {};
    if (this.#blobs) out.blobs = this.#blobs;
    if (this.#handles) out.handles = this.#handles;
    return out;
  }

  /** Who is at the other end; undefined when no pipe can tell. */
  get remotePeerProcessCredentials(): 'credentials' extends F
    ? ProcessCredentials
    : ProcessCredentials | undefined {
    const socket = this.#senders.find((pipe) => 'remotePeerProcessCredentials' in pipe);
    // biome-ignore lint/suspicious/noExplicitAny: only a socket has it, and F says whether there is one.
    return (socket as any)?.remotePeerProcessCredentials;
  }

  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    const objects = new Set([...this.#senders, ...this.#receivers]);
    return all([...objects], (pipe) => pipe.replaceEventWaitHandles(factory));
  }

  startSendOps(eventWait: EventWaitFunc<H>): boolean {
    return all(this.#senders, (pipe) => pipe.startSendOps(eventWait));
  }

  startReceiveOps(eventWait: EventWaitFunc<H>): boolean {
    return all(this.#receivers, (pipe) => pipe.startReceiveOps(eventWait));
  }

  get maxBlobSize(): number {
    return this.#main.sender.maxSendSize;
  }

  get queuedBytes(): number {
    return this.#senders.reduce((sum, pipe) => sum + pipe.queuedBytes, 0);
  }

  sendBlob(this: Channel<'blobs', H>, blob: Uint8Array): boolean {
    return this.#main.sender.sendBlob(blob);
  }

  sendNativeHandle(
    this: Channel<'handles', H>,
    handle: NativeHandle | null,
    blob: Uint8Array | null,
  ): boolean {
    return this.#handlePipe().sender.sendNativeHandle(handle, blob);
  }

  asyncReceiveBlob(
    this: Channel<'blobs', H>,
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, size: number) => void,
  ): number | WouldBlock | false {
    return this.#main.receiver.asyncReceiveBlob(target, handler);
  }

  asyncReceiveNativeHandle(
    this: Channel<'handles', H>,
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, received: Received) => void,
  ): Received | WouldBlock | false {
    return this.#handlePipe().receiver.asyncReceiveNativeHandle(target, handler);
  }

  /** Ends sending on every pipe. False when one had been ended. */
  endSending(): boolean {
    return all(this.#senders, (pipe) => pipe.endSending());
  }

  /** The same; the handler is called once, after every pipe has come to its end, with the first error. */
  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock {
    let waiting = 0;
    let first: FlowIpcError | undefined;
    const results = this.#senders.map((pipe) => {
      try {
        const result = pipe.asyncEndSending((error) => {
          first ??= error;
          if (--waiting === 0) handler(first);
        });
        if (result === WOULD_BLOCK) waiting++;
        return result;
      } catch (err) {
        first ??= err as FlowIpcError;
        return true;
      }
    });
    if (results.includes(false)) return false;
    if (waiting > 0) return WOULD_BLOCK;
    if (first) throw first;
    return true;
  }

  autoPing(periodMs?: number): boolean {
    return all(this.#senders, (pipe) => pipe.autoPing(periodMs));
  }

  idleTimerRun(timeoutMs?: number): boolean {
    return all(this.#receivers, (pipe) => pipe.idleTimerRun(timeoutMs));
  }

  /**
   * The async twin, which takes over pipes that were not started; driven by this thread's event loop or the one given.
   * This object is of no use then.
   */
  asyncIoObj({ loop, ...options }: ChannelOptions & TwinOptions = {}): AsyncChannel<F> {
    const twins = new Map<object, SenderPipe | ReceiverPipe>();
    const twin = <P extends SenderPipe | ReceiverPipe>(pipe: Convertible<P>): P => {
      if (!twins.has(pipe)) twins.set(pipe, pipe.asyncIoObj(loop ? { loop } : {}));
      return twins.get(pipe) as P;
    };
    const convert = (pair: SyncIoPipePair<H> | undefined) =>
      pair && { sender: twin(pair.sender), receiver: twin(pair.receiver) };
    const channel: AnyChannel = new AsyncChannel(
      channelPipes(convert(this.#handles), convert(this.#blobs)),
      options,
    );
    return channel as AsyncChannel<F>;
  }

  /**
   * The way back, for a channel of which nothing was started: takes its pipes over, and that object is of no use then.
   * Throws TypeError for pipes of the user's own kind, and Error when something was started.
   */
  static of<F extends ChannelFeature, H extends EventWaitHandle = EventWaitHandle>(
    channel: AsyncChannel<F>,
  ): Channel<F, H> {
    const { handleSender, handleReceiver, blobSender, blobReceiver } = channel as unknown as AsyncChannel;
    const forms = new Map<object, ReturnType<typeof syncIoForm<H>>>();
    const convert = (sender: SenderPipe | undefined, receiver: ReceiverPipe | undefined) => {
      if (!sender || !receiver) return undefined;
      for (const pipe of [sender, receiver]) if (!forms.has(pipe)) forms.set(pipe, syncIoForm<H>(pipe));
      return { sender: forms.get(sender), receiver: forms.get(receiver) } as SyncIoPipePair<H>;
    };
    return new Channel<F, H>(
      channelPipes(convert(handleSender, handleReceiver), convert(blobSender, blobReceiver)),
    );
  }

  close(): void {
    for (const pipe of new Set([...this.#senders, ...this.#receivers])) pipe.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #handlePipe(): SyncIoPipePair<H> {
    if (this.#handles) return this.#handles;
    throw new FlowIpcError(
      TransportError.INVALID_ARGUMENT,
      'This channel carries blobs only, no descriptors',
    );
  }
}

function channelPipes<P>(handles: P | undefined, blobs: P | undefined): { handles?: P; blobs?: P } {
  return { ...(handles ? { handles } : {}), ...(blobs ? { blobs } : {}) };
}

/** The pipe in this pattern. */
function syncIoForm<H extends EventWaitHandle>(pipe: SenderPipe | ReceiverPipe) {
  if (pipe instanceof AsyncNativeSocketStream) {
    const peer = pipe.remotePeerProcessCredentials;
    const { nickname } = pipe;
    const stream = new NativeSocketStream<H>(pipe.release(), { nickname });
    stream.remotePeerProcessCredentials = peer;
    return stream;
  }
  if (pipe instanceof AsyncBlobStreamMqSender)
    return new BlobStreamMqSender<H>(pipe.release(), { nickname: pipe.nickname });
  if (pipe instanceof AsyncBlobStreamMqReceiver)
    return new BlobStreamMqReceiver<H>(pipe.release(), { nickname: pipe.nickname });
  throw new TypeError('Only pipes of this package can be turned into their sync_io form');
}

/** Calls all of them, whatever the first ones say. */
function all<P>(pipes: readonly P[], call: (pipe: P) => boolean): boolean {
  return pipes.map(call).every(Boolean);
}
