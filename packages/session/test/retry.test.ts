import { writeFileSync } from 'node:fs';
import { NativeSocketStream } from '@flow-ipc/core';
import { closeFd, listenAbstract } from '@flow-ipc/native';
import { afterEach, describe, expect, it } from 'vitest';
import { listenerName } from '../src/app.js';
import { ClientSession, cnsPath, SessionServer } from '../src/index.js';
import { CLI, keep, serverApp, tearDown, turn } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

describe('a client that retries', () => {
  it('waits for a server to come', async () => {
    const app = serverApp();
    const connecting = ClientSession.connect({ client: CLI, server: app, retry: { minDelayMs: 5 } });
    await turn(40);
    const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
    keep(await server.accept());
    expect(keep(await connecting).peer.pid).toBe(process.pid);
  });

  it('gives up with the last reason when the time is over', async () => {
    const server = serverApp();
    await expect(
      ClientSession.connect({ client: CLI, server, retry: { timeoutMs: 60, minDelayMs: 20 } }),
    ).rejects.toEqual(expect.objectContaining({ code: 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING' }));
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const connecting = ClientSession.connect({
      client: CLI,
      server: serverApp(),
      retry: true,
      signal: controller.signal,
    });
    await turn(20);
    controller.abort(new Error('enough'));
    await expect(connecting).rejects.toEqual(
      expect.objectContaining({ name: 'AbortError', code: 'ERR_FLOW_IPC_ABORTED' }),
    );
  });

  it('does not argue with a refusal', async () => {
    const app = serverApp({ allowedClients: [] });
    const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
    const accepted = server.accept();
    accepted.catch(() => {});
    await expect(ClientSession.connect({ client: CLI, server: app, retry: true })).rejects.toEqual(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED' }),
    );
  });

  it('comes back to a server whose queue of connections was full', async () => {
    const app = serverApp();
    writeFileSync(cnsPath(app), `${process.pid}\n`);
    const name = listenerName(app, String(process.pid));
    const listener = listenAbstract(name, 0);
    // Linux lets one more in than the backlog says.
    const first = keep(NativeSocketStream.connect(name));
    const options = { client: CLI, server: app };
    await expect(ClientSession.connect(options)).rejects.toEqual(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SESSION_SERVER_BUSY' }),
    );
    const connecting = ClientSession.connect({ ...options, retry: { minDelayMs: 5 } });
    await turn(20);
    first.close();
    closeFd(listener);
    const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
    keep(await server.accept());
    keep(await connecting);
  });
});

it('an attempt that is aborted before it starts does nothing', async () => {
  await expect(
    ClientSession.connect({ client: CLI, server: serverApp(), signal: AbortSignal.abort() }),
  ).rejects.toEqual(expect.objectContaining({ code: 'ERR_FLOW_IPC_ABORTED' }));
});
