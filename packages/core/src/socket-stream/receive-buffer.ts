// The buffer a readable socket is drained into, lent to one receiver at a time.

/** Room for what a Unix socket holds at most by default (212,992 bytes), so that one call drains it. */
export const RECEIVE_BUFFER_SIZE = 256 * 1024;

/** Bytes and a DataView over the same memory. */
export class ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(size = RECEIVE_BUFFER_SIZE) {
    const memory = new ArrayBuffer(size);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
  }
}

// A receiver holds a buffer only while it parses, so one per thread is the rule; a handler that receives from
// another stream meanwhile (a synchronous request) gets a second one.
const free: ReceiveBuffer[] = [];

export const acquireReceiveBuffer = (): ReceiveBuffer => free.pop() ?? new ReceiveBuffer();

export function releaseReceiveBuffer(buffer: ReceiveBuffer): void {
  if (free.length < 4) free.push(buffer);
}
