// node:net over a Unix socket, each message behind its length; a structured payload goes as v8.serialize() makes it.
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { asChunks, type Chunk, fileChunks } from '../peer/file.js';
import { HEADER_SIZE, Kind, kindOf, Message, NOTE_SIZE } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { ignore, type Link, type Server, type Setting } from './link.js';

const LENGTH = 4;
/** Up to this size length and message are joined, beyond it they are written one after the other. */
const JOIN_LIMIT = 16 * 1024;

const path = ({ runDir }: Setting) => join(runDir, 'net.sock');

/** True when the socket takes more. The bytes must stay as they are until they have left. */
function write(socket: Socket, bytes: Uint8Array): boolean {
  if (bytes.length <= JOIN_LIMIT) {
    const joined = Buffer.allocUnsafe(LENGTH + bytes.length);
    joined.writeUInt32LE(bytes.length);
    joined.set(bytes, LENGTH);
    return socket.write(joined);
  }
  const length = Buffer.allocUnsafe(LENGTH);
  length.writeUInt32LE(bytes.length);
  socket.cork();
  socket.write(length);
  const more = socket.write(bytes);
  socket.uncork();
  return more;
}

/** Cuts what a socket gives into messages. */
function readMessages(socket: Socket, onMessage: (bytes: Uint8Array) => void): void {
  const length = Buffer.allocUnsafe(LENGTH);
  let lengthHave = 0;
  let message: Buffer | undefined;
  let have = 0;
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      if (!message && lengthHave === 0 && chunk.length - at >= LENGTH) {
        // The usual case: a whole message in one chunk, of which a view will do.
        const size = chunk.readUInt32LE(at);
        if (chunk.length - at - LENGTH >= size) {
          onMessage(chunk.subarray(at + LENGTH, at + LENGTH + size));
          at += LENGTH + size;
          continue;
        }
      }
      if (!message) {
        const taken = chunk.copy(length, lengthHave, at, at + LENGTH - lengthHave);
        at += taken;
        lengthHave += taken;
        if (lengthHave < LENGTH) return;
        message = Buffer.allocUnsafeSlow(length.readUInt32LE());
        lengthHave = have = 0;
      }
      const taken = chunk.copy(message, have, at);
      at += taken;
      have += taken;
      if (have < message.length) return;
      const whole = message;
      message = undefined;
      onMessage(whole);
    }
  });
}

/** The file behind a stamp. */
function fileAsBytes(sequence: number): Uint8Array {
  const payload = serialize(fileChunks());
  const bytes = Buffer.allocUnsafeSlow(HEADER_SIZE + payload.length + 8);
  bytes.set(payload, HEADER_SIZE);
  new Message(bytes).stamp(sequence, Kind.FETCH);
  return bytes;
}

export async function serve(setting: Setting): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const responder = new Responder(setting.size);
    readMessages(socket, (bytes) => {
      const answer = responder.answerTo(bytes, fileAsBytes);
      if (answer) write(socket, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path(setting), resolve));
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

class NetLink implements Link {
  readonly blocking = false;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #socket: Socket;
  readonly #request = Message.ofSize(NOTE_SIZE);

  constructor(socket: Socket) {
    this.#socket = socket;
    readMessages(socket, (bytes) => {
      if (kindOf(bytes) === Kind.FETCH) {
        this.onFile(asChunks(deserialize(bytes.subarray(HEADER_SIZE)) as Chunk[]));
      } else {
        this.onReply(bytes);
      }
    });
  }

  send(bytes: Uint8Array): void {
    write(this.#socket, bytes);
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    // The sender stamps the next message while this one may still wait: a copy of its own for each.
    if (write(this.#socket, bytes.length > JOIN_LIMIT ? Buffer.from(bytes) : bytes)) return undefined;
    return new Promise((resolve) => this.#socket.once('drain', resolve));
  }

  fetch(last: boolean): void {
    this.#request.stamp(0, Kind.FETCH, last);
    write(this.#socket, this.#request.bytes);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()).destroy());
  }
}

export async function connect(setting: Setting): Promise<Link> {
  const socket = netConnect(path(setting));
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return new NetLink(socket);
}
