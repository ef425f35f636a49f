// The standard framing of messages in files and streams: a segment table, then the segments.

import { CapnpError } from './errors.js';
import { MessageReader, type ReaderOptions } from './message-reader.js';

/** Segments that a frame may have; as in C++, a table beyond this is taken for damage. */
const MAX_SEGMENTS = 512;

/** Joins segments into one frame: number of segments - 1, their sizes in words (u32 each), padding, bytes. */
export function frameMessage(segments: readonly Uint8Array[]): Uint8Array {
  const header = (Math.floor(segments.length / 2) + 1) * 8;
  let total = header;
  for (const segment of segments) total += segment.length;
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  view.setUint32(0, segments.length - 1, true);
  let at = header;
  segments.forEach((segment, i) => {
    view.setUint32(4 + i * 4, segment.length / 8, true);
    out.set(segment, at);
    at += segment.length;
  });
  return out;
}

/** Splits one frame into views of its segments; bytes after the frame are not looked at. */
export function unframeSegments(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw badFrame('no segment table');
  const segmentCount = view.getUint32(0, true) + 1;
  if (segmentCount > MAX_SEGMENTS) throw badFrame(`${segmentCount} segments`);
  let at = (Math.floor(segmentCount / 2) + 1) * 8;
  if (at > bytes.length) throw badFrame('segment table cut short');
  const out: Uint8Array[] = [];
  for (let i = 0; i < segmentCount; i++) {
    const size = view.getUint32(4 + i * 4, true) * 8;
    if (at + size > bytes.length) throw badFrame(`segment ${i} cut short`);
    out.push(bytes.subarray(at, at + size));
    at += size;
  }
  return out;
}

/**
 * Length in bytes of the frame that `bytes` begins with, for readers of streams: undefined while its table is not
 * complete. Nothing but the table is looked at. @throws CapnpError BAD_FRAME for a table of too many segments
 */
export function frameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segmentCount = view.getUint32(0, true) + 1;
  if (segmentCount > MAX_SEGMENTS) throw badFrame(`${segmentCount} segments`);
  let length = (Math.floor(segmentCount / 2) + 1) * 8;
  if (bytes.length < length) return undefined;
  for (let i = 0; i < segmentCount; i++) length += view.getUint32(4 + i * 4, true) * 8;
  return length;
}

/** Reads a framed message, as `capnp` tools and stream writers produce it. */
export function readFramed(bytes: Uint8Array, options?: ReaderOptions): MessageReader {
  return new MessageReader(unframeSegments(bytes), options);
}

function badFrame(detail: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_BAD_FRAME', `not a framed message: ${detail}`);
}
