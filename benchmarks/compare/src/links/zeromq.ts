// zeromq 6 over ipc://: REQ/REP for round trips, PUSH/PULL one way; a structured payload is a multipart message.
import { join } from 'node:path';
import { Pull, Push, Reply, Request } from 'zeromq';
import { asChunks, fileChunks } from '../peer/file.js';
import { Kind, kindOf, Message, NOTE_SIZE } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { ignore, type Link, type Server, type Setting } from './link.js';

/** Only small messages are measured with several clients at once. */
const SHARED_LIMIT = 64 * 1024;

const address = ({ runDir }: Setting, which: string) => `ipc://${join(runDir, which)}`;

/** What goes in front of the chunks: their sizes and hashes, as JSON. */
type Listing = { size: number; hash: string }[];

export async function serve(setting: Setting): Promise<Server> {
  const trips = new Reply();
  const pushes = new Pull();
  const notes = new Push();
  await trips.bind(address(setting, 'trips'));
  await pushes.bind(address(setting, 'pushes'));
  await notes.bind(address(setting, 'notes'));
  void answer(trips, setting);
  void sink(pushes, notes, setting);
  return {
    async close() {
      for (const socket of [trips, pushes, notes]) socket.close();
    },
  };
}

async function answer(trips: Reply, setting: Setting): Promise<void> {
  const responder = new Responder(setting.size);
  for await (const [bytes] of trips) {
    if (kindOf(bytes!) === Kind.FETCH) await trips.send(fileAsParts());
    else await trips.send(ownBytes(responder.onMessage(bytes!)!.bytes));
  }
}

/** A socket may send from these bytes after send() is done, when another client's answer is being stamped already. */
const ownBytes = (bytes: Uint8Array) => (bytes.length <= SHARED_LIMIT ? Buffer.from(bytes) : bytes);

function fileAsParts(): (string | Uint8Array)[] {
  const file = fileChunks();
  const listing: Listing = file.map(({ size, hash }) => ({ size, hash: hash.toString(16) }));
  return [JSON.stringify(listing), ...file.map(({ data }) => data)];
}

async function sink(pushes: Pull, notes: Push, setting: Setting): Promise<void> {
  const responder = new Responder(setting.size);
  for await (const [bytes] of pushes) {
    const note = responder.onMessage(bytes!);
    if (note) await notes.send(Buffer.from(note.bytes));
  }
}

class ZeromqLink implements Link {
  readonly blocking = false;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #trips = new Request();
  readonly #pushes = new Push();
  readonly #notes = new Pull();
  readonly #request = Message.ofSize(NOTE_SIZE);

  constructor(setting: Setting) {
    this.#trips.connect(address(setting, 'trips'));
    this.#pushes.connect(address(setting, 'pushes'));
    this.#notes.connect(address(setting, 'notes'));
    void this.#receiveNotes();
  }

  async #receiveNotes(): Promise<void> {
    for await (const [note] of this.#notes) this.onReply(note!);
  }

  send(bytes: Uint8Array): void {
    void this.#trip(bytes);
  }

  async #trip(bytes: Uint8Array): Promise<void> {
    await this.#trips.send(bytes);
    const [reply] = await this.#trips.receive();
    this.onReply(reply!);
  }

  push(bytes: Uint8Array): Promise<void> {
    // Sent without a copy, perhaps later: each message must have bytes of its own.
    return this.#pushes.send(Buffer.from(bytes));
  }

  fetch(last: boolean): void {
    this.#request.stamp(0, Kind.FETCH, last);
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    await this.#trips.send(this.#request.bytes);
    const [listing, ...parts] = await this.#trips.receive();
    const entries = JSON.parse(listing!.toString()) as Listing;
    this.onFile(
      asChunks(entries.map(({ size, hash }, i) => ({ data: parts[i]!, size, hash: BigInt(`0x${hash}`) }))),
    );
  }

  async close(): Promise<void> {
    for (const socket of [this.#trips, this.#pushes, this.#notes]) socket.close();
  }
}

export const connect = async (setting: Setting): Promise<Link> => new ZeromqLink(setting);
