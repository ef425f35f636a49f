// The buffer a readable socket is drained into, lent to one receiver at a time.
import { STAGE_OUT, stage } from '@flow-ipc/native';

/** Bytes and a DataView over the same memory. */
export class ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  /** Over the given bytes, or over so many new ones. */
  constructor(memory: Uint8Array | number) {
    const bytes = typeof memory === 'number' ? new Uint8Array(memory) : memory;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** The buffer that recvStaged() reads into. */
export const staged = new ReceiveBuffer(stage.subarray(STAGE_OUT));

/** Room for what a Unix socket holds at most by default (212,992 bytes), so that one call drains it. */
export const RECEIVE_BUFFER_SIZE = staged.bytes.length;

// A receiver holds a buffer only while it parses, so one per thread is the rule; a handler that receives from
// another stream meanwhile (a synchronous request) gets a second one.
const free: ReceiveBuffer[] = [staged];

export const acquireReceiveBuffer = (): ReceiveBuffer => free.pop() ?? new ReceiveBuffer(RECEIVE_BUFFER_SIZE);

export function releaseReceiveBuffer(buffer: ReceiveBuffer): void {
  if (free.length < 4) free.push(buffer);
}
