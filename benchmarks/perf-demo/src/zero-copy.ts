// Zero-copy: the response is built in shared memory once, of either kind; what travels is a handle to it.
import type { Channel } from '@flow-ipc/core';
import type { StructuredChannel } from '@flow-ipc/structured';
import { responseBytes } from './chunks.js';
import { Body } from './generated/perf-demo.capnp.js';
import { fillResponse, touch, verifyResponse } from './response.js';
import type { RequestJob, ServeJob } from './session-job.js';
import { STRUCTURED } from './universe.js';
import { plan } from './warm-up.js';

/** The part of a session, of either side, that is used here. */
interface Session {
  channels: readonly Channel[];
  structured(channel: Channel, type: typeof Body): StructuredChannel<typeof Body>;
}

export async function serve(session: Session, job: ServeJob): Promise<void> {
  const channel = session.structured(session.channels[STRUCTURED]!, Body);
  using response = channel.createMsg({ firstSegmentBytes: responseBytes(job.size) });
  await fillResponse(response.body, job.source);
  const requests = channel.messages('getCacheReq')[Symbol.asyncIterator]();
  job.onServing();
  for (const _ of plan(job)) {
    // The client starts its clock only once it knows that we wait for it.
    using ready = channel.createMsg();
    ready.body.initGetCacheReq();
    channel.send(ready);
    const { value: request } = await requests.next();
    if (!request) throw new Error('the client went away before its last request');
    channel.send(response, request);
    request[Symbol.dispose]();
  }
}

export async function request(session: Session, job: RequestJob): Promise<void> {
  const channel = session.structured(session.channels[STRUCTURED]!, Body);
  const syncs = channel.messages('getCacheReq')[Symbol.asyncIterator]();
  for (const counts of plan(job)) {
    const { value: ready } = await syncs.next();
    if (!ready) throw new Error('the server went away before its last response');
    ready[Symbol.dispose]();
    using ask = channel.createMsg();
    ask.body.initGetCacheReq().fileName = 'file.bin';

    const started = performance.now();
    using response = await channel.request(ask);
    const file = response.body.getCacheRsp;
    touch(file);
    const rttUs = (performance.now() - started) * 1000;
    if (!counts) continue;
    job.onShot(rttUs);

    await job.onVerified(await verifyResponse(file, job.size, job.file !== undefined));
  }
}
