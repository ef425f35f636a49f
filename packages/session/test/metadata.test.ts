// What users attach to log-ins and channels reaches the other side, whichever asks.
import type { Channel } from '@flow-ipc/core';
import { afterEach, expect, it } from 'vitest';
import {
  type AcceptOptions,
  ClientSession,
  type ConnectOptions,
  type ReceivedMetadata,
  SessionServer,
} from '../src/index.js';
import { Hello } from './generated/hello.capnp.js';
import { CLI, keep, serverApp, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

async function open(connect: Partial<ConnectOptions> = {}, accept: AcceptOptions = {}) {
  const app = serverApp();
  const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  const accepting = server.accept(accept);
  accepting.catch(() => {});
  const client = keep(await ClientSession.connect({ client: CLI, server: app, ...connect }));
  return { client, session: keep(await accepting) };
}

it('a client says who it is, and the server answers with what it made of it', async () => {
  const { client, session } = await open(
    { metadata: (payload) => Object.assign(payload.init(Hello), { name: 'web', number: 7 }) },
    {
      initChannels: ({ metadata }) => metadata.as(Hello).number - 5,
      metadata: (payload, { app, metadata }) => {
        payload.init(Hello).name = `welcome ${app.name} ${metadata.as(Hello).name}`;
      },
    },
  );
  expect(session.peerMetadata.as(Hello)).toMatchObject({ name: 'web', number: 7 });
  expect(client.peerMetadata.as(Hello).name).toBe('welcome cli web');
  expect(session.channels).toHaveLength(2);
  for (const channel of [...client.channels, ...session.channels]) channel.close();
});

it('nothing attached is nothing received', async () => {
  const { client, session } = await open();
  expect([client.peerMetadata.isNull, session.peerMetadata.isNull]).toEqual([true, true]);
});

it('a channel is opened with a word of what it is for, both ways', async () => {
  const got: [Channel, ReceivedMetadata][] = [];
  const onPassiveOpen = (channel: Channel, metadata: ReceivedMetadata) => void got.push([channel, metadata]);
  const { client, session } = await open({ onPassiveOpen });
  session.initHandlers({ onPassiveOpen });
  for (const side of [client, session]) {
    const ours = await side.openChannel({ metadata: (payload) => (payload.init(Hello).name = 'logs') });
    const [theirs, metadata] = got.pop()!;
    expect(metadata.as(Hello).name).toBe('logs');
    const plain = await side.openChannel();
    const [other, none] = got.pop()!;
    expect(none.isNull).toBe(true);
    for (const channel of [ours, theirs, plain, other]) channel.close();
  }
});

it('too much of it is refused here, and the session goes on', async () => {
  const onPassiveOpen = (channel: Channel) => channel.close();
  const { client, session } = await open();
  session.initHandlers({ onPassiveOpen });
  const much = client.openChannel({ metadata: (payload) => payload.init(Hello).initData(100_000) });
  await expect(much).rejects.toMatchObject({ code: expect.stringMatching(/LEAF_TOO_BIG$/) });
  (await client.openChannel()).close();
});
