// The protocol's own messages, built here, are byte for byte those that C++ Flow-IPC was recorded sending.

import { readFileSync } from 'node:fs';
import {
  type BuilderOf,
  MessageBuilder,
  MessageReader,
  type ReaderOf,
  type StructType,
} from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { MqType, ShmType } from '../../session/src/generated/common.capnp.js';
import {
  SessionMasterChannelMessageBody as Body,
  OpenChannelResult,
} from '../../session/src/generated/session-master-channel.capnp.js';
import { ShmTopSerialization } from '../../shm/src/generated/serialization.capnp.js';
import {
  ProtocolNegotiation,
  StructuredMessage,
} from '../../structured/src/generated/structured-msg.capnp.js';

interface Recorded {
  readonly dir: 'in' | 'out';
  readonly hex: string;
}
const vectors = JSON.parse(readFileSync(new URL('./vectors/wire.json', import.meta.url), 'utf8')) as {
  transcripts: Record<string, Recorded[]>;
};

function blob(transcript: string, dir: 'in' | 'out', index: number): string {
  return vectors.transcripts[transcript]!.filter((frame) => frame.dir === dir)[index]!.hex;
}

function read<T extends StructType>(hex: string, type: T): ReaderOf<T> {
  return new MessageReader([new Uint8Array(Buffer.from(hex, 'hex'))]).getRoot(type) as ReaderOf<T>;
}

function build<T extends StructType>(type: T, fill: (root: BuilderOf<T>) => void): string {
  const message = new MessageBuilder();
  fill(message.initRoot(type) as BuilderOf<T>);
  expect(message.segmentCount).toBe(1);
  return Buffer.from(message.segments()[0]!).toString('hex');
}

const MASTERS = ['session-heap-master', 'session-classic-master', 'session-jemalloc-master'];

describe('structured negotiation and metadata', () => {
  it.each([...MASTERS, 'structured-heap-a', 'structured-heap-b'])('%s: ProtocolNegotiation', (name) => {
    for (const dir of ['in', 'out'] as const) {
      const hex = blob(name, dir, 0);
      const negotiation = read(hex, ProtocolNegotiation);
      expect([negotiation.maxProtoVer, negotiation.maxProtoVerAux]).toEqual([1, 1]);
      expect(
        build(ProtocolNegotiation, (root) => {
          root.maxProtoVer = 1;
          root.maxProtoVerAux = 1;
        }),
      ).toBe(hex);
    }
  });

  it('rebuilds every metadata message of the recordings', () => {
    let rebuilt = 0;
    const all = Object.values(vectors.transcripts).flat();
    for (const { hex } of all) {
      if ((hex.length !== 160 && hex.length !== 176) || !hex.startsWith('0000000003000300')) continue;
      const seen = read(hex, StructuredMessage);
      expect(seen.which).toBe('numBodySerializationSegments');
      expect(seen.numBodySerializationSegments).toBe(1n);
      const token = seen.authHeader.sessionToken;
      const again = build(StructuredMessage, (root) => {
        const uuid = root.initAuthHeader().initSessionToken();
        uuid.first8 = token.first8;
        uuid.last8 = token.last8;
        root.id = seen.idNumber;
        root.numBodySerializationSegments = 1;
        if (seen.hasOriginatingMessageOrNull()) {
          root.initOriginatingMessageOrNull().id = seen.originatingMessageOrNull.id;
        }
      });
      expect(again).toBe(hex);
      rebuilt++;
    }
    expect(rebuilt).toBeGreaterThan(20);
  });

  it('tells requests from responses and keeps the token', () => {
    const request = read(blob('session-heap-master', 'out', 1), StructuredMessage);
    expect(request.hasOriginatingMessageOrNull()).toBe(false);
    expect(request.id).toBe(1n);
    expect(request.hasAuthHeader() && request.authHeader.hasSessionToken()).toBe(true);
    expect(request.authHeader.sessionToken.first8).toBe(0n);
    const response = read(blob('session-heap-master', 'in', 1), StructuredMessage);
    expect(response.originatingMessageOrNull.id).toBe(1n);
    expect(response.authHeader.sessionToken.first8).not.toBe(0n);
  });
});

