// Ours, structured: sessions and typed messages, over whatever memory the package of the session classes stands for.
import type { BuilderOf } from '@flow-ipc/capnp';
import type { Channel } from '@flow-ipc/core';
import type { ClientApp, ServerApp } from '@flow-ipc/session';
import type { MsgIn, MsgOut, StructuredChannel } from '@flow-ipc/structured';
import { Body, type BytesBuilder, type BytesReader } from '../generated/compare.capnp.js';
import { Kind, kindOf, Message } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { FILE_MESSAGE_SIZE, fillFile, readCapnpFile } from './capnp-file.js';
import { ignore, type Link, type Ready, type Server, type Setting, type SubjectModule } from './link.js';

type BodyType = typeof Body;
type In = MsgIn<BodyType>;
type Out = MsgOut<BodyType>;
type Structured = StructuredChannel<BodyType>;

/** The part of a session, of either side, that is used here. */
interface Session {
  readonly channels: readonly Channel[];
  structured(channel: Channel, type: BodyType): Structured;
  close(): Promise<void>;
}

/** The session classes of one of our packages: the import is the switch. */
export interface Sessions {
  connect(options: { client: ClientApp; server: ServerApp; channels: number }): Promise<Session>;
  create(options: { server: ServerApp; clients: ClientApp[] }): Promise<{
    sessions(): AsyncIterable<Session & { initHandlers(handlers: { onError: () => void }): void }>;
    close(): Promise<void>;
  }>;
  /** Whether a message is one piece of shared memory; otherwise lists are limited to a segment of the channel. */
  shared: boolean;
}

/** Queued beyond this, the sender waits. */
const QUEUE_LIMIT = 1024 * 1024;
/** Bytes under way in shared memory, which the socket's own limits do not see. */
const WINDOW = 16 * 1024 * 1024;
/** Longest part of a message without shared memory: fits a segment of 65,528 bytes. */
const PART = 64_000;
/** Room for the message around its bytes: pointers and padding. */
const AROUND = 128;

// Sessions compare argv[0]; the command starts every process as `node`.
const me = { execPath: 'node', uid: process.geteuid!(), gid: process.getegid!() };
const CLIENT: ClientApp = { name: 'client', ...me };
const serverApp = (runDir: string): ServerApp => ({
  name: 'compare',
  ...me,
  allowedClients: [CLIENT.name],
  runDir,
});

/** Makes and reads the messages of one channel. */
class Messages {
  readonly #channel: Structured;
  readonly #shared: boolean;

  constructor(channel: Structured, shared: boolean) {
    this.#channel = channel;
    this.#shared = shared;
  }

  make(member: 'echo' | 'push' | 'ack', bytes: Uint8Array): Out {
    const message = this.#channel.createMsg({ firstSegmentBytes: bytes.length + AROUND });
    const target = init(message.body, member);
    if (this.#shared || bytes.length <= PART) {
      target.initParts(1).set(0, bytes);
    } else {
      const count = Math.ceil(bytes.length / PART);
      const parts = target.initParts(count);
      for (let i = 0; i < count; i++) parts.set(i, bytes.subarray(i * PART, (i + 1) * PART));
    }
    return message;
  }

