// The usual way: the response is built on the heap, and its segments are copied through a Unix socket.
import { HeapAllocator, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import type { Channel } from '@flow-ipc/core';
import { Body } from './generated/perf-demo.capnp.js';
import { collectGarbage } from './memory.js';
import { fillResponse, touch, verifyResponse } from './response.js';
import type { RequestJob, ServeJob } from './session-job.js';
import { RAW } from './universe.js';
import { plan } from './warm-up.js';

interface Session {
  channels: readonly Channel[];
}

/** Sending goes on beyond what the socket takes only up to here: a whole file queued would be one more copy. */
const QUEUE_LIMIT = 1024 * 1024;

/** Ready signal and request: any small blob does, as in the original demo. */
const SIGNAL = numberBlob(0);

/** The wire knows one kind of number: 64 bits, little-endian. */
function numberBlob(value: number): Uint8Array {
  const blob = new Uint8Array(8);
  new DataView(blob.buffer).setBigUint64(0, BigInt(value), true);
  return blob;
}

async function receiveNumber(channel: Channel): Promise<number> {
  const blob = await channel.receiveBlob();
  if (blob.length !== 8) throw new Error(`expected a number of 8 bytes, received ${blob.length} bytes`);
  return Number(new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0, true));
}

export async function serve(session: Session, job: ServeJob): Promise<void> {
  const channel = session.channels[RAW]!;
  const builder = new MessageBuilder(new HeapAllocator());
  await fillResponse(builder.initRoot(Body), job.source);
  const segments = builder.segments();
  job.onServing();
  for (const _ of plan(job)) {
    channel.sendBlob(SIGNAL);
    await channel.receiveBlob();
    await sendSegments(channel, segments);
  }
}

/** Number of segments, then for each its size and its bytes in blobs as large as the channel takes. */
async function sendSegments(channel: Channel, segments: readonly Uint8Array[]): Promise<void> {
  channel.sendBlob(numberBlob(segments.length));
  for (const segment of segments) {
    channel.sendBlob(numberBlob(segment.length));
    for (let start = 0; start < segment.length; start += channel.maxBlobSize) {
      channel.sendBlob(segment.subarray(start, start + channel.maxBlobSize));
      if (channel.queuedBytes > QUEUE_LIMIT) await channel.drained();
    }
  }
  await channel.drained();
}

async function receiveSegments(channel: Channel): Promise<Uint8Array[]> {
  const segments: Uint8Array[] = [];
  const count = await receiveNumber(channel);
  while (segments.length < count) {
    const size = await receiveNumber(channel);
    // Not zeroed first: every byte is about to be received.
    const segment = Buffer.allocUnsafeSlow(size);
    for (let filled = 0; filled < size; ) {
      const blob = await channel.receiveBlob();
      segment.set(blob, filled);
      filled += blob.length;
    }
    segments.push(segment);
  }
  return segments;
}

export async function request(session: Session, job: RequestJob): Promise<void> {
  const channel = session.channels[RAW]!;
  for (const counts of plan(job)) {
    await channel.receiveBlob();
    await shoot(channel, job, counts);
    // The copy just received is garbage now. Without this it would still be there beside the next.
    if (job.size >= 1_000_000 || counts) collectGarbage();
  }
}

async function shoot(channel: Channel, job: RequestJob, counts: boolean): Promise<void> {
  const started = performance.now();
  channel.sendBlob(SIGNAL);
  const segments = await receiveSegments(channel);
  const file = new MessageReader(segments).getRoot(Body).getCacheRsp;
  touch(file);
  const rttUs = (performance.now() - started) * 1000;
  if (!counts) return;
  job.onShot(rttUs);

  await job.onVerified(await verifyResponse(file, job.size, job.file !== undefined));
}
