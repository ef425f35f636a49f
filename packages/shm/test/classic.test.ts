import { readdirSync, statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClientSession, PoolArena, SessionServer } from '../src/index.js';
import { apps, Body, keep, open, tearDown, turn } from './harness.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });

describe('messages', () => {
  it('are read where they were written, and give their memory back', async () => {
    const { session, ours, theirs } = await open();
    const free = session.sessionShm.freeBytes;
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
    expect(session.sessionShm.freeBytes).toBe(free);
  });

  it('of the same size lie where the last ones did, until nothing was sent for a while', async () => {
    const { session, ours, theirs } = await open();
    // Who only looks gives nothing back.
    const observer = keep(PoolArena.open(session.sessionShm.name));
    const free = observer.freeBytes;
    theirs.expectMsgs('get', (request) => {
      using _ = request;
      using response = theirs.buildMsg((body) => (body.initFile().data = Buffer.from(request.body.get.name)));
      theirs.send(response, request);
    });
    const places = new Set<number>();
    const roundTrip = async (name: string) => {
      using request = ours.buildMsg((body) => (body.initGet().name = name));
      using response = await ours.request(request);
      expect(Buffer.from(response.body.file.data).toString()).toBe(name);
      return observer.freeBytes;
    };
    for (let i = 0; i < 100; i++) places.add(await roundTrip(`file ${i}`));
    // The first ones are different: nothing was kept yet.
    expect([...places].length).toBeLessThan(5);
    expect(Math.max(...places)).toBeLessThan(free);
    await vi.waitFor(() => expect(observer.freeBytes).toBe(free), 10_000);
    // And it begins anew.
    await roundTrip('again');
    expect(observer.freeBytes).toBeLessThan(free);
    session.sessionShm.stats();
    theirs.close();
    await vi.waitFor(() => expect(observer.freeBytes).toBe(free), 10_000);
  });

  it('have no limit on a leaf, and many segments', async () => {
    const { ours, theirs, session } = await open();
    const free = session.sessionShm.freeBytes;
    {
      using big = ours.createMsg({ firstSegmentBytes: 64 });
      big.body.initFile().initData(100_000_000).set([1, 2, 3], 99_999_997);
      ours.send(big);
      using got = (await theirs.messages('file').next()).value!;
      expect([...got.body.file.data.subarray(-4)]).toEqual([0, 1, 2, 3]);
      expect(got.body.file.data.length).toBe(100_000_000);
    }
    expect(session.sessionShm.freeBytes).toBe(free);
  });

  it('show later changes by the sender, and can be sent again', async () => {
    const { ours, theirs } = await open();
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
    expect(second.body.file.data[3]).toBe(77);
    second.release();
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
    expect(() => got.body).toThrow(expect.objectContaining({ code: expect.stringMatching(/RELEASED$/) }));
    got.release();
    msg.release();
    expect(written.length).toBe(0);
    expect(() => msg.body).toThrow();
  });

  it('that nobody releases are when nobody can see them any more', async () => {
    const { ours, theirs, session } = await open();
    const free = session.sessionShm.freeBytes;
    await (async () => {
      const messages = theirs.messages('file');
      for (let i = 0; i < 20; i++) {
        ours.send(ours.buildMsg((body) => (body.initFile().data = new Uint8Array(1000))));
        void (await messages.next()).value!.body.file.data;
      }
      await messages.return!();
    })();
    for (let i = 0; i < 50 && session.sessionShm.freeBytes !== free; i++) {
      gc();
      await turn(5);
    }
    expect(session.sessionShm.freeBytes).toBe(free);
  });

  it('leave nothing to readers and builders that were kept: the next message may be where they look', async () => {
    const { ours, theirs } = await open();
    const messages = theirs.messages('get');
    const msg = ours.createMsg();
    const builder = msg.body.initGet();
    builder.name = 'first';
    ours.send(msg);
    const got = (await messages.next()).value!;
    const reader = got.body.get;
    expect(reader.name).toBe('first');
    got.release();
    msg.release();
    using next = ours.buildMsg((body) => (body.initGet().name = 'other'));
    ours.send(next);
    using second = (await messages.next()).value!;
    expect(() => reader.name).toThrow(TypeError);
    expect(() => {
      builder.name = 'wrong';
    }).toThrow(TypeError);
    expect(second.body.get.name).toBe('other');
  });

  it('stay readable when their session is closed, until they are released', async () => {
    const { ours, theirs, client, session } = await open();
    const send = (name: string) => {
      using msg = ours.createMsg();
      const file = msg.body.initFile();
      file.data = Buffer.from(name);
      ours.send(msg);
    };
    const messages = theirs.messages('file');
    send('one');
    send('two');
    const one = (await messages.next()).value!;
    const two = (await messages.next()).value!;
    const early = one.body.file.data;
    await client.close();
    await session.close();
    expect(Buffer.from(early).toString()).toBe('one');
    expect(Buffer.from(one.body.file.data).toString()).toBe('one');
    const late = two.body.file.data;
    expect(Buffer.from(late).toString()).toBe('two');
    one.release();
    expect(early.length).toBe(0);
    expect(Buffer.from(late).toString()).toBe('two');
    two.release();
    expect(late.length).toBe(0);
  });

  it('are kept by a view of their bytes alone', async () => {
    const { ours, theirs, session } = await open();
    const free = session.sessionShm.freeBytes;
    const kept = await (async () => {
      const messages = theirs.messages('file');
      using msg = ours.buildMsg((body) => (body.initFile().data = Buffer.from('kept')));
      ours.send(msg);
      const { data } = (await messages.next()).value!.body.file;
      await messages.return!();
      return [data];
    })();
    for (let i = 0; i < 10; i++) {
      gc();
      await turn(5);
    }
    expect(session.sessionShm.freeBytes).toBeLessThan(free);
    expect(Buffer.from(kept.pop()!).toString()).toBe('kept');
    for (let i = 0; i < 50 && session.sessionShm.freeBytes !== free; i++) {
      gc();
      await turn(5);
    }
    expect(session.sessionShm.freeBytes).toBe(free);
  });

  it('can live in the arena that all sessions of the app share', async () => {
    const { server, session, client, CLI, SRV } = await open();
    const accepting = server.accept();
    const other = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
    const otherSession = keep(await accepting);
    expect(otherSession.appShm).toBe(session.appShm);
    expect(otherSession.sessionShm.name).not.toBe(session.sessionShm.name);
    const options = (s: typeof session | typeof client) => ({
      serialization: s.memory.appSerialization,
      sessionToken: s.sessionToken,
    });
    const ours = keep(new StructuredChannel(otherSession.channels[0]!, Body, options(otherSession)));
    const theirs = keep(new StructuredChannel(other.channels[0]!, Body, options(other)));
    using msg = ours.buildMsg((body) => (body.initFile().data = Uint8Array.of(5)));
    ours.send(msg);
    {
      using got = (await theirs.messages('file').next()).value!;
      expect([...got.body.file.data]).toEqual([5]);
    }
    // Nothing is kept for the next message: who dies would never give it back, and the arena lives on.
    const observer = keep(PoolArena.open(session.appShm.name));
    const held = observer.freeBytes;
    msg.release();
    expect(observer.freeBytes).toBeGreaterThan(held);
    expect(observer.stats().blocks).toBe(0);
  });
});

