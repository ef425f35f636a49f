// The compliance suite of core's transports, with structured channels in between: an end sends each blob as a message
// and says that it has ended by one more.
import { FlowIpcError, type NativeHandle, TransportError } from '@flow-ipc/core';
import { type End, type FarTask, runFarEnd, transportCompliance } from '@flow-ipc/core/compliance';
import { describe, expect, it } from 'vitest';
import { type MessageIterator, type MsgIn, StructError, StructuredChannel } from '../src/index.js';
import { TRANSPORTS } from './every-transport.js';
import { Body } from './generated/test-body.capnp.js';
import { outcome } from './harness.js';

/** What a structured channel means to do otherwise than a pipe, by the suite's names. Tested below, and elsewhere. */
const OTHERWISE: Record<string, string> = {
  'what is empty or too long is refused, and all goes on':
    'a message of no bytes is a message, and one too long is LEAF_TOO_BIG',
  'silence is noticed, and ends receiving only': 'an error of either direction ends the channel',
  'a descriptor where a blob was asked for ends receiving, and nothing later is handed out':
    'any message may have a descriptor, and who does not ask for it has it closed',
};

/** The same of two pipes of different kinds. */
const OTHERWISE_BY_TWO_PIPES: Record<string, string> = {
  'closing ends what waits':
    'the close of one pipe overtakes the last message in the other, and ends the channel: close in good order',
};

/** Room in a segment beside the longest Data: the root and what leads to it, and pads of far pointers. */
const BESIDE_DATA = 64;

/** A blob is a list of pieces, each in a segment of its own, so that messages of many segments occur. */
const MAX_PIECES = 3;

/** How long an end that closes gives its queue to empty. */
const CLOSE_MS = 1000;

class StructuredEnd implements End {
  readonly #channel: StructuredChannel<typeof Body>;
  readonly #messages: MessageIterator<MsgIn<typeof Body, 'bulk'>>;
  readonly maxBlobSize: number;
  readonly #piece: number;
  readonly #twoPipes: boolean;
  #sendingEnded = false;
  #peerEnded = false;

  constructor(channel: StructuredChannel<typeof Body>, segment: number) {
    this.#channel = channel;
    this.#messages = channel.messages('bulk');
    this.#piece = segment - BESIDE_DATA;
    this.maxBlobSize = MAX_PIECES * this.#piece;
    const { handleSender, blobSender } = channel.ownedChannel;
    this.#twoPipes = handleSender !== undefined && blobSender !== undefined;
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes;
  }

  sendBlob(blob: Uint8Array): void {
    this.#send(blob, null);
  }

  sendNativeHandle(handle: NativeHandle, blob: Uint8Array | null): void {
    this.#send(blob, handle);
  }

