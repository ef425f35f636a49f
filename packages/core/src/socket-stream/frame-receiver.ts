// The receiving half of a socket stream: drains the socket into one buffer and cuts it into messages.
import { closeFd, out, recv, recvStaged } from '@flow-ipc/native';
import type { FdWatch } from '../event-loop/event-loop.js';
import type { FrameSink } from '../transport.js';
import { EAGAIN, ECONNRESET, EINTR } from '../util/errno.js';
import { FlowIpcError, systemError, TransportError } from '../util/errors.js';
import { negotiate } from '../util/protocol-negotiator.js';
import type { DescriptorReserve } from './descriptor-reserve.js';
import { END_OF_SENDING, HEADER_SIZE, PING } from './frame.js';
import { acquireReceiveBuffer, ReceiveBuffer, releaseReceiveBuffer, staged } from './receive-buffer.js';

/** Slots of the addon's `out` array that recv() fills. */
const OUT_FD = 1;
const OUT_SURPLUS = 2;
/** The rest of a message at least this long is read straight into its own memory, saving a copy. */
const DIRECT_READ = 16 * 1024;

/** What a receiver needs of the stream that it is half of. */
export interface ReceiverHost {
  watch(): FdWatch;
  /** Makes sure that a descriptor which comes finds room. */
  readonly reserve: DescriptorReserve | undefined;
  /** Something was read. */
  onActivity(): void;
  /** The kernel refused, or the peer is gone: the other direction cannot go on either. Called before the sink's onEnd. */
  onReceiveFailed(error: FlowIpcError): void;
  /** Receiving is over, for whatever reason but stop(). Called before the sink's onEnd. */
  onReceiveEnd(error: FlowIpcError): void;
}

/**
 * A state machine that never blocks; it is woken through its FdWatch, or by drain() when a caller waits itself.
 *
 * Which message a descriptor belongs to: Linux ends a read after the segment that carries descriptors, and a
 * sender puts a descriptor on the first byte of a header in a write of its own. So it belongs to the last
 * message whose first byte lies in that read; if none starts there the peer broke the protocol.
 */
export class FrameReceiver {
  readonly #fd: number;
  readonly #sink: FrameSink;
  readonly #host: ReceiverHost;
  #state: 'running' | 'paused' | 'ended' = 'paused';
  #versionKnown = false;

  // What is being parsed; fields, not locals, so that a handler may drain() again in the midst of it.
  #buffer: ReceiveBuffer | undefined;
  #pos = 0;
  #end = 0;
  #readStart = 0;
  #readFd = -1;

  // A message of which only a part has come.
  #carry: Uint8Array | undefined;
  #direct: ReceiveBuffer | undefined;
  #directHave = 0;
  #partialFd = -1;

  messages = 0;
  bytes = 0;
  systemCalls = 0;

  #error: FlowIpcError | undefined;

