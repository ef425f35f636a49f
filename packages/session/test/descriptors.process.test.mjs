// As many channels as there are descriptors; then a coded error on both sides, and the session lives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUniverse, start } from './harness.mjs';

const LIMIT = 100;

for (const limited of ['client', 'server']) {
  for (const active of ['client', 'server']) {
    test(`the ${limited} runs out of descriptors while the ${active} opens channels`, async () => {
      const universe = newUniverse();
      const run = (role) =>
        start(
          universe,
          'greedy',
          { TEST_GREEDY: `${role}:${role === active ? 'active' : 'passive'}` },
          role === limited ? LIMIT : undefined,
        );
      const server = run('server');
      const client = run('client');
      const [opener, other] = active === 'server' ? [server, client] : [client, server];
      const full = await opener.next('full');
      assert.equal(full.code, 'ERR_FLOW_IPC_SESSION_OPEN_CHANNEL_SERVER_CANNOT_PROCEED_RESOURCE_UNAVAILABLE');
      assert.ok(full.channels > 10 && full.channels < LIMIT, `${full.channels} channels`);
      // Room again: the session goes on as if nothing had been.
      other.child.send({ order: 'echo' });
      await other.next('echoing');
      opener.child.send({ order: 'talk' });
      const { counters } = await opener.next('talked');
      assert.equal(counters.openFailures, 1);
      for (const { seen } of [server, client])
        assert.deepEqual(
          seen.filter((e) => e.event === 'lost'),
          [],
        );
    });
  }
}
