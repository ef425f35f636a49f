import diagnostics from 'node:diagnostics_channel';
import type { Channel } from '@flow-ipc/core';
import { afterEach, expect, it } from 'vitest';
import { ClientSession, type SessionEvents, SessionServer } from '../src/index.js';
import { CLI, keep, serverApp, tearDown, turn } from './harness.js';

const NAMES: (keyof SessionEvents)[] = [
  'flow-ipc:session:server-start',
  'flow-ipc:session:open',
  'flow-ipc:session:refused',
  'flow-ipc:session:channel',
  'flow-ipc:session:channel-failed',
  'flow-ipc:session:close',
];
const unsubscribe: (() => void)[] = [];

afterEach(async () => {
  for (const f of unsubscribe.splice(0)) f();
  expect(await tearDown()).toEqual([]);
});

/** All events from here on, as [name, payload]. */
function record(): [string, Record<string, unknown>][] {
  const events: [string, Record<string, unknown>][] = [];
  for (const name of NAMES) {
    const listener = (payload: unknown) => events.push([name.slice(17), payload as Record<string, unknown>]);
    diagnostics.subscribe(name, listener);
    unsubscribe.push(() => diagnostics.unsubscribe(name, listener));
  }
  return events;
}

it('the life of a session is published and counted', async () => {
  const events = record();
  const app = serverApp();
  const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  const [session, client] = await Promise.all([
    server.accept(),
    ClientSession.connect({ client: CLI, server: app }),
  ]);
  keep(session);
  keep(client);
  const taken: Channel[] = [];
  session.initHandlers({ onPassiveOpen: (channel) => taken.push(channel) });
  const opened = await client.openChannel();
  await expect(session.openChannel()).rejects.toThrow(/onPassiveOpen/);
  for (const channel of [opened, ...taken]) channel.close();
  expect(client.counters).toMatchObject({ opened: 1, openFailures: 0, accepted: 0, refused: 1 });
  expect(session.counters).toMatchObject({ opened: 0, openFailures: 1, accepted: 1, refused: 0 });
  expect(client.counters.master.messagesSent).toBeGreaterThan(3);
  expect(server.counters).toEqual({ accepted: 1, refused: 0, loggingIn: 0 });
  await client.close();
  await turn(5);

  const { scope } = client;
  expect(scope).toMatchObject({ serverApp: app.name, clientApp: 'cli', clientNamespace: '1' });
  const of = (name: string) => events.filter(([n]) => n === name).map(([, payload]) => payload);
  expect(of('server-start')).toEqual([{ server: app.name, pid: process.pid }]);
  expect(of('open')).toEqual(
    expect.arrayContaining([
      { role: 'client', scope, peerPid: process.pid },
      { role: 'server', scope, peerPid: process.pid },
    ]),
  );
  expect(of('channel')).toEqual(
    expect.arrayContaining([
      { role: 'server', scope, active: false },
      { role: 'client', scope, active: true },
    ]),
  );
  const rejected = expect.objectContaining({ code: expect.stringMatching(/REJECTED_PASSIVE_OPEN$/) });
  expect(of('channel-failed')).toEqual([
    { role: 'client', scope, active: false, error: rejected },
    { role: 'server', scope, active: true, error: rejected },
  ]);
  expect(of('close')).toEqual([
    { role: 'client', scope, error: undefined },
    {
      role: 'server',
      scope,
      error: expect.objectContaining({ code: expect.stringMatching(/RECEIVES_FINISHED/) }),
    },
  ]);
});

it('a refusal is published with its code', async () => {
  const events = record();
  const app = serverApp({ allowedClients: [] });
  const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  const accepted = server.accept().catch((err) => err);
  await ClientSession.connect({ client: CLI, server: app }).catch(() => {});
  const error = await accepted;
  expect(events.filter(([name]) => name === 'refused')).toEqual([
    ['refused', { server: app.name, peerPid: process.pid, error }],
  ]);
  expect(server.counters).toEqual({ accepted: 0, refused: 1, loggingIn: 0 });
});
