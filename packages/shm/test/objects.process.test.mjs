// Objects between processes: whoever owns, lends, changes, releases or dies, memory comes back to the last byte.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { PoolArena, t } from '../dist/index.js';
import { Thing } from './programs/owner.mjs';

const program = new URL('./programs/owner.mjs', import.meta.url);
const long = Boolean(process.env.FLOW_IPC_LONG);
let count = 0;
const pools = [];
after(() => {
  for (const pool of pools) pool.close();
});

function newPool() {
  const pool = PoolArena.create(`flowipc_objects_${process.pid}_${++count}`, { sizeMi: 64 });
  pools.push(pool);
  return pool;
}

/** Small and seeded, so that a failure can be repeated. */
function random(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % n;
  };
}

class Peer {
  static async start(pool) {
    const peer = new Peer();
    peer.child = fork(program, [pool.name]);
    peer.exited = once(peer.child, 'exit');
    await peer.answer();
    /** Handles of what it holds, as we know. */
    peer.held = [];
    return peer;
  }

  async answer() {
    const [message] = await once(this.child, 'message');
    if (message.error) throw new Error(message.error);
    return message.ok;
  }

  tell(what, argument) {
    const answer = this.answer();
    this.child.send([what, argument ?? null]);
    return answer;
  }
}

test('three processes lend, borrow, change, release and die at random; nothing is lost, and nothing is freed too early', async () => {
  const pool = newPool();
  const free = pool.freeBytes;
  const seed = Date.now() & 0xffff;
  const next = random(seed);
  const peers = await Promise.all([1, 2, 3].map(() => Peer.start(pool)));
  const steps = long ? 20_000 : 1500;
  let killed = 0;
  try {
    for (let step = 0; step < steps; step++) {
      const i = next(peers.length);
      const peer = peers[i];
      const dice = next(100);
      if (dice < 25 || peer.held.length === 0) {
        await peer.tell('make', step);
        peer.held = await peer.tell('handles');
      } else if (dice < 50) {
        // To another, or back to itself; a borrower lends on.
        const other = peers[next(peers.length)];
        await other.tell('borrow', await peer.tell('lend', next(1000)));
        other.held = await other.tell('handles');
      } else if (dice < 70) {
        await peer.tell('check', next(1000));
      } else if (dice < 99) {
        await peer.tell('release', next(1000));
        peer.held = await peer.tell('handles');
      } else {
        peer.child.kill('SIGKILL');
        await peer.exited;
        killed++;
        // A count has no names on it: what the dead held must be given back by somebody who knows.
        for (const handle of peer.held) pool.borrow(Thing, Buffer.from(handle, 'hex')).release();
        peers[i] = await Peer.start(pool);
      }
    }
    const held = peers.reduce((sum, peer) => sum + peer.held.length, 0);
    assert.ok(killed > 0 && held > 0, `seed ${seed}: ${killed} killed, ${held} held`);
    assert.ok(pool.stats().blocks > held);
    for (const peer of peers) await peer.tell('end');
    assert.equal(pool.freeBytes, free, `seed ${seed}`);
    assert.equal(pool.stats().blocks, 0);
  } finally {
    for (const peer of peers) peer.child.kill('SIGKILL');
    await Promise.all(peers.map((peer) => peer.exited));
  }
});

test('what the dead held stays, visibly, until the pool goes', async () => {
  const pool = newPool();
  const peer = await Peer.start(pool);
  const mine = pool.construct(Thing, { id: 5 });
  const alone = pool.stats();
  await peer.tell('make', 40);
  await peer.tell('borrow', Buffer.from(mine.lend()).toString('hex'));
  peer.child.kill('SIGKILL');
  await peer.exited;
  const stats = pool.stats();
  assert.deepEqual([stats.held, stats.lent], [1, 1]);
  assert.ok(stats.blocks > alone.blocks && stats.usedBytes > alone.usedBytes);
  mine.release();
});

