// The recorded C++ log-ins: our server answers the C++ client, our client the C++ server, in the same bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { MessageReader } from '@flow-ipc/capnp';
import { Channel, type FlowIpcError, NativeSocketStream, NativeSocketStreamAcceptor } from '@flow-ipc/core';
import { closeFd, recv, send } from '@flow-ipc/native';
import { heapSerialization, StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it } from 'vitest';
import { listenerName } from '../src/app.js';
import { SessionMasterChannelMessageBody as Body } from '../src/generated/session-master-channel.capnp.js';
import { ClientSession, cnsPath, SessionServer } from '../src/index.js';
import { CLI, keep, serverApp, tearDown, turn } from './harness.js';

interface Frame {
  dir: 'in' | 'out';
  kind: string;
  len?: number;
  hex: string;
  fds?: number;
}
interface Transcript {
  name: string;
  frames: Frame[];
}

const { transcripts } = JSON.parse(
  readFileSync(new URL('./vectors/wire-session.json', import.meta.url), 'utf8'),
) as {
  transcripts: Transcript[];
};
const transcript = (name: string) => transcripts.find((t) => t.name === name)!;
const bytesOf = (frames: Frame[]) => Buffer.from(frames.map((f) => f.hex).join(''), 'hex');
const upTo = (frames: Frame[], dir: 'in' | 'out') =>
  frames.filter((f) => f.dir === dir && f.kind !== 'end-of-sending');

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

/** Where the recorded client's log-in body holds pid, uid and gid: words 11 and 12, as three 32-bit numbers. */
const CREDENTIALS_AT = 11 * 8;
/** Where metadata holds the session token: words 8 and 9. */
const TOKEN_AT = 8 * 8;
/** Version, negotiation, ping, then length and 80 bytes of metadata, then the length of the body. */
const CLIENT_BODY_AT = 2 + 18 + 2 + 82 + 2;
/** The one bit that our client sets and the C++ client leaves 0: it understands refusals. */
const OUR_BIT = { at: CLIENT_BODY_AT + 3 * 8 + 2, mask: 0b10 };
const SERVER_METADATA_AT = 2 + 18 + 2 + 2;

function putCredentials(bytes: Buffer): Buffer {
  bytes.writeInt32LE(process.pid, CLIENT_BODY_AT + CREDENTIALS_AT);
  bytes.writeUInt32LE(process.geteuid!(), CLIENT_BODY_AT + CREDENTIALS_AT + 4);
  bytes.writeUInt32LE(process.getegid!(), CLIENT_BODY_AT + CREDENTIALS_AT + 8);
  return bytes;
}

function readAll(fd: number): Buffer {
  const buffer = Buffer.alloc(65536);
  return buffer.subarray(0, Math.max(0, recv(fd, buffer, 0, buffer.length)));
}

const writeAll = (fd: number, bytes: Buffer) =>
  expect(send(fd, bytes, 0, bytes.length, null, 0, 0, -1)).toBe(bytes.length);

describe('session-heap-master', () => {
  const { frames } = transcript('session-heap-master');

  it('our server takes the C++ client and answers as the C++ server did', async () => {
    const app = serverApp();
    const server = keep(await SessionServer.create({ server: app, clients: [CLI], handles: false }));
    const accepted = server.accept();
    const fd = NativeSocketStream.connect(listenerName(app, String(process.pid))).release();
    keep({ close: () => closeFd(fd) });
    writeAll(fd, putCredentials(bytesOf(upTo(frames, 'out'))));
    const session = keep(await accepted);
    await turn(10);
    const expected = bytesOf(upTo(frames, 'in'));
    expected.set(session.sessionToken, SERVER_METADATA_AT + TOKEN_AT);
    expect(readAll(fd).toString('hex')).toBe(expected.toString('hex'));
    // The recorded client then ends its sending.
    const ended = new Promise<FlowIpcError>((resolve) => session.initHandlers({ onError: resolve }));
    writeAll(fd, Buffer.from('0000', 'hex'));
    expect((await ended).code).toMatch(/RECEIVES_FINISHED_CANNOT_RECEIVE$/);
  });

  it('our client says what the C++ client said and takes the C++ server', async () => {
    const app = serverApp();
    writeFileSync(cnsPath(app), `${process.pid}\n`);
    const acceptor = keep(new NativeSocketStreamAcceptor(listenerName(app, String(process.pid))));
    const connecting = ClientSession.connect({ client: CLI, server: app, handles: false });
    const fd = (await acceptor.accept()).release();
    keep({ close: () => closeFd(fd) });
    await turn(10);
    const expected = putCredentials(bytesOf(upTo(frames, 'out')));
    expected[OUR_BIT.at]! |= OUR_BIT.mask;
    expect(readAll(fd).toString('hex')).toBe(expected.toString('hex'));
    const answer = bytesOf(upTo(frames, 'in'));
    writeAll(fd, answer);
    const client = await connecting;
    const token = answer.subarray(SERVER_METADATA_AT + TOKEN_AT, SERVER_METADATA_AT + TOKEN_AT + 16);
    expect(Buffer.compare(client.sessionToken, token)).toBe(0);
    expect(client.scope.clientNamespace).toBe('1');
    await client.close();
    expect(readAll(fd).toString('hex')).toMatch(/0000$/);
  });
});