  async receive(): Promise<{ blob: Uint8Array; handle: NativeHandle | null }> {
    const { value: message } = await this.#messages.next();
    if (message === undefined) throw this.#channel.error;
    using _ = message;
    const { data, parts } = message.body.bulk;
    if (data.length > 0) this.#peerEnded = true;
    if (this.#peerEnded) throw new FlowIpcError(TransportError.RECEIVES_FINISHED, 'The end message came');
    return { blob: new Uint8Array(Buffer.concat([...parts])), handle: message.takeNativeHandle() };
  }

  async receiveBlob(): Promise<Uint8Array> {
    if (this.#peerEnded) throw new FlowIpcError(TransportError.RECEIVES_FINISHED, 'The end message came');
    const { blob, handle } = await this.receive();
    expect(handle).toBeNull();
    return blob;
  }

  async endSending(): Promise<void> {
    using end = this.#channel.buildMsg('bulk', (bulk) => (bulk.data = Uint8Array.of(1)));
    this.#channel.send(end);
    this.#sendingEnded = true;
    await this.#channel.drained();
  }

  drained(): Promise<void> {
    return this.#channel.drained();
  }

  autoPing(periodMs: number): boolean {
    return this.#channel.ownedChannel.autoPing(periodMs);
  }

  idleTimerRun(timeoutMs: number): boolean {
    return this.#channel.ownedChannel.idleTimerRun(timeoutMs);
  }

  close(): void {
    // Of two pipes one may tell of the end before the other has told all: only an end in good order is told by both.
    if (this.#twoPipes && this.#sendingEnded) void this.#channel.closeGracefully(CLOSE_MS);
    else this.#channel.close();
  }

  #send(blob: Uint8Array | null, handle: NativeHandle | null): void {
    if (this.#sendingEnded) throw new FlowIpcError(TransportError.SENDS_FINISHED, 'The end was sent');
    using message = this.#channel.buildMsg('bulk', (bulk) => {
      if (!blob) return;
      const pieces = bulk.initParts(Math.ceil(blob.length / this.#piece));
      for (let i = 0; i < pieces.length; i++)
        pieces.set(i, blob.subarray(i * this.#piece, (i + 1) * this.#piece));
    });
    message.nativeHandle = handle;
    try {
      this.#channel.send(message);
    } catch (err) {
      // A structured channel says what ended it; a pipe, that it cannot send because receiving failed.
      if ((err as FlowIpcError).code !== TransportError.EOF) throw err;
      throw new FlowIpcError(TransportError.HOSED_CANNOT_SEND, 'The channel ended', { cause: err });
    } finally {
      message.takeNativeHandle();
    }
  }
}

describe.each(TRANSPORTS)('over %s', (name, { make, handles, segment }) => {
  const twoPipes = name.includes('queues and');
  const different = twoPipes ? { ...OTHERWISE, ...OTHERWISE_BY_TWO_PIPES } : OTHERWISE;
  const met = new Set<string>();
  transportCompliance({
    test: (title, run) => {
      const otherwise = different[title];
      if (otherwise === undefined) return it(title, run, 60_000);
      met.add(title);
      return it.skip(`${title}: ${otherwise}`, run);
    },
    // Two pipes are one to the user of a structured channel: messages come in the order in which they were sent.
    features: { handles, onePipe: true, noticesPeerClose: !name.includes('queues') },
    seeds: process.env.FLOW_IPC_LONG === '1' ? Array.from({ length: 50 }, (_, i) => i + 1) : [1, 2],
    connect: async (task: FarTask) => {
      const [near, far] = make().map(
        (channel) => new StructuredEnd(new StructuredChannel(channel, Body), segment),
      );
      return { end: near!, far: runFarEnd(task, far!) };
    },
  });

  it('what a structured channel does otherwise is what the suite asks of pipes', () => {
    const skippedWhere = (title: string) => handles || !title.startsWith('a descriptor where');
    const expected = Object.keys(different).filter(skippedWhere);
    expect([...met].sort()).toEqual(expected.sort());
  });

  it('an empty message is one, a message too long is refused, and all goes on', async () => {
    const [a, b] = make().map((channel) => new StructuredChannel(channel, Body));
    using message = a!.createMsg();
    a!.send(message);
    using tooLong = a!.buildMsg('bulk', (bulk) => (bulk.data = new Uint8Array(segment + 1)));
    expect(outcome(() => a!.send(tooLong))).toBe(StructError.LEAF_TOO_BIG);
    using last = a!.buildMsg('bulk');
    a!.send(last);
    using first = await b!.message('ask');
    expect(first.body.hasAsk()).toBe(false);
    using second = await b!.message('bulk');
    expect(second.id).toBe(2);
    a!.close();
    b!.close();
  });

  it('closing ends what waits, here and there', async () => {
    const [a, b] = make().map((channel) => new StructuredChannel(channel, Body));
    const waiting = [a!.message('ask'), a!.message('bulk'), a!.request(a!.buildMsg('ask'))];
    a!.close();
    for (const promise of waiting)
      await expect(promise).rejects.toMatchObject({ code: TransportError.CLOSED });
    using message = a!.createMsg();
    expect(outcome(() => a!.send(message))).toBe(TransportError.CLOSED);
    a!.close();
    b!.close();
  });

  it('silence is noticed, and ends the channel', async () => {
    const [a, b] = make().map((channel) => new StructuredChannel(channel, Body));
    const waiting = b!.message('ask');
    expect(b!.ownedChannel.idleTimerRun(150)).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: TransportError.IDLE_TIMEOUT });
    using message = b!.createMsg();
    expect(outcome(() => b!.send(message))).toBe(TransportError.IDLE_TIMEOUT);
    a!.close();
    b!.close();
  });
});
