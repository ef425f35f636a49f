import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { it } from 'vitest';
import { Body } from '../../../benchmarks/perf-demo/src/generated/perf-demo.capnp.js';
import { ClientSession, SessionServer } from '../src/index.js';

it('smoke', async () => {
  const me = { execPath: process.argv0, uid: process.geteuid!(), gid: process.getegid!() };
  const CLI = { name: 'cli', ...me };
  const SRV = { name: `smoke${process.pid}`, ...me, allowedClients: ['cli'], runDir: mkdtempSync(`${tmpdir()}/flow-`) };
  const server = await SessionServer.create({ server: SRV, clients: [CLI] });
  const accepted = server.accept({ initChannels: () => 1 });
  const t0 = performance.now();
  const client = await ClientSession.connect({ client: CLI, server: SRV, channels: 1 });
  const session = await accepted;
  console.log('open', performance.now() - t0);
  session.initHandlers({ onError: (e) => console.log('server', e.code) });
  const s = session.structured(session.channels[0]!, Body);
  const c = client.structured(client.channels[0]!, Body);
  s.expectMsgs('getCacheReq', (req) => {
    using _ = req;
    using rsp = s.createMsg();
    const parts = rsp.body.initGetCacheRsp().initFileParts(2);
    parts.at(0).data = Buffer.from(req.body.getCacheReq.fileName);
    s.send(rsp, req);
  });
  for (let i = 0; i < 3; i++) {
    using req = c.createMsg();
    req.body.initGetCacheReq().fileName = `file ${i}`;
    const t = performance.now();
    using rsp = await c.request(req);
    console.log(performance.now() - t, Buffer.from(rsp.body.getCacheRsp.fileParts.at(0).data).toString());
  }
  console.log(session.sessionShm.freeBytes, session.sessionShm.size);
  await client.close();
  await session.close();
  await server.close();
});