/** The bodies of a recorded conversation in order, each by our readers. */
function bodies({ frames }: Transcript, dir: 'in' | 'out'): { body: Body.Reader; hex: string }[] {
  const messages = frames.filter((f) => f.dir === dir && f.kind === 'message').slice(1); // less the negotiation
  return messages
    .filter((_, i) => i % 2 === 1) // less the metadata
    .map((f) => {
      const segment = Buffer.from(f.hex, 'hex').subarray(2);
      return {
        body: new MessageReader([new Uint8Array(segment)]).getRoot(Body),
        hex: segment.toString('hex'),
      };
    });
}

/** The same message by our builders. */
function rebuild(body: Body.Reader, fill: (root: Body.Builder) => void): string {
  const [a, b] = NativeSocketStream.pair();
  closeFd(b);
  const channel = keep(new StructuredChannel(new Channel(new NativeSocketStream(a)), Body));
  const msg = channel.createMsg();
  fill(msg.body);
  expect(msg.body.which).toBe(body.which);
  return Buffer.from(msg.emit(65534, heapSerialization)[0]!).toString('hex');
}

describe.each([
  ['session-classic-master', 1],
  ['session-jemalloc-master', 2],
])('%s', (name, shmType) => {
  const recorded = transcript(name);

  it('is understood', () => {
    const kinds = (dir: 'in' | 'out') => bodies(recorded, dir).map((m) => m.body.which);
    const more = name.includes('jemalloc');
    expect(kinds('out')).toEqual([
      'logInReq',
      'openChannelToClientRsp',
      ...(more ? ['logInReq', 'gracefulSessionEnd'] : []),
    ]);
    expect(kinds('in')).toEqual([
      'logInRsp',
      'openChannelToClientReq',
      ...(more ? ['jemallocShmSetup', 'gracefulSessionEnd'] : []),
    ]);
    const request = bodies(recorded, 'out')[0]!.body.logInReq;
    expect([request.shmTypeOrNone, request.mqTypeOrNone, request.nativeHandleTransmissionEnabled]).toEqual([
      shmType,
      2,
      false,
    ]);
    expect(request.ownApp.name).toBe('cli');
    expect(bodies(recorded, 'in')[0]!.body.logInRsp.numInitChannelsBySrvReq).toBe(1n);
    const open = bodies(recorded, 'in')[1]!.body.openChannelToClientReq;
    expect(open.clientToServerMqAbsNameOrEmpty).toMatch(/^_libipc_bipcQ_srv_\d+_cli_1_c2s_1$/);
  });

  it('is what our builders make of the same values', () => {
    const [logInReq, openRsp] = bodies(recorded, 'out');
    const [logInRsp, openReq] = bodies(recorded, 'in');
    const names = openReq!.body.openChannelToClientReq;
    const claimed = logInReq!.body.logInReq.claimedOwnProcessCredentials;
    const made = [
      rebuild(logInReq!.body, (root) => {
        const r = root.initLogInReq();
        r.initMetadata();
        const n = r.initProtocolNegotiationToServer();
        n.maxProtoVer = n.maxProtoVerAux = 1;
        r.mqTypeOrNone = 2;
        r.shmTypeOrNone = shmType as 1 | 2;
        const c = r.initClaimedOwnProcessCredentials();
        c.processId = claimed.processId;
        c.userId = claimed.userId;
        c.groupId = claimed.groupId;
        r.initOwnApp().name = 'cli';
      }),
      rebuild(openRsp!.body, (root) => (root.initOpenChannelToClientRsp().openChannelResult = 0)),
      rebuild(logInRsp!.body, (root) => {
        const r = root.initLogInRsp();
        r.initMetadata();
        const n = r.initProtocolNegotiationToClient();
        n.maxProtoVer = n.maxProtoVerAux = 1;
        r.clientNamespace = '1';
        r.numInitChannelsBySrvReq = 1n;
      }),
      rebuild(openReq!.body, (root) => {
        const r = root.initOpenChannelToClientReq();
        r.clientToServerMqAbsNameOrEmpty = names.clientToServerMqAbsNameOrEmpty;
        r.serverToClientMqAbsNameOrEmpty = names.serverToClientMqAbsNameOrEmpty;
      }),
    ];
    expect(made).toEqual([logInReq!.hex, openRsp!.hex, logInRsp!.hex, openReq!.hex]);
  });
});