describe('session master channel', () => {
  it.each([
    ['session-heap-master', MqType.none, ShmType.none],
    ['session-classic-master', MqType.bipc, ShmType.classic],
    ['session-jemalloc-master', MqType.bipc, ShmType.jemalloc],
  ] as const)('%s: LogInReq', (name, mq, shm) => {
    const hex = blob(name, 'out', 2);
    const body = read(hex, Body);
    expect(body.which).toBe('logInReq');
    const seen = body.logInReq;
    expect(seen.mqTypeOrNone).toBe(mq);
    expect(seen.shmTypeOrNone).toBe(shm);
    expect(seen.ownApp.name).toBe('cli');
    expect(seen.protocolNegotiationToServer.maxProtoVer).toBe(1);
    expect(seen.hasMetadata()).toBe(true);
    expect(seen.metadata.hasPayload()).toBe(false);
    expect(seen.numInitChannelsByCliReq).toBe(0n);

    const credentials = seen.claimedOwnProcessCredentials;
    expect(credentials.processId).toBeGreaterThan(1);
    expect(
      build(Body, (root) => {
        const req = root.initLogInReq();
        req.initMetadata(); // the C++ side allocates it first
        const negotiation = req.initProtocolNegotiationToServer();
        negotiation.maxProtoVer = 1;
        negotiation.maxProtoVerAux = 1;
        req.mqTypeOrNone = mq;
        req.shmTypeOrNone = shm;
        req.nativeHandleTransmissionEnabled = seen.nativeHandleTransmissionEnabled;
        const own = req.initClaimedOwnProcessCredentials();
        own.processId = credentials.processId;
        own.userId = credentials.userId;
        own.groupId = credentials.groupId;
        req.initOwnApp().name = 'cli';
      }),
    ).toBe(hex);
  });

  it.each(MASTERS)('%s: LogInRsp', (name) => {
    const hex = blob(name, 'in', 2);
    const seen = read(hex, Body).logInRsp;
    expect(seen.clientNamespace).toBe('1');
    expect(seen.numInitChannelsBySrvReqNumber).toBe(name === 'session-heap-master' ? 0 : 1);
    expect(
      build(Body, (root) => {
        const rsp = root.initLogInRsp();
        rsp.initMetadata(); // the C++ side allocates it first
        const negotiation = rsp.initProtocolNegotiationToClient();
        negotiation.maxProtoVer = 1;
        negotiation.maxProtoVerAux = 1;
        rsp.clientNamespace = '1';
        rsp.numInitChannelsBySrvReq = seen.numInitChannelsBySrvReq;
      }),
    ).toBe(hex);
  });

  it.each(['session-classic-master', 'session-jemalloc-master'])('%s: OpenChannelToClient', (name) => {
    const request = blob(name, 'in', 4);
    const seen = read(request, Body).openChannelToClientReq;
    expect(seen.clientToServerMqAbsNameOrEmpty).toMatch(/^_libipc_bipcQ_srv_\d+_cli_1_c2s_1$/);
    expect(seen.serverToClientMqAbsNameOrEmpty).toMatch(/^_libipc_bipcQ_srv_\d+_cli_1_s2c_1$/);
    expect(
      build(Body, (root) => {
        const req = root.initOpenChannelToClientReq();
        req.clientToServerMqAbsNameOrEmpty = seen.clientToServerMqAbsNameOrEmpty;
        req.serverToClientMqAbsNameOrEmpty = seen.serverToClientMqAbsNameOrEmpty;
        if (seen.hasMetadata()) req.initMetadata();
      }),
    ).toBe(request);

    const response = blob(name, 'out', 4);
    expect(read(response, Body).openChannelToClientRsp.openChannelResult).toBe(OpenChannelResult.accepted);
    expect(
      build(Body, (root) => {
        root.initOpenChannelToClientRsp().openChannelResult = OpenChannelResult.accepted;
      }),
    ).toBe(response);
  });

  it('bodies without fields: jemallocShmSetup, its default answer, gracefulSessionEnd', () => {
    const small = vectors.transcripts['session-jemalloc-master']!.filter(({ hex }) => hex.length === 48);
    const [setup, answer, ...ends] = small.map(({ hex }) => hex);
    expect(read(setup!, Body).which).toBe('jemallocShmSetup');
    expect(read(setup!, Body).hasJemallocShmSetup()).toBe(true);
    expect(build(Body, (root) => root.initJemallocShmSetup())).toBe(setup);

    expect(read(answer!, Body).which).toBe('logInReq');
    expect(read(answer!, Body).hasLogInReq()).toBe(false);
    expect(build(Body, () => {})).toBe(answer);

    expect(ends.length).toBe(2);
    for (const end of ends) {
      expect(read(end, Body).which).toBe('gracefulSessionEnd');
      expect(build(Body, (root) => root.initGracefulSessionEnd())).toBe(end);
    }
  });
});

describe('ShmTopSerialization', () => {
  it.each([
    ['structured-classic-requests', 8],
    ['jemalloc-fd72', 12],
  ] as const)('%s: handles of %i bytes', (name, size) => {
    const frames = vectors.transcripts[name]!.filter(({ hex }) => hex.startsWith('0000000000000100'));
    expect(frames.length).toBeGreaterThan(1);
    for (const { hex } of frames) {
      const handle = read(hex, ShmTopSerialization).segmentListInShm.serialization;
      expect(handle.length).toBe(size);
      expect(
        build(ShmTopSerialization, (root) => {
          root.initSegmentListInShm().serialization = handle;
        }),
      ).toBe(hex);
    }
  });
});
