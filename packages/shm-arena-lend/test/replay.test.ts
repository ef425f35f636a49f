// The recorded C++ session with SHM-jemalloc and bipc queues, played against ours in either role, in the same bytes.
// Its lend channel was not recorded from the start: the peer's end of that is spoken by a plain channel.
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { MessageBuilder } from '@flow-ipc/capnp';
import {
  BipcMqHandle,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  socketStreamChannelOfBlobs,
} from '@flow-ipc/core';
import { closeFd, out, recv, send } from '@flow-ipc/native';
import { cnsPath } from '@flow-ipc/session';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, expect, it } from 'vitest';
import { listenerName } from '../../session/src/app.js';
import { SessionMasterChannelMessageBody as Master } from '../../session/src/generated/session-master-channel.capnp.js';
import { IpcShmMessage } from '../src/generated/ipc-shm-message.capnp.js';
import { ClientSession, SessionServer } from '../src/index.js';
import { apps, keep, poolFiles, tearDown, until } from './harness.js';

interface Frame {
  dir: 'in' | 'out';
  kind: string;
  hex: string;
}
const { transcripts } = JSON.parse(
  readFileSync(new URL('../../session/test/vectors/wire-session.json', import.meta.url), 'utf8'),
) as { transcripts: { name: string; frames: Frame[] }[] };
const { frames } = transcripts.find(({ name }) => name === 'session-jemalloc-master')!;

/** In the order in which each side said it. */
const said = (dir: 'in' | 'out') => frames.filter((f) => f.dir === dir).map((f) => Buffer.from(f.hex, 'hex'));
const client = said('out');
const server = said('in');
/** Version, negotiation, ping, and two frames a message. */
const message = (side: Buffer[], n: number) => Buffer.concat(side.slice(3 + 2 * n, 5 + 2 * n));
const HELLO = 3;
/** In a message: where its metadata holds the session token, and where its body begins. */
const TOKEN_AT = 2 + 64;
const BODY_AT = 2 + 80 + 2;
const CREDENTIALS_AT = BODY_AT + 11 * 8;
/** The one bit that our client sets and the C++ client leaves 0: it understands refusals. */
const OUR_BIT = { at: BODY_AT + 3 * 8 + 2, mask: 0b10 };
const ANSWER_TOKEN = 16;

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const logInOf = (pid: number) => {
  const bytes = message(client, 0);
  bytes.writeInt32LE(pid, CREDENTIALS_AT);
  bytes.writeUInt32LE(process.geteuid!(), CREDENTIALS_AT + 4);
  bytes.writeUInt32LE(process.getegid!(), CREDENTIALS_AT + 8);
  return bytes;
};

/** The recorded side's socket: what ours says is read until there is as much of it as was recorded. */
function raw(fd: number) {
  keep({ close: () => closeFd(fd) });
  const fds: number[] = [];
  return {
    write: (bytes: Buffer, attached = -1) =>
      expect(send(fd, bytes, 0, bytes.length, null, 0, 0, attached)).toBe(bytes.length),
    async read(length: number): Promise<Buffer> {
      const bytes = Buffer.alloc(length);
      let have = 0;
      await until(() => {
        const n = recv(fd, bytes, have, length - have);
        if (n > 0) have += n;
        if (n > 0 && out[1]! >= 0) fds.push(out[1]!);
        return have === length;
      });
      return bytes;
    },
    takeFds: () => fds.splice(0),
  };
}

const hex = (bytes: Buffer) => bytes.toString('hex');

/** The peer's end of the lend channel: takes every arena, and lends one of its own when it is told to. */
function lendPeer(fd: number, token: Uint8Array) {
  const stream = new NativeSocketStream(fd);
  const channel = keep(
    new StructuredChannel(socketStreamChannelOfBlobs(stream), IpcShmMessage, { sessionToken: token }),
  );
  const arenas: number[] = [];
  channel.expectMsgs('lendArena', (request) => {
    arenas.push(request.body.lendArena.collectionId);
    using answer = channel.buildMsg('response', (r) => (r.success = true));
    channel.send(answer, request);
    request.release();
  });
  const lend = async (collectionId: number) => {
    using request = channel.buildMsg('lendArena', (r) => (r.collectionId = collectionId));
    using response = await channel.request(request);
    expect(response.body.response.success).toBe(true);
  };
  return { arenas, lend };
}