  /** A message of `size` bytes to be stamped where it lies; undefined where it is not in one piece. */
  makeReady(size: number): { out: Out; message: Message } | undefined {
    if (!this.#shared && size > PART) return undefined;
    const out = this.make('echo', Message.ofSize(size).bytes);
    return { out, message: new Message(out.body.echo.parts.at(0)) };
  }

  makeFile(): Out {
    const message = this.#channel.createMsg({ firstSegmentBytes: FILE_MESSAGE_SIZE });
    fillFile(message.body);
    return message;
  }
}

function init(body: BuilderOf<BodyType>, member: 'echo' | 'push' | 'ack'): BytesBuilder {
  if (member === 'echo') return body.initEcho();
  return member === 'push' ? body.initPush() : body.initAck();
}

/** The bytes in one piece: a view where they are, a copy where they are not. */
function bytesOf({ parts }: BytesReader): Uint8Array {
  if (parts.length === 1) return parts.at(0);
  const all = Array.from({ length: parts.length }, (_, i) => parts.at(i));
  return Buffer.concat(all);
}

function serveChannel(channel: Structured, { size, ready }: Setting, shared: boolean): void {
  const messages = new Messages(channel, shared);
  const lying = ready ? messages.makeReady(size) : undefined;
  const responder = new Responder(size, lying?.message);
  channel.expectMsgs('echo', (request) => {
    using _ = request;
    const answer = responder.onMessage(bytesOf(request.body.echo))!;
    if (answer === lying?.message) {
      channel.send(lying.out, request);
      return;
    }
    using response = messages.make('echo', answer.bytes);
    channel.send(response, request);
  });
  channel.expectMsgs('push', (message) => {
    using _ = message;
    const note = responder.onMessage(bytesOf(message.body.push));
    if (!note) return;
    using ack = messages.make('ack', note.bytes);
    channel.send(ack, message);
  });
  channel.expectMsgs('fetch', (request) => {
    using _ = request;
    using response = messages.makeFile();
    channel.send(response, request);
  });
}

class StructuredLink implements Link {
  readonly blocking: boolean;
  readonly window?: number;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #session: Session;
  readonly #channel: Structured;
  readonly #messages: Messages;
  readonly #size: number;

  constructor(session: Session, { blocking, size }: Setting, shared: boolean) {
    this.blocking = blocking;
    this.#size = size;
    this.#session = session;
    this.#channel = session.structured(session.channels[0]!, Body);
    this.#messages = new Messages(this.#channel, shared);
    if (shared) this.window = WINDOW;
  }

  send(bytes: Uint8Array): void {
    using request = this.#messages.make('echo', bytes);
    this.#request(request);
  }

  ready(): Ready | undefined {
    const lying = this.#messages.makeReady(this.#size);
    return lying && { message: lying.message, send: () => this.#request(lying.out) };
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    using message = this.#messages.make('push', bytes);
    if (kindOf(bytes) === Kind.PUSH_ACK) {
      this.#request(message);
      return undefined;
    }
    this.#channel.send(message);
    if (this.#channel.queuedBytes <= QUEUE_LIMIT) return undefined;
    if (!this.blocking) return this.#channel.drained();
    while (this.#channel.queuedBytes > QUEUE_LIMIT) {
      this.#channel.ownedChannel.waitReadable(Number.POSITIVE_INFINITY);
    }
    return undefined;
  }

  fetch(): void {
    using request = this.#channel.buildMsg((body) => body.setFetch());
    this.#request(request);
  }

  #request(message: Out): void {
    if (this.blocking) this.#onResponse(this.#channel.syncRequest(message));
    else void this.#channel.request(message).then(this.#onResponse);
  }

  readonly #onResponse = (response: In): void => {
    using _ = response;
    const { body } = response;
    if (response.which === 'file') this.onFile(readCapnpFile(body.file));
    else this.onReply(bytesOf(response.which === 'echo' ? body.echo : body.ack));
  };

  async close(): Promise<void> {
    await this.#session.close();
  }
}

export function structured({ connect, create, shared }: Sessions): SubjectModule {
  return {
    async serve(setting): Promise<Server> {
      const server = await create({ server: serverApp(setting.runDir), clients: [CLIENT] });
      void (async () => {
        for await (const session of server.sessions()) {
          session.initHandlers({ onError: () => void session.close() });
          serveChannel(session.structured(session.channels[0]!, Body), setting, shared);
        }
      })();
      return { close: () => server.close() };
    },
    async connect(setting): Promise<Link> {
      const session = await connect({ client: CLIENT, server: serverApp(setting.runDir), channels: 1 });
      return new StructuredLink(session, setting, shared);
    },
  };
}
