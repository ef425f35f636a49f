// The program of a measured process: a subject's server, or one of its clients, under the orders of the command.
import { isMainThread } from 'node:worker_threads';
import type { Link, Server } from '../links/link.js';
import { loadSubject } from '../links/registry.js';
import { median } from '../stats.js';
import { obey } from './control.js';
import { Driver } from './driver.js';
import { readJob } from './job.js';
import { usage } from './usage.js';

const { role, subject, setting, control, id } = readJob();
const { serve, connect } = await loadSubject(subject);

if (isMainThread) {
  // A terminal's Ctrl-C comes to us as well: what we made in /dev/shm goes with us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}

if (role === 'server') beServer(await serve(setting));
else beClient(await connect(setting));

function beServer(server: Server): void {
  const blocks = setting.blocking && server.serveBatch !== undefined;
  obey(
    control,
    { hello: id, blocks },
    {
      usage,
      spawn: (args) => server.spawn!([args]),
      // The answer leaves first; from then on this process listens to its clients only.
      serve: () => void setImmediate(() => server.serveBatch!()),
      open: (count) => opens(Number(count), () => server.open!()),
      leave: () => server.close(),
    },
  );
}

function beClient(link: Link): void {
  const driver = new Driver(link, setting);
  obey(
    control,
    { hello: id },
    {
      usage,
      verify: () => driver.verify(),
      trips: (count) => driver.trips(Number(count)),
      push: (count) => driver.push(Number(count)),
      fetch: (count) => driver.fetch(Number(count)),
      open: (count) => opens(Number(count), openLink),
      run: (span) => {
        const [from, until] = span.split(' ').map(Number);
        return driver.run(from!, until!);
      },
      leave: () => link.close(),
    },
  );
}

/** A further connection, one round trip over it, and its end. The clock stops behind the round trip. */
async function openLink(): Promise<() => Promise<void>> {
  const link = await connect(setting);
  await new Driver(link, setting).trips(1);
  return () => link.close();
}

async function opens(count: number, open: () => Promise<() => Promise<void>>): Promise<{ us: number }> {
  const times: number[] = [];
  while (times.length < count) {
    const started = performance.now();
    const close = await open();
    times.push((performance.now() - started) * 1000);
    await close();
  }
  return { us: median(times) };
}
