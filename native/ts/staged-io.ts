// The two hottest calls: a small send from, and a read into, memory that the addon has at hand.
//
// Node-API takes longer to hand over three numbers and an array than the system call itself costs beyond C's. So the
// bytes are in the addon's stage, and the numbers are in registers: slots of `out` that both sides simply read.
import { loadBinding } from './loader.js';

// Taken out of the addon's exports, an object too large for V8 to look into without a search.
const { out, stage, sendStaged: sendNow, recvStaged: receiveNow } = loadBinding();

const FD = 8;
const SIZE = 9;
const EXTRA = 10;
const RESULT = 11;

/** Bytes at the start of the stage that are there to be sent; what is received comes behind. */
export const STAGE_OUT = 4096;

function load(fd: number, size: number, extra: number): void {
  out[FD] = fd;
  out[SIZE] = size;
  out[EXTRA] = extra;
}

/** send() of stage[0, length). */
export function sendStaged(fd: number, length: number, passFd: number): number {
  load(fd, length, passFd);
  sendNow();
  return out[RESULT]!;
}

/** recv() into the stage from STAGE_OUT + `offset` to its end; `timeoutMs` 0 does not wait. */
export function recvStaged(fd: number, offset: number, timeoutMs: number): number {
  load(fd, offset, timeoutMs);
  receiveNow();
  return out[RESULT]!;
}

export { stage };
