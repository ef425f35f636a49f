// What child processes and worker threads have in common: they are the server's own, and send values, not bytes.
import { asChunks, type Chunk, type Chunks, fileChunks } from '../peer/file.js';
import { Kind, kindOf, Message, NOTE_SIZE } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { ignore, type Link } from './link.js';

/** How bytes and the file look as values that can be sent. */
export interface Values {
  fromBytes(bytes: Uint8Array): unknown;
  toBytes(value: unknown): Uint8Array;
  /** Something that toBytes() is never given. */
  fromFile(chunks: readonly Chunk[]): unknown;
  toFile(value: unknown): Chunks | undefined;
}

/** Cloned as they are: what structured clone is for. */
export const cloned: Values = {
  fromBytes: (bytes) => bytes,
  toBytes: (value) => value as Uint8Array,
  fromFile: (chunks) => ({ chunks }),
  toFile: (value) =>
    value instanceof Uint8Array ? undefined : asChunks((value as { chunks: Chunk[] }).chunks),
};

interface JsonFile {
  chunks: { data: string; size: number; hash: string }[];
}

const base64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** JSON has no bytes: base64 is the usual way around. */
export const json: Values = {
  fromBytes: base64,
  toBytes: (value) => Buffer.from(value as string, 'base64'),
  fromFile: (chunks): JsonFile => ({
    chunks: chunks.map(({ data, size, hash }) => ({ data: base64(data), size, hash: hash.toString(16) })),
  }),
  toFile(value) {
    if (typeof value === 'string') return undefined;
    const { chunks } = value as JsonFile;
    return asChunks(
      chunks.map(({ data, size, hash }) => ({
        data: Buffer.from(data, 'base64'),
        size,
        hash: BigInt(`0x${hash}`),
      })),
    );
  },
};

/** The server's half: what to answer to a value with, if anything. */
export function answering(values: Values, size: number): (value: unknown) => unknown {
  const responder = new Responder(size);
  return (value) => {
    const bytes = values.toBytes(value);
    if (kindOf(bytes) === Kind.FETCH) return values.fromFile(fileChunks());
    const answer = responder.onMessage(bytes);
    return answer && values.fromBytes(answer.bytes);
  };
}

/** The client's half, less how values are sent. */
export abstract class ValueLink implements Link {
  readonly blocking = false;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #values: Values;
  readonly #request = Message.ofSize(NOTE_SIZE);

  constructor(values: Values) {
    this.#values = values;
  }

  /** The promise: the sender should wait. */
  protected abstract sendValue(value: unknown): Promise<void> | undefined;
  abstract close(): Promise<void>;

  protected received(value: unknown): void {
    const file = this.#values.toFile(value);
    if (file) this.onFile(file);
    else this.onReply(this.#values.toBytes(value));
  }

  send(bytes: Uint8Array): void {
    void this.sendValue(this.#values.fromBytes(bytes));
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    return this.sendValue(this.#values.fromBytes(bytes));
  }

  fetch(last: boolean): void {
    this.#request.stamp(0, Kind.FETCH, last);
    this.send(this.#request.bytes);
  }
}