describe('a pool', () => {
  it('that is full says so, and goes on', async () => {
    const { ours, theirs, session } = await open({ poolSizeLimitMi: 4 });
    const free = session.sessionShm.freeBytes;
    const msg = ours.createMsg();
    const file = msg.body.initFile();
    expect(() => file.initData(5_000_000)).toThrow(coded('OUT_OF_MEMORY'));
    file.data = Uint8Array.of(1);
    ours.send(msg);
    (await theirs.messages('file').next()).value!.release();
    msg.release();
    expect(session.sessionShm.freeBytes).toBe(free);
  });

  it('commits nothing when it is made', async () => {
    const { session } = await open();
    for (const name of [session.sessionShm.name, session.appShm.name]) {
      expect(statSync(`/dev/shm/${name}`).blocks * 512).toBeLessThan(64 * 1024);
      expect(session.sessionShm.size).toBe(2 ** 31);
    }
  });

  it('goes when the session (or the server, for the app) does', async () => {
    const { server, session } = await open();
    const names = () =>
      readdirSync('/dev/shm').filter((n) => n === session.sessionShm.name || n === session.appShm.name);
    expect(names()).toHaveLength(2);
    await session.close();
    expect(names()).toEqual([session.appShm.name]);
    await server.close();
    expect(names()).toEqual([]);
  });

  it('of a dead predecessor is removed when the server starts, one of a live process is not', async () => {
    const { client, server } = apps();
    const scope = (pid: number) => `_libipc_shm_${server.name}_${pid}_cli_1_classic_1`;
    const dead = 2 ** 22 + 5; // beyond any process id
    const [ofDead, ofLive] = [
      PoolArena.create(scope(dead), { sizeMi: 1 }),
      PoolArena.create(scope(1), { sizeMi: 1 }),
    ];
    keep(ofDead);
    keep(ofLive);
    keep(await SessionServer.create({ server, clients: [client] }));
    const left = readdirSync('/dev/shm').filter((n) => n === ofDead.name || n === ofLive.name);
    expect(left).toEqual([ofLive.name]);
  });
});