it('our client says what the C++ client said, and takes the C++ server', async () => {
  const { client: CLI, server: SRV } = apps();
  writeFileSync(cnsPath(SRV), `${process.pid}\n`);
  const acceptor = keep(new NativeSocketStreamAcceptor(listenerName(SRV, String(process.pid))));
  const over: string[] = [];
  const connecting = ClientSession.connect({
    client: CLI,
    server: SRV,
    handles: false,
    queues: 'bipc',
    onError: (error) => over.push(error.code),
  });
  const peer = raw((await acceptor.accept()).release());
  const hello = Buffer.concat(client.slice(0, HELLO));
  expect(hex(await peer.read(hello.length))).toBe(hex(hello));
  const logIn = logInOf(process.pid);
  logIn[OUR_BIT.at]! |= OUR_BIT.mask;
  expect(hex(await peer.read(logIn.length))).toBe(hex(logIn));

  // The answer, and a channel of queues: only their names are other ones, as the app's and the process's are.
  const names = ['c2s', 's2c'].map((way) => `_libipc_bipcQ_${SRV.name}_${process.pid}_cli_1_${way}_1`);
  for (const name of names) {
    keep(BipcMqHandle.create(name, { maxMessages: 10, maxMsgSize: 512 }));
  }
  const builder = new MessageBuilder();
  const body = builder.initRoot(Master).initOpenChannelToClientReq();
  body.clientToServerMqAbsNameOrEmpty = names[0]!;
  body.serverToClientMqAbsNameOrEmpty = names[1]!;
  const segment = builder.segments()[0]!;
  const openRequest = Buffer.concat([server[5]!, Uint8Array.of(segment.length, 0), segment]);
  peer.write(Buffer.concat([...server.slice(0, HELLO), message(server, 0), openRequest]));
  const opened = message(client, 1);
  expect(hex(await peer.read(opened.length))).toBe(hex(opened));

  const [ours, theirs] = NativeSocketStream.pair();
  const setUp = message(server, 2);
  // A descriptor goes with the first frame, in a write of its own.
  peer.write(setUp.subarray(0, BODY_AT - 2), theirs);
  peer.write(setUp.subarray(BODY_AT - 2));
  closeFd(theirs);
  const token = new Uint8Array(setUp.subarray(TOKEN_AT, TOKEN_AT + ANSWER_TOKEN));
  const lender = lendPeer(ours, token);
  const answered = message(client, 2);
  expect(hex(await peer.read(answered.length))).toBe(hex(answered));
  await lender.lend(1);
  await lender.lend(2);
  const session = keep(await connecting);
  expect(lender.arenas).toEqual([session.sessionShm.collectionId]);
  expect(session.channels.length).toBe(1);

  const closing = session.close();
  const end = message(client, 3);
  expect(hex(await peer.read(end.length))).toBe(hex(end));
  peer.write(message(server, 3));
  await closing;
  expect(hex(await peer.read(2))).toBe(hex(client.at(-1)!));
  expect(over).toEqual([]);
  // The queues, and the two marks that somebody has opened them, are the server's to remove.
  for (const name of poolFiles()) if (name.includes('bipcQ')) unlinkSync(`/dev/shm/${name}`);
});

it('our server says what the C++ server said, and takes the C++ client', async () => {
  const { client: CLI, server: SRV } = apps();
  const options = { handles: false, queues: 'bipc' } as const;
  const ours = keep(await SessionServer.create({ server: SRV, clients: [CLI], ...options }));
  const accepting = ours.accept({ initChannels: () => 1 });
  const peer = raw(NativeSocketStream.connect(listenerName(SRV, String(process.pid))).release());
  peer.write(Buffer.concat([...client.slice(0, HELLO), logInOf(process.pid)]));
  const hello = Buffer.concat(server.slice(0, HELLO));
  expect(hex(await peer.read(hello.length))).toBe(hex(hello));
  const logIn = await peer.read(message(server, 0).length);
  const token = new Uint8Array(logIn.subarray(TOKEN_AT, TOKEN_AT + ANSWER_TOKEN));
  /** As recorded, but for the token, which every server makes up. */
  const here = (recorded: Buffer) => {
    recorded.set(token, TOKEN_AT);
    return recorded;
  };
  expect(hex(logIn)).toBe(hex(here(message(server, 0))));

  // The names of the queues have our app's name and process in them; session's tests look at how they are written.
  const metadata = await peer.read(server[5]!.length);
  expect(hex(metadata)).toBe(hex(here(Buffer.from(server[5]!))));
  const length = await peer.read(2);
  const openRequest = (await peer.read(length.readUInt16LE())).toString('latin1');
  for (const way of ['c2s', 's2c'])
    expect(openRequest).toContain(`_libipc_bipcQ_${SRV.name}_${process.pid}_cli_1_${way}_1\0`);
  expect(peer.takeFds()).toEqual([]);
  peer.write(here(message(client, 1)));

  const setUp = await peer.read(message(server, 2).length);
  expect(hex(setUp)).toBe(hex(here(message(server, 2))));
  const [fd] = peer.takeFds();
  const lender = lendPeer(fd!, token);
  peer.write(here(message(client, 2)));
  await lender.lend(1);
  const session = keep(await accepting);
  expect(lender.arenas).toEqual([session.sessionShm.collectionId, session.appShm.collectionId]);
  expect(session.channels.length).toBe(1);
  const over: string[] = [];
  session.initHandlers({ onError: (error) => over.push(error.code) });

  // The recorded client ends the session, and we say so at once, as the C++ server does.
  peer.write(here(message(client, 3)));
  const end = here(message(server, 3));
  expect(hex(await peer.read(end.length))).toBe(hex(end));
  await until(() => over.length > 0);
  expect(over).toEqual(['ERR_FLOW_IPC_SESSION_FINISHED']);
  peer.write(client.at(-1)!);
});
