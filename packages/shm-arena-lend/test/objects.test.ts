// Objects and containers of @flow-ipc/shm in arenas: writable for their owner, read-only for borrowers.
import { t } from '@flow-ipc/shm';
import { afterEach, describe, expect, it } from 'vitest';
import { IpcArena } from '../src/index.js';
import { keep, open, openOne, tearDown, until } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_SHM_${code}` });

const Table = t.struct({
  title: t.string,
  rows: t.map(t.string, t.vector(t.f64)),
  next: t.optional(t.list(t.string)),
});
const plain = {
  title: 'Größen',
  rows: new Map([
    ['a', [1, 2.5]],
    ['b', [3]],
  ]),
  next: ['x', 'yy'.repeat(2000)],
};

describe('objects', () => {
  it('are read by borrowers as they were written, and as they change', async () => {
    const { session, client } = await open();
    const mine = session.sessionShm.construct(Table, plain);
    const theirs = client.shmSession.borrowObject(Table, session.shmSession.lendObject(mine));
    expect(theirs.toJS()).toEqual(mine.toJS());
    expect(theirs.value.title).toBe('Größen');
    expect([...theirs.value.rows.get('a')!]).toEqual([1, 2.5]);
    for (let i = 0; i < 1000; i++) mine.value.rows.set(`row ${i}`, [i, i + 0.5]);
    expect([...theirs.value.rows.get('row 999')!]).toEqual([999, 999.5]);
    theirs.release();
    mine.release();
    await until(() => session.sessionShm.stats.objects === 0);
  });

  it('cannot be changed, or lent on, by a borrower', async () => {
    const { session, client } = await open();
    using mine = session.sessionShm.construct(Table, plain);
    using theirs = client.shmSession.borrowObject(Table, session.shmSession.lendObject(mine));
    expect(() => theirs.value.rows.set('c', [1])).toThrow(coded('READ_ONLY'));
    expect(() => theirs.set(plain)).toThrow(coded('READ_ONLY'));
    expect(() => client.shmSession.lendObject(theirs)).toThrow(coded('NOT_LENT'));
    expect(() => theirs.lend()).toThrow(coded('NOT_LENT'));
    expect(() => mine.lend()).toThrow(coded('NOT_LENT'));
    expect(() => theirs.arena.allocate(1)).toThrow(coded('READ_ONLY'));
    expect(mine.toJS().title).toBe('Größen');
  });

  it('live as long as anybody holds them: the owner, and each loan for itself', async () => {
    const { session, client } = await open();
    const mine = session.sessionShm.construct(Table, plain);
    const loans = [1, 2, 3].map(() => session.shmSession.lendObject(mine));
    expect(new Set(loans.map((blob) => Buffer.from(blob).toString('hex'))).size).toBe(1);
    const borrowed = loans.map((blob) => client.shmSession.borrowObject(Table, blob));
    mine.release();
    borrowed[0]!.release();
    borrowed[0]!.release();
    borrowed[1]!.release();
    await until(() => session.shmSession.counters.lentObjects === 1);
    expect(session.sessionShm.stats.objects).toBeGreaterThan(1);
    expect(borrowed[2]!.value.title).toBe('Größen');
    borrowed[2]!.release();
    await until(() => session.sessionShm.stats.objects === 0);
  });

  it('come back when the borrower is gone, and stay readable when the owner is', async () => {
    const { session, client, server, CLI, SRV } = await open();
    const app = session.appShm.construct(Table, plain);
    const own = client.sessionShm.construct(Table, plain);
    const seenByClient = client.shmSession.borrowObject(Table, session.shmSession.lendObject(app));
    const seenByServer = session.shmSession.borrowObject(Table, client.shmSession.lendObject(own));
    await client.close();
    await session.close();
    expect(seenByClient.toJS()).toEqual(seenByServer.toJS());
    expect(seenByClient.value.rows.size).toBe(2);
    seenByClient.release();
    seenByServer.release();
    expect(() => own.value).toThrow(coded('CLOSED'));
    expect(() => client.shmSession.lendObject(own)).toThrow(coded('LEND_DISCONNECTED'));
    // The app's arena goes on, and so does the object: only the client's loan is over.
    const later = await openOne(server, CLI, SRV);
    using again = later.client.shmSession.borrowObject(Table, later.session.shmSession.lendObject(app));
    expect(again.value.title).toBe('Größen');
    app.release();
    expect(() => later.session.shmSession.lendObject(app)).toThrow(coded('RELEASED'));
  });

  it('of an arena that was not lent stay private', async () => {
    const { session } = await open();
    const arena = keep(IpcArena.create(session.sessionShm.name));
    using private_ = arena.construct(t.u32, 7);
    expect(() => session.shmSession.lendObject(private_)).toThrow(coded('NOT_LENT'));
    await session.shmSession.lendArena(arena);
    expect(session.shmSession.lendObject(private_).length).toBe(12);
    await expect(session.shmSession.lendArena(arena)).rejects.toThrow(TypeError);
    // A peer opens no pools but those of the session's own names.
    const foreign = keep(IpcArena.create(`flowipc_test_lend${process.pid}_`));
    using other = foreign.construct(t.u32, 7);
    await session.shmSession.lendArena(foreign);
    expect(() => session.shmSession.lendObject(other)).toThrow(coded('POOL_REFUSED'));
  });
});
