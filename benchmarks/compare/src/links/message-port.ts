// A MessagePort between the main thread, which is the server, and worker threads: not processes, but what many use.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  MessageChannel,
  type MessagePort,
  type TransferListItem,
  Worker,
  workerData,
} from 'node:worker_threads';
import type { Chunk } from '../peer/file.js';
import { Message } from '../peer/message.js';
import { answering, cloned, ValueLink, type Values } from './children.js';
import type { Link, Server, Setting } from './link.js';

/** Seen from the built program. */
const PEER = new URL('./peer.js', import.meta.url);
const ECHO = fileURLToPath(new URL('./echo.js', import.meta.url));

/** From this size on bytes are copied once, into memory that is then handed over, instead of cloned. */
const TRANSFER = 16 * 1024;
/** A port has no flow control: what is under way is bounded by acknowledgements. */
const WINDOW = 16 * 1024 * 1024;

/** Of a file, the copies in which its chunks travel are handed over as well. */
const values: Values = {
  ...cloned,
  fromFile: (chunks) => ({ chunks: chunks.map((chunk) => ({ ...chunk, data: chunk.data.slice() })) }),
};

function post(port: MessagePort, value: unknown): void {
  if (value instanceof Uint8Array) {
    const copy = value.length < TRANSFER ? value : value.slice();
    port.postMessage(copy, copy === value ? [] : [copy.buffer as TransferListItem]);
  } else {
    const { chunks } = value as { chunks: Chunk[] };
    port.postMessage(
      value,
      chunks.map(({ data }) => data.buffer as TransferListItem),
    );
  }
}

export interface WorkerStart {
  args: string[];
  port: MessagePort;
}

class PortServer implements Server {
  readonly #setting: Setting;
  readonly #workers: Worker[] = [];
  #echo: Worker | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  spawn(args: string[]): void {
    const { port1, port2 } = new MessageChannel();
    const start: WorkerStart = { args, port: port2 };
    this.#workers.push(new Worker(PEER, { workerData: start, transferList: [port2] }));
    const answer = answering(values, this.#setting.size);
    port1.on('message', (value) => {
      const reply = answer(value);
      if (reply !== undefined) post(port1, reply);
    });
  }

  /** A new pair of ports to a worker that runs already, and one round trip. */
  async open(): Promise<() => Promise<void>> {
    this.#echo ??= new Worker(ECHO);
    const { port1, port2 } = new MessageChannel();
    this.#echo.postMessage(port2, [port2]);
    post(port1, Message.ofSize(this.#setting.size).bytes);
    await once(port1, 'message');
    return async () => port1.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers, this.#echo].map((worker) => worker?.terminate()));
  }
}

class PortLink extends ValueLink {
  readonly window = WINDOW;
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super(values);
    this.#port = port;
    port.on('message', (value) => this.received(value));
  }

  protected override sendValue(value: unknown): undefined {
    post(this.#port, value);
  }

  override async close(): Promise<void> {
    this.#port.close();
  }
}

export const serve = async (setting: Setting): Promise<Server> => new PortServer(setting);
export const connect = async (): Promise<Link> => new PortLink((workerData as WorkerStart).port);
