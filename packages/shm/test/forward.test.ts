// Messages sent on to a third party: in the same memory where the arena is the same, else as a copy.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NativeSocketStream, socketStreamChannel } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientSession, type ServerSession, SessionServer } from '../src/index.js';
import { apps, Body, keep, open, tearDown, turn } from './harness.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const SIZE = 1_000_000;

describe('a message of the app’s arena', () => {
  it('reaches a third process in the memory that it was written in', async () => {
    const { client: CLI, server: SRV } = apps();
    const server = keep(await SessionServer.create({ server: SRV, clients: [CLI] }));
    const meet = async () => {
      const accepting = server.accept();
      const client = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
      const session = keep(await accepting);
      session.initHandlers({});
      return [client, session] as const;
    };
    const [sender, one] = await meet();
    const [receiver, other] = await meet();
    const pool = one.appShm;
    const free = pool.freeBytes;

    const inApp = (session: ClientSession | ServerSession) =>
      session.structured(session.channels[0]!, Body, { serialization: session.memory.appSerialization });
    const out = inApp(sender);
    const middleIn = inApp(one);
    const middleOut = inApp(other);
    const last = inApp(receiver);

    const msg = out.createMsg({ firstSegmentBytes: SIZE + 100 });
    const written = msg.body.initFile().initData(SIZE).fill(5);
    out.send(msg);
    const received = (await middleIn.messages('file').next()).value!;
    const used = free - pool.freeBytes;
    const forwarded = middleOut.forwardMsg(received);
    expect(String(forwarded)).toBe('MsgOut sent on as it came');
    expect(() => forwarded.body).toThrow(TypeError);
    middleOut.send(forwarded);
    middleOut.send(forwarded);
    // Nothing but two messages' metadata has been added.
    expect(free - pool.freeBytes - used).toBeLessThan(2000);
    received.release();
    forwarded.release();
    forwarded.release();
    expect(() => middleOut.send(forwarded)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/RELEASED$/) }),
    );

    const messages = last.messages('file');
    const [first, second] = [(await messages.next()).value!, (await messages.next()).value!];
    written[SIZE - 1] = 77;
    for (const { body } of [first, second]) expect(body.file.data[SIZE - 1]).toBe(77);
    // And back again, as the answer to nobody.
    using back = last.forwardMsg(first);
    last.send(back);
    first.release();
    second.release();
    msg.release();
    const again = (await middleOut.messages('file').next()).value!;
    expect(again.body.file.data[SIZE - 1]).toBe(77);
    again.release();
    back.release();
    await turn(5);
    expect(pool.freeBytes).toBe(free);
    expect(pool.freeBytes).toBe(server.appShm(CLI.name).freeBytes);
  });

  it('is given back when the client that still holds it ends its session', async () => {
    const { client: CLI, server: SRV } = apps();
    const server = keep(await SessionServer.create({ server: SRV, clients: [CLI] }));
    const accepting = server.accept();
    const client = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
    const session = keep(await accepting);
    session.initHandlers({});
    const free = session.appShm.freeBytes;
    const ours = session.structured(session.channels[0]!, Body, {
      serialization: session.memory.appSerialization,
    });
    const theirs = client.structured(client.channels[0]!, Body, {
      serialization: client.memory.appSerialization,
    });
    {
      using msg = ours.buildMsg((body) => (body.initFile().data = new Uint8Array(100)));
      for (let i = 0; i < 3; i++) ours.send(msg);
    }
    const messages = theirs.messages('file');
    const first = (await messages.next()).value!;
    const { data } = first.body.file;
    theirs.forwardMsg((await messages.next()).value!);
    (await messages.next()).value!.release();
    theirs.buildMsg((body) => (body.initFile().data = new Uint8Array(9)));
    expect(session.appShm.freeBytes).toBeLessThan(free);
    await client.close();
    expect(session.appShm.freeBytes).toBe(free);
    expect(data.length).toBe(0);
    first.release();
    expect(session.appShm.freeBytes).toBe(free);
  });

  it('is given back when what was to send it on is collected', async () => {
    const { session, ours, theirs } = await open();
    const free = session.sessionShm.freeBytes;
    {
      using msg = ours.buildMsg((body) => (body.initFile().data = new Uint8Array(100)));
      ours.send(msg);
      using received = (await theirs.messages('file').next()).value!;
      theirs.forwardMsg(received);
    }
    expect(session.sessionShm.freeBytes).toBeLessThan(free);
    for (let i = 0; i < 50 && session.sessionShm.freeBytes !== free; i++) {
      gc();
      await turn(10);
    }
    expect(session.sessionShm.freeBytes).toBe(free);
  });
});

describe('a message that lies elsewhere', () => {
  it('is copied: into another session’s arena, to the heap, and from it', async () => {
    const { ours, theirs } = await open();
    const other = await open();
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i);
    using msg = ours.buildMsg((body) => (body.initFile().data = data));
    ours.send(msg);
    const messages = theirs.messages('file');
    const received = (await messages.next()).value!;

    using copy = other.ours.forwardMsg(received);
    const heapEnds = NativeSocketStream.pair().map(
      (fd) => new StructuredChannel(socketStreamChannel(new NativeSocketStream(fd)), Body),
    );
    const [near, far] = heapEnds.map(keep) as typeof heapEnds;
    using onHeap = near!.forwardMsg(received);
    received.release();
    expect(() => near!.forwardMsg(received)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/RELEASED$/) }),
    );
    // Copies are ours to write.
    copy.body.file.data[0] = 99;
    other.ours.send(copy);
    using first = (await other.theirs.messages('file').next()).value!;
    expect([...first.body.file.data.subarray(0, 3)]).toEqual([99, 1, 2]);
    near!.send(onHeap);
    using second = (await far!.messages('file').next()).value!;
    expect(Buffer.compare(second.body.file.data, data)).toBe(0);
    using third = ours.forwardMsg(second);
    ours.send(third);
    using back = (await messages.next()).value!;
    expect(Buffer.compare(back.body.file.data, data)).toBe(0);
  });
});
