// Peers that say nonsense: on the lend channel, by handles, and in their pools. And peers like C++ ones.
import { truncateSync } from 'node:fs';
import {
  type FlowIpcError,
  NativeSocketStream,
  ownProcessCredentials,
  socketStreamChannelOfBlobs,
} from '@flow-ipc/core';
import { t } from '@flow-ipc/shm';
import { nilToken, StructuredChannel } from '@flow-ipc/structured';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { IpcShmMessage } from '../src/generated/ipc-shm-message.capnp.js';
import { IpcArena, LendSession } from '../src/index.js';
import { keep, open, tearDown, turn, until } from './harness.js';

/** `npm run test:long` sets it: a million messages, else some thousands. */
const MESSAGES = process.env.FLOW_IPC_LONG === '1' ? 1_000_000 : 20_000;

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });
const BASE = `_libipc_shm_lend${process.pid}h_1_cli_1_jem_`;

/** A lender and borrower of ours, and at the other end a plain channel to say anything by. */
function withRawPeer() {
  const [a, b] = NativeSocketStream.pair();
  const onError = vi.fn<(error: FlowIpcError) => void>();
  const session = keep(
    new LendSession(a, { token: nilToken(), peer: ownProcessCredentials(), poolNameBases: [BASE], onError }),
  );
  const raw = keep(
    new StructuredChannel(socketStreamChannelOfBlobs(new NativeSocketStream(b)), IpcShmMessage),
  );
  return { session, raw, onError };
}

type Raw = ReturnType<typeof withRawPeer>['raw'];
const returnObject = (raw: Raw, collectionId: number, poolId: number, poolOffset: number) => {
  using msg = raw.buildMsg('returnObject', (m) => Object.assign(m, { collectionId, poolId, poolOffset }));
  raw.send(msg);
};

const returnObjects = (raw: Raw, numbers: number[]) => {
  using msg = raw.createMsg();
  const handles = msg.body.initReturnObjects().initHandles(numbers.length);
  for (const [i, number] of numbers.entries()) handles.set(i, number);
  raw.send(msg);
};

