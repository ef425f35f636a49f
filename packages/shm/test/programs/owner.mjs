// A process with a pool, told what to do by messages: borrow, lend, change, release. Answers each with what came of it.
import { fileURLToPath } from 'node:url';
import { PoolArena, t } from '../../dist/index.js';

export const Thing = t.struct({
  id: t.u32,
  name: t.string,
  values: t.vector(t.f64),
  index: t.map(t.string, t.list(t.u32)),
});

/** What a thing with that id must look like, whoever looks. */
export const contentsOf = (id) => ({
  id,
  name: `thing number ${id}, which has a rather long name`,
  values: Array.from({ length: id % 50 }, (_, i) => i * id),
  index: new Map(Array.from({ length: id % 7 }, (_, i) => [`key ${i} of ${id}`, [id, i]])),
});

export class Owner {
  constructor(poolName) {
    this.arena = PoolArena.open(poolName);
    this.things = [];
  }

  make(id) {
    this.things.push(this.arena.construct(Thing, contentsOf(id)));
  }

  lend(i) {
    return Buffer.from(this.things[i % this.things.length].lend()).toString('hex');
  }

  borrow(hex) {
    this.things.push(this.arena.borrow(Thing, Buffer.from(hex, 'hex')));
  }

  /** Reads all of it, and writes something that leaves it as it was. */
  check(i) {
    const thing = this.things[i % this.things.length];
    const { id } = thing.value;
    const { index } = thing.value;
    index.set('a key in passing', [1, 2, 3]);
    index.delete('a key in passing');
    const [seen, expected] = [thing.toJS(), contentsOf(id)];
    if (JSON.stringify([seen, [...seen.index]]) !== JSON.stringify([expected, [...expected.index]]))
      throw new Error(`thing ${id} is ${JSON.stringify(seen)}`);
  }

  release(i) {
    this.things.splice(i % this.things.length, 1)[0].release();
  }

  handles() {
    return this.things.map((thing) => Buffer.from(thing.handle).toString('hex'));
  }

  end() {
    for (const thing of this.things.splice(0)) thing.release();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const owner = new Owner(process.argv[2]);
  process.on('message', ([what, argument]) => {
    let answer;
    try {
      answer = { ok: owner[what](argument) ?? null };
    } catch (err) {
      answer = { error: `${what}: ${err.stack}` };
    }
    process.send(answer);
  });
  process.on('disconnect', () => process.exit());
  process.send({ ok: 'up' });
}
