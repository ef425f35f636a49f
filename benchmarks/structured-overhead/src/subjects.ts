// What is measured: round trips of a tiny message, raw and structured, with promises and blocking.
import { Channel, type FrameSink, type NativeSocketStream } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body } from './generated/overhead.capnp.js';
import { BLOB_SIZE } from './links.js';

export interface Subject {
  name: string;
  /** Round trips, each verified. */
  run(count: number): Promise<void> | void;
}

/** Receives for both ways of waiting: one reader a pipe is all there may be. */
class RawReader implements FrameSink {
  #last = -1;
  #resolve: ((number: number) => void) | undefined;

  onMessage(buffer: { view: DataView }, offset: number, length: number): void {
    if (length !== BLOB_SIZE) throw new Error(`A blob of ${length} bytes came back`);
    this.#last = buffer.view.getUint32(offset, true);
    this.#resolve?.(this.#last);
    this.#resolve = undefined;
  }

  onEnd(error: Error): void {
    throw error;
  }

  get last(): number {
    return this.#last;
  }

  next(): Promise<number> {
    return new Promise((resolve) => (this.#resolve = resolve));
  }
}

function verify(got: number, sent: number): void {
  if (got !== sent) throw new Error(`${got} came back for ${sent}`);
}

export function rawSubjects(stream: NativeSocketStream): Subject[] {
  const channel = new Channel(stream);
  const reader = new RawReader();
  stream.startReceive(reader);
  const blob = new Uint8Array(BLOB_SIZE);
  const view = new DataView(blob.buffer);
  return [
    {
      name: 'raw/async',
      async run(count) {
        for (let i = 0; i < count; i++) {
          view.setUint32(0, i, true);
          channel.sendBlob(blob);
          verify(await reader.next(), i);
        }
      },
    },
    {
      name: 'raw/blocking',
      run(count) {
        for (let i = count; i > 0; i--) {
          view.setUint32(0, i, true);
          channel.sendBlob(blob);
          while (reader.last !== i) channel.waitReadable(Number.POSITIVE_INFINITY);
        }
      },
    },
  ];
}

export function structuredOver(stream: NativeSocketStream): StructuredChannel<typeof Body> {
  return new StructuredChannel(new Channel(stream), Body, {
    onError: (error) => {
      throw error;
    },
  });
}

export function structuredSubjects(name: string, channel: StructuredChannel<typeof Body>): Subject[] {
  const ask = (number: number) => channel.buildMsg('ask', (body) => (body.number = number));
  return [
    {
      name: `${name}/async`,
      async run(count) {
        for (let i = 0; i < count; i++) {
          using request = ask(i);
          using response = await channel.request(request, { expect: 'answer' });
          verify(response.body.answer.number, i);
        }
      },
    },
    {
      name: `${name}/blocking`,
      run(count) {
        for (let i = 0; i < count; i++) {
          using request = ask(i);
          using response = channel.syncRequest(request, { expect: 'answer' });
          verify(response.body.answer.number, i);
        }
      },
    },
  ];
}