test('two processes change one table under a mutex, and it is what a plain one would be', async () => {
  const pool = newPool();
  const free = pool.freeBytes;
  const Table = t.struct({
    lock: t.mutex,
    rows: t.map(t.string, t.vector(t.u32)),
    log: t.list(t.struct({ who: t.u8, key: t.string, what: t.u8 })),
  });
  const table = pool.construct(Table);
  const steps = long ? 50_000 : 4000;
  const code = `
    import { PoolArena, t } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const Table = t.struct({
      lock: t.mutex,
      rows: t.map(t.string, t.vector(t.u32)),
      log: t.list(t.struct({ who: t.u8, key: t.string, what: t.u8 })),
    });
    const [name, hex, who, steps, seed] = process.argv.slice(1);
    const table = PoolArena.open(name).borrow(Table, Buffer.from(hex, 'hex'));
    const { lock, rows, log } = table.value;
    let state = Number(seed);
    const next = (n) => ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8) % n;
    for (let i = 0; i < Number(steps); i++) {
      const held = i % 2 === 0 ? lock.lock() : await lock.lockAsync();
      const key = 'row ' + next(200) + (next(2) ? ' with a long tail of a name' : '');
      const what = next(3);
      if (what === 0) rows.delete(key);
      else if (what === 1) rows.getOrAdd(key).push(i);
      else rows.set(key, [i, i + 1]);
      log.push({ who: Number(who), key, what });
      held.unlock();
    }
    table.release();`;
  const { spawn } = await import('node:child_process');
  const runs = [1, 2].map((who) => {
    const hex = Buffer.from(table.lend()).toString('hex');
    const args = ['--input-type=module', '-e', code, pool.name, hex, who, steps, who * 77].map(String);
    return once(spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit');
  });
  for (const [status] of await Promise.all(runs)) assert.equal(status, 0);
  // Replayed in the order in which it happened.
  const plain = new Map();
  const at = [0, 0, 0];
  for (const { who, key, what } of table.toJS().log) {
    const i = at[who]++;
    if (what === 0) plain.delete(key);
    else if (what === 1) plain.set(key, [...(plain.get(key) ?? []), i]);
    else plain.set(key, [i, i + 1]);
  }
  assert.deepEqual(at, [0, steps, steps]);
  assert.deepEqual([...table.toJS().rows], [...plain]);
  table.release();
  assert.equal(pool.freeBytes, free);
});

test('allocating and freeing from processes and worker threads at once keeps the pool whole', async () => {
  const pool = newPool();
  const free = pool.freeBytes;
  const code = `
    import { Worker, isMainThread, workerData } from 'node:worker_threads';
    import { PoolArena, t } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const run = (name, seed) => {
      const arena = PoolArena.open(name);
      const Type = t.map(t.u32, t.vector(t.string));
      let state = seed;
      const next = (n) => ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8) % n;
      const live = [];
      for (let i = 0; i < ${long ? 20_000 : 1500}; i++) {
        if (live.length > 20 || (live.length > 0 && next(2))) {
          const [object, n] = live.splice(next(live.length), 1)[0];
          if (object.value.get(n).at(n % 3) !== 'x'.repeat(n % 40)) throw new Error('foreign bytes');
          object.release();
        } else {
          const n = next(1000);
          const words = Array.from({ length: 3 }, () => 'x'.repeat(n % 40));
          live.push([arena.construct(Type, [[n, words], [n + 1, words]]), n]);
        }
      }
      arena.close();
    };
    run(process.argv[1], Number(process.argv[2]));`;
  const worker = code.replace(/run\(process\.argv\[1\][^;]*;$/, 'run(workerData.name, workerData.seed);');
  const { spawn } = await import('node:child_process');
  const { Worker } = await import('node:worker_threads');
  const processes = [1, 2].map((seed) =>
    once(
      spawn(process.execPath, ['--input-type=module', '-e', code, pool.name, String(seed)], {
        stdio: 'inherit',
      }),
      'exit',
    ),
  );
  const threads = [3, 4].map((seed) => {
    const url = new URL(`data:text/javascript,${encodeURIComponent(worker)}`);
    return once(new Worker(url, { workerData: { name: pool.name, seed } }), 'exit');
  });
  for (const [status] of await Promise.all([...processes, ...threads])) assert.equal(status, 0);
  assert.equal(pool.freeBytes, free);
  assert.equal(pool.stats().blocks, 0);
});
