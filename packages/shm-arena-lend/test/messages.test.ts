// Messages in arenas: built in place, lent, read in place by the peer, and given back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NativeSocketStream, socketStreamChannel } from '@flow-ipc/core';
import { t } from '@flow-ipc/shm';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it } from 'vitest';
import { Body, open, openOne, poolFiles, tearDown, turn, until } from './harness.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });

describe('messages', () => {
  it('are read where they were written, and give their memory back', async () => {
    const { session, client, ours, theirs } = await open();
    const data = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
    theirs.expectMsgs('get', (request) => {
      using _ = request;
      using response = theirs.createMsg();
      response.body.initFile().data = data;
      theirs.send(response, request);
    });
    for (let i = 0; i < 50; i++) {
      using request = ours.buildMsg((body) => (body.initGet().name = `file ${i}`));
      using response = await ours.request(request);
      expect(Buffer.compare(response.body.file.data, data)).toBe(0);
    }
    await until(() => session.sessionShm.stats.objects === 0 && client.sessionShm.stats.objects === 0);
    expect(session.shmSession.counters.lentObjects).toBe(0);
    expect(session.shmSession.counters.loans).toBe(100);
  });

  it('have no limit on a leaf, and many segments', async () => {
    const { ours, theirs, session } = await open();
    {
      using big = ours.createMsg({ firstSegmentBytes: 64 });
      big.body.initFile().initData(100_000_000).set([1, 2, 3], 99_999_997);
      ours.send(big);
      using got = (await theirs.messages('file').next()).value!;
      expect([...got.body.file.data.subarray(-4)]).toEqual([0, 1, 2, 3]);
      expect(got.body.file.data.length).toBe(100_000_000);
    }
    await until(() => session.sessionShm.stats.objects === 0);
    session.sessionShm.trim();
    expect(session.sessionShm.stats.pools).toBe(0);
    await turn(10);
    expect(poolFiles().filter((name) => !name.startsWith('sem.'))).toEqual([]);
  });

  it('show later changes by the sender, and can be sent again', async () => {
    const { ours, theirs, session } = await open();
    const msg = ours.createMsg();
    const bytes = msg.body.initFile().initData(8);
    ours.send(msg);
    ours.send(msg);
    const messages = theirs.messages('file');
    const [first, second] = [(await messages.next()).value!, (await messages.next()).value!];
    bytes[3] = 77;
    expect([first.body.file.data[3], second.body.file.data[3]]).toEqual([77, 77]);
    first.release();
    msg.release();
    await turn(20);
    expect(session.sessionShm.stats.objects).toBe(1);
    expect(second.body.file.data[3]).toBe(77);
    second.release();
    await until(() => session.sessionShm.stats.objects === 0);
  });

  it('are dead once released', async () => {
    const { ours, theirs } = await open();
    const msg = ours.createMsg();
    const written = msg.body.initFile().initData(8);
    ours.send(msg);
    const got = (await theirs.messages('file').next()).value!;
    const seen = got.body.file.data;
    got.release();
    expect(seen.length).toBe(0);
    got.release();
    msg.release();
    expect(written.length).toBe(0);
  });

  it('cannot be harmed by who borrows them', async () => {
    const { ours, theirs } = await open();
    using msg = ours.createMsg();
    const written = msg.body.initFile().initData(8);
    ours.send(msg);
    using got = (await theirs.messages('file').next()).value!;
    got.body.file.data.fill(255);
    expect([...got.body.file.data]).toEqual(Array(8).fill(255));
    expect([...written]).toEqual(Array(8).fill(0));
  });

  it('are as the sender has them, whatever the borrower wrote into those before', async () => {
    const { session, client, ours, theirs } = await open();
    const messages = theirs.messages('file');
    for (let i = 0; i < 10; i++) {
      {
        using msg = ours.createMsg({ firstSegmentBytes: 256 });
        msg.body.initFile().initData(64).fill(i);
        ours.send(msg);
        using got = (await messages.next()).value!;
        expect([...got.body.file.data]).toEqual(Array(64).fill(i));
        // All of the page: what else lies there, the lists of later messages included.
        const [segment] = got.segments as ArrayBuffer[];
        new Uint8Array(segment!).fill(0xee);
      }
      await until(() => session.sessionShm.stats.objects === 0);
    }
    // Objects, too, and where a pool was written to twice.
    using object = session.sessionShm.construct(t.u32, 7);
    const borrowed = client.shmSession.borrowObject(t.u32, session.shmSession.lendObject(object));
    expect(borrowed.value).toBe(7);
    borrowed.release();
  });

  it('may lie in a pool that the borrower has not heard of, while their list lies in one it has', async () => {
    const { session, client, ours, theirs } = await open();
    const got: number[] = [];
    theirs.expectMsgs('file', (message) => {
      got.push(...message.body.file.data);
      message.release();
    });
    using small = ours.buildMsg((body) => (body.initFile().data = Uint8Array.of(1)));
    ours.send(small);
    await until(() => got.length === 1);
    for (let i = 2; i < 5; i++) {
      // List and metadata in the pool that there is; the only segment in one made for it.
      const before = session.sessionShm.pools.length;
      using large = ours.createMsg({ firstSegmentBytes: 90_000_000 });
      large.body.initFile().data = Uint8Array.of(i);
      expect(session.sessionShm.pools.length).toBeGreaterThan(before);
      ours.send(large);
      // All in one turn of the event loop, which has had no chance to read the lend channel.
      session.channels[0]!.handleSender!.flush();
      while (got.length < i) client.channels[0]!.waitReadable(1000);
    }
    expect(got).toEqual([1, 2, 3, 4]);
  });

  it('come back when nobody can see them any more', async () => {
    const { ours, theirs, session, client } = await open();
    for (let i = 0; i < 20; i++) {
      const msg = ours.buildMsg((body) => (body.initFile().data = new Uint8Array(100)));
      ours.send(msg);
    }
    const messages = theirs.messages('file');
    for (let i = 0; i < 20; i++) await messages.next();
    for (let i = 0; i < 50 && session.sessionShm.stats.objects > 2; i++) {
      gc();
      await turn(10);
    }
    expect(session.sessionShm.stats.objects).toBeLessThanOrEqual(2);
    expect(client.shmSession.counters.borrowedPools).toBe(1);
  });

  it('of the app’s arena outlive a session, and are lent to later ones', async () => {
    const { server, session, client, CLI, SRV } = await open({}, { channels: 2 });
    const options = { serialization: session.memory.appSerialization };
    const sender = session.structured(session.channels[1]!, Body, options);
    const receiver = client.structured(client.channels[1]!, Body);
    const msg = sender.buildMsg((body) => (body.initFile().data = Uint8Array.of(1, 2, 3)));
    sender.send(msg);
    const first = (await receiver.messages('file').next()).value!;
    await client.close();
    await session.close();
    for (let i = 0; i < 2; i++) {
      const later = await openOne(server, CLI, SRV);
      later.ours.send(msg);
      using got = (await later.theirs.messages('file').next()).value!;
      expect([...got.body.file.data]).toEqual([1, 2, 3]);
    }
    // Borrowed in a session that is over: still mapped.
    expect([...first.body.file.data]).toEqual([1, 2, 3]);
    first.release();
    msg.release();
    await until(() => server.appShm(CLI).stats.objects === 0);
  });

  it('of one session cannot be lent in another, nor can borrowed ones be lent on', async () => {
    const { server, ours, theirs, CLI, SRV } = await open();
    const other = await openOne(server, CLI, SRV);
    using msg = ours.buildMsg((body) => (body.initFile().data = Uint8Array.of(1)));
    expect(() => other.ours.send(msg)).toThrow(coded('NOT_LENT'));
    expect(other.ours.error).toBeUndefined();
    ours.send(msg);
    (await theirs.messages('file').next()).value!.release();
    const heap = new StructuredChannel(
      socketStreamChannel(new NativeSocketStream(NativeSocketStream.pair()[0])),
      Body,
    );
    expect(() => heap.send(msg)).toThrow(coded('NOT_LENT'));
    heap.close();
  });
});