  constructor(fd: number, sink: FrameSink, host: ReceiverHost) {
    this.#fd = fd;
    this.#sink = sink;
    this.#host = host;
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  start(): void {
    this.#state = 'running';
    this.#wait();
  }

  /** Stops handing out messages; what has been read already is kept. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    // Not from within the caller: it may be a handler whose message lies in the very buffer.
    queueMicrotask(this.#onReadable);
  }

  resumeNow(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#onReadable();
  }

  /** Reads and hands out what is there now. */
  drain(): void {
    while (this.#state === 'running' && this.#readOnce());
  }

  /** drain(), but blocks first until there is something, up to `ms` (-1: for ever). */
  drainWaiting(ms: number): void {
    if (this.#state === 'running' && this.#readOnce(ms)) this.drain();
  }

  /** Hands out what was read already, when called from within the sink. False when there is nothing. */
  drainBuffered(): boolean {
    if (this.#state !== 'running' || !this.#buffer || this.#pos >= this.#end) return false;
    return this.#readOnce();
  }

  /** Ends reading from outside; descriptors not handed out are closed. The sink is not told. */
  stop(): void {
    this.#state = 'ended';
    if (this.#readFd >= 0) closeFd(this.#readFd);
    if (this.#partialFd >= 0) closeFd(this.#partialFd);
    this.#readFd = this.#partialFd = -1;
    this.#buffer = this.#carry = this.#direct = undefined;
  }

  fail(error: FlowIpcError): void {
    if (this.#state === 'ended') return;
    this.#error = error;
    this.stop();
    this.#host.onReceiveEnd(error);
    this.#sink.onEnd(error);
  }

  /** A failure of the connection itself. */
  #failBoth(error: FlowIpcError): void {
    this.#host.onReceiveFailed(error);
    this.fail(error);
  }

  readonly #onReadable = (): void => {
    this.drain();
    this.#wait();
  };

  #wait(): void {
    if (this.#state === 'running') this.#host.watch().wait('rcv', this.#onReadable);
  }

  /**
   * One system call, which may block for up to `ms`, and the messages it brought. False when the socket is (most likely)
   * empty.
   */
  #readOnce(ms = 0): boolean {
    if (this.#direct) return this.#readDirect(this.#direct, ms);
    if (this.#buffer) {
      // A handler asks for more while an earlier read is not parsed to its end: that comes first.
      if (this.#pos < this.#end) {
        const buffer = this.#buffer;
        this.#parse();
        if (this.#buffer === buffer && this.#pos >= this.#end) this.#buffer = undefined;
        return true;
      }
      // All of it was handed out, but the outer call still holds the buffer: its views are in use. Take another.
      this.#buffer = undefined;
    }
    const buffer = acquireReceiveBuffer();
    const have = this.#carry?.length ?? 0;
    if (this.#carry) buffer.bytes.set(this.#carry);
    const room = buffer.bytes.length - have;
    const n = this.#recv(buffer.bytes, have, room, ms);
    if (n <= 0) {
      releaseReceiveBuffer(buffer);
      return false;
    }
    this.#carry = undefined;
    this.#buffer = buffer;
    this.#pos = 0;
    this.#readStart = have;
    this.#end = have + n;
    // A read ends behind a descriptor although more may be there.
    const cutByFd = this.#readFd >= 0;
    this.#parse();
    if (this.#buffer === buffer && this.#pos >= this.#end) this.#buffer = undefined;
    // Paused in the midst: the buffer stays ours. Otherwise nobody refers to it any more.
    if (this.#buffer !== buffer) releaseReceiveBuffer(buffer);
    return n === room || cutByFd || this.#direct !== undefined;
  }

  /** Bytes read (> 0), or 0 after dealing with "nothing there", end of file and errors. */
  #recv(target: Uint8Array, offset: number, room: number, ms: number): number {
    this.systemCalls++;
    const { reserve } = this.#host;
    reserve?.lend();
    const n =
      target === staged.bytes ? recvStaged(this.#fd, offset, ms) : recv(this.#fd, target, offset, room, ms);
    const received = reserve ? reserve.takeBack(out[OUT_FD]!) : out[OUT_FD]!;
    if (n > 0) {
      this.bytes += n;
      this.#host.onActivity();
      if (out[OUT_SURPLUS] !== 0) {
        this.fail(
          new FlowIpcError(
            TransportError.UNEXPECTED_PAYLOAD,
            'The peer sent more than one descriptor with a message',
          ),
        );
        return 0;
      }
      this.#readFd = received;
      return n;
    }
    if (n === 0) this.#failBoth(new FlowIpcError(TransportError.EOF, 'The peer closed the connection'));
    // The same, but it had not read all that we sent.
    else if (n === ECONNRESET) this.#failBoth(peerGone(n));
    else if (n !== EAGAIN && n !== EINTR) this.#failBoth(systemError('recvmsg', n, 'Cannot receive'));
    return 0;
  }

  #readDirect(direct: ReceiveBuffer, ms: number): boolean {
    const n = this.#recv(direct.bytes, this.#directHave, direct.bytes.length - this.#directHave, ms);
    if (n <= 0) return false;
    if (this.#readFd >= 0) {
      this.#failUnexpectedFd();
      return false;
    }
    this.#directHave += n;
    if (this.#directHave === direct.bytes.length) {
      const fd = this.#partialFd;
      this.#direct = undefined;
      this.#partialFd = -1;
      this.messages++;
      this.#sink.onMessage(direct, 0, direct.bytes.length, fd, true);
    }
    return true;
  }

  #parse(): void {
    const buffer = this.#buffer!;
    while (this.#state === 'running' && this.#buffer === buffer && this.#pos < this.#end) {
      const pos = this.#pos;
      const left = this.#end - pos;
      if (left < HEADER_SIZE) {
        if (!this.#takePartialFd(pos)) return;
        this.#carry = buffer.bytes.slice(pos, this.#end);
        this.#pos = this.#end;
        return;
      }
      const length = buffer.view.getUint16(pos, true);
      const blob = this.#versionKnown && length !== PING ? length : 0;
      const frameEnd = pos + HEADER_SIZE + blob;
      if (frameEnd >= this.#end && !this.#takePartialFd(pos)) return;
      if (frameEnd > this.#end) {
        this.#keepPartial(buffer, pos, blob);
        return;
      }
      // Begun in an earlier read, or the last of this one: it may have a descriptor.
      let fd = -1;
      if (frameEnd === this.#end || pos < this.#readStart) {
        fd = this.#partialFd;
        this.#partialFd = -1;
      }
      this.#pos = frameEnd;
      this.#handleFrame(buffer, pos + HEADER_SIZE, length, fd);
    }
  }

  /** The last message that starts in this read gets the read's descriptor; false (and failed) if there is none. */
  #takePartialFd(messageStart: number): boolean {
    if (this.#readFd < 0) return true;
    if (messageStart < this.#readStart || this.#partialFd >= 0) {
      this.#failUnexpectedFd();
      return false;
    }
    this.#partialFd = this.#readFd;
    this.#readFd = -1;
    return true;
  }

  #keepPartial(buffer: ReceiveBuffer, pos: number, blob: number): void {
    const start = pos + HEADER_SIZE;
    const have = this.#end - start;
    if (blob - have >= DIRECT_READ) {
      this.#direct = new ReceiveBuffer(blob);
      this.#direct.bytes.set(buffer.bytes.subarray(start, this.#end));
      this.#directHave = have;
    } else {
      this.#carry = buffer.bytes.slice(pos, this.#end);
    }
    this.#pos = this.#end;
  }

  #handleFrame(buffer: ReceiveBuffer, start: number, length: number, fd: number): void {
    if (!this.#versionKnown) {
      this.#handleVersion(length, fd);
    } else if (length === PING) {
      // The C++ takes a ping with a descriptor for a ping and may leak it; it is never sent, so refuse it.
      if (fd < 0) return;
      closeFd(fd);
      this.#failUnexpectedFd();
    } else if (length === END_OF_SENDING && fd < 0) {
      this.fail(new FlowIpcError(TransportError.RECEIVES_FINISHED, 'The peer ended its sending'));
    } else {
      this.messages++;
      this.#sink.onMessage(buffer, start, length, fd, false);
    }
  }

  #handleVersion(header: number, fd: number): void {
    const version = (header << 16) >> 16;
    try {
      negotiate(fd >= 0 ? 0 : version, 'Socket stream');
      this.#versionKnown = true;
    } catch (err) {
      if (fd >= 0) closeFd(fd);
      this.fail(err as FlowIpcError);
    }
  }

  #failUnexpectedFd(): void {
    this.fail(
      new FlowIpcError(TransportError.UNEXPECTED_PAYLOAD, 'The peer sent a descriptor where none may be'),
    );
  }
}

const peerGone = (errno: number) =>
  new FlowIpcError(TransportError.EOF, 'The peer closed the connection', { errno, syscall: 'recvmsg' });