/** A raw peer that has taken an arena, in which there is one object. */
async function withArena(options: { takesReturnObjects?: boolean } = {}) {
  const { session, raw, onError } = withRawPeer();
  raw.expectMsgs('lendArena', (request) => {
    using answer = raw.buildMsg('response', (r) =>
      Object.assign(r, { success: true, readsOnDemand: true, ...options }),
    );
    raw.send(answer, request);
  });
  raw.expectMsgs('lendPool', (request) => {
    using answer = raw.buildMsg('response', (r) => Object.assign(r, { success: true, ...options }));
    raw.send(answer, request);
  });
  const arena = keep(IpcArena.create(BASE));
  await session.lendArena(arena);
  const object = arena.construct(t.u32, 5);
  const lend = () => {
    const blob = session.lendObject(object);
    const view = new DataView(blob.buffer);
    return [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  };
  return { session, raw, onError, arena, object, lend };
}

describe('a peer that returns', () => {
  it.each([
    ['what was never lent', 1],
    ['the same twice', 2],
  ])('%s is at fault', async (_what, times) => {
    const { session, raw, onError, arena, object, lend } = await withArena();
    if (times === 1) {
      returnObject(raw, arena.collectionId, arena.pools[0]!.id, 64);
    } else {
      const handle = lend();
      returnObject(raw, ...handle);
      await turn(5);
      expect(onError).not.toHaveBeenCalled();
      returnObject(raw, ...handle);
    }
    await until(() => onError.mock.calls.length > 0);
    expect(onError.mock.calls).toEqual([[coded('LEND_MISUSED')]]);
    // The object is ours, whatever the peer says.
    expect(object.value).toBe(5);
    expect(() => session.lendObject(object)).toThrow(coded('LEND_DISCONNECTED'));
    object.release();
  });

  it('many in one message is understood, and at fault for each that it did not have', async () => {
    const { session, raw, onError, object, lend } = await withArena();
    const handle = lend();
    lend();
    lend();
    returnObjects(raw, [...handle, ...handle]);
    await until(() => session.counters.lentObjects === 1);
    returnObjects(raw, []);
    returnObject(raw, ...handle);
    await until(() => session.counters.lentObjects === 0);
    expect(onError).not.toHaveBeenCalled();
    lend();
    returnObjects(raw, [...handle, ...handle]);
    await until(() => onError.mock.calls.length > 0);
    expect(onError.mock.calls).toEqual([[coded('LEND_MISUSED')]]);
    object.release();
  });

  it('parts of a handle is at fault', async () => {
    const { raw, onError, lend } = await withArena();
    returnObjects(raw, lend().slice(0, 2));
    await until(() => onError.mock.calls.length > 0);
    expect(onError.mock.calls).toEqual([[coded('LEND_MISUSED')]]);
  });
});

describe('returns', () => {
  it.each([
    ['one message', true],
    ['one message each, to a peer that did not say that it takes more', false],
  ])('are told in %s', async (_what, takesReturnObjects) => {
    const { session, raw } = await withArena({ takesReturnObjects });
    const said: number[][] = [];
    raw.expectMsgs('returnObject', (notice) => {
      const { collectionId, poolId, poolOffset } = notice.body.returnObject;
      said.push([collectionId, poolId, poolOffset]);
    });
    raw.expectMsgs('returnObjects', (notice) => {
      const { handles } = notice.body.returnObjects;
      said.push(Array.from({ length: handles.length }, (_, i) => handles.at(i)));
    });
    session.giveBack(1, 2, 3);
    session.giveBack(4, 5, 6);
    session.announceReturns();
    await until(() => said.flat().length === 6);
    expect(said).toEqual(
      takesReturnObjects
        ? [[1, 2, 3, 4, 5, 6]]
        : [
            [1, 2, 3],
            [4, 5, 6],
          ],
    );
    // One alone is as C++ says it.
    session.giveBack(7, 8, 9);
    session.announceReturns();
    await until(() => said.flat().length === 9);
    expect(said.at(-1)).toEqual([7, 8, 9]);
  });
});

it(`${MESSAGES} random messages on the lend channel do no harm`, async () => {
  let { session, raw, onError } = withRawPeer();
  const arena = keep(IpcArena.create(BASE));
  const kept = arena.construct(t.string, 'mine');
  let seed = 7;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const pool = arena.pools[0]!;
  const id = () => [random(4), arena.collectionId, random(2 ** 32)][random(3)]!;
  const poolId = () => [pool.id, random(4), random(2 ** 32)][random(3)]!;
  const names = [pool.name, `${BASE}1`, '', 'x'.repeat(300), '../../etc/passwd', `${BASE}../x`];
  for (let i = 0; i < MESSAGES; i++) {
    if (raw.error || session.error) {
      raw.close();
      session.close();
      ({ session, raw, onError } = withRawPeer());
    }
    using msg = raw.createMsg({ firstSegmentBytes: 512 });
    switch (random(13)) {
      case 0:
        msg.body.initResponse().success = random(2) === 1;
        break;
      case 12: {
        const handles = msg.body.initReturnObjects().initHandles(random(8));
        for (let at = 0; at < handles.length; at++) handles.set(at, [id, poolId, id][at % 3]!());
        break;
      }
      case 1:
        Object.assign(msg.body.initReturnObject(), {
          collectionId: id(),
          poolId: poolId(),
          poolOffset: random(2 ** 32),
        });
        break;
      case 2:
      case 3:
        Object.assign(msg.body.initRemovePool(), { collectionId: id(), poolId: poolId() });
        break;
      case 4:
      case 5:
      case 6:
        msg.body.initLendArena().collectionId = id();
        break;
      default:
        Object.assign(msg.body.initLendPool(), {
          collectionId: id(),
          poolId: poolId(),
          poolName: names[random(names.length)]!,
          poolSize: [pool.size, random(2 ** 32), 0][random(3)]!,
        });
    }
    try {
      raw.send(msg);
    } catch {
      // Hung up on, with reason.
    }
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  await turn(10);
  for (const [error] of onError.mock.calls) expect(error.code).toMatch(/LEND_MISUSED|EOF|STRUCT/);
  expect(kept.value).toBe('mine');
  kept.release();
}, 600_000);

describe('a peer that does not read on demand, as C++ ones', () => {
  it('has answered for a pool before it is sent a handle into it', async () => {
    const { session, raw } = withRawPeer();
    const said: string[] = [];
    raw.expectMsgs('lendArena', (request) => {
      using answer = raw.buildMsg('response', (r) => (r.success = true));
      raw.send(answer, request);
    });
    const arena = keep(IpcArena.create(BASE));
    await session.lendArena(arena);
    // Another thread of the peer would do this; here it is its first turn after we began to wait.
    raw.expectMsgs('lendPool', (request) => {
      said.push('pool');
      using answer = raw.buildMsg('response', (r) => (r.success = true));
      raw.send(answer, request);
    });
    using first = arena.construct(t.u32, 1);
    await until(() => said.length === 1);
    const start = performance.now();
    session.lendObject(first);
    expect(performance.now() - start).toBeLessThan(4000);
    expect(said).toEqual(['pool']);
  });
});

it('a peer that cuts its pool short harms nobody', async () => {
  const { session, client, ours, theirs } = await open();
  using msg = ours.createMsg();
  msg.body.initFile().initData(1_000_000).fill(7);
  ours.send(msg);
  const got = (await theirs.messages('file').next()).value!;
  const { data } = got.body.file;
  expect(data[999_999]).toBe(7);
  for (const { name } of session.sessionShm.pools) truncateSync(`/dev/shm/${name}`, 4096);
  expect(data[999_999]).toBe(0);
  got.release();
  expect(client.error).toBeUndefined();
});
