// SharedMemory: an arena's memory as numbers at addresses, for containers. What a pointer leads to is checked once.
import { FlowIpcError } from '@flow-ipc/core';
import { ShmError } from './errors.js';

/**
 * Addresses are numbers of an arena: `address + n` is the n-th byte behind `address` in one block, and 0 is null. The
 * quotient by WINDOW names a window, the rest is the place in it. In a pool the address is the offset from the pool's
 * base. An arena of many pools gives each a window, so an address means nothing outside its process: what is stored in
 * shared memory is a pointer (readPointer, writePointer).
 *
 * The windows are never handed out, so nothing of them can be left dangling: views for users are Arena.view()'s.
 */
export const WINDOW = 2 ** 31;

const SMALL = 64;

export interface MemoryWindow {
  readonly data: DataView;
  readonly bytes: Uint8Array;
  /** The same, for text. */
  readonly buffer: Buffer;
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
}

export function memoryWindow(buffer: ArrayBuffer): MemoryWindow {
  return {
    data: new DataView(buffer),
    bytes: new Uint8Array(buffer),
    buffer: Buffer.from(buffer),
    words: new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4)),
    longs: new BigInt64Array(buffer, 0, Math.floor(buffer.byteLength / 8)),
  };
}

/** What a peer wrote is not what it should be. */
export function corrupted(what: string): FlowIpcError {
  return new FlowIpcError(ShmError.CORRUPTED, `Malformed object in shared memory: ${what}`);
}

/**
 * Numbers are little-endian and naturally aligned. Reads and writes do not check where they go: addresses come from
 * allocate(), or from follow() and check(), which vouch for so many bytes.
 */
export abstract class SharedMemory {
  /** False where this process may only read: mutators of containers then throw ERR_FLOW_IPC_SHM_READ_ONLY. */
  readonly writable: boolean;
  /** True once the arena was closed here: accessors of its objects then throw ERR_FLOW_IPC_SHM_CLOSED. */
  closed = false;
  /** Upper bound of what can be in the memory in bytes: no honest container has more elements than that. */
  abstract readonly size: number;
  /** Window 0, on its own because most pools have no other. Empty until it is opened. */
  #low: DataView = new DataView(new ArrayBuffer(0));
  readonly #windows: (MemoryWindow | undefined)[] = [];

  constructor(writable: boolean) {
    this.writable = writable;
  }

  /** The bytes of window `index`, at most WINDOW of them. Throws CORRUPTED (no such) or CLOSED. Called once each. */
  protected abstract openWindow(index: number): ArrayBuffer;
  /** Throws CORRUPTED unless [address, address + length) may be read: inside the memory, and with pages behind it. */
  abstract check(address: number, length: number): void;
  /** The address that the 8-byte pointer at `field` leads to, unchecked; 0 for null. */
  abstract readPointer(field: number): number;
  /** Makes the 8-byte pointer at `field` lead to `target`; 0 for null. */
  abstract writePointer(field: number, target: number): void;

  /** readPointer() that vouches for `length` bytes at a multiple of 8; 0 for null. Throws CORRUPTED. */
  follow(field: number, length: number): number {
    const target = this.readPointer(field);
    if (target === 0) return 0;
    if ((target < WINDOW ? target & 7 : target % 8) !== 0) throw corrupted(`a pointer to ${target}`);
    this.check(target, length);
    return target;
  }

  /** For the arena that is being closed: the buffers to detach, so that memory is not kept until they are collected. */
  close(): ArrayBuffer[] {
    this.closed = true;
    this.#low = new DataView(new ArrayBuffer(0));
    return this.#windows.splice(0).flatMap((window) => (window ? [window.data.buffer as ArrayBuffer] : []));
  }

  /** For arenas with addresses below WINDOW: before the first of them is used. Others leave window 0 out. */
  protected openLowWindow(): void {
    this.#low = this.#open(0).data;
  }

  /** The window is gone, for instance because its pool was removed: the next use opens it anew, or is refused. */
  protected forgetWindow(index: number): void {
    this.#windows[index] = undefined;
  }

  #open(index: number): MemoryWindow {
    const known = this.#windows[index];
    if (known) return known;
    const window = memoryWindow(this.openWindow(index));
    this.#windows[index] = window;
    return window;
  }

  #window(address: number): MemoryWindow {
    return this.#open(Math.floor(address / WINDOW));
  }

  u8(a: number): number {
    return a < WINDOW ? this.#low.getUint8(a) : this.#window(a).data.getUint8(a % WINDOW);
  }

  i8(a: number): number {
    return a < WINDOW ? this.#low.getInt8(a) : this.#window(a).data.getInt8(a % WINDOW);
  }

  u16(a: number): number {
    return a < WINDOW ? this.#low.getUint16(a, true) : this.#window(a).data.getUint16(a % WINDOW, true);
  }

  i16(a: number): number {
    return a < WINDOW ? this.#low.getInt16(a, true) : this.#window(a).data.getInt16(a % WINDOW, true);
  }

  u32(a: number): number {
    return a < WINDOW ? this.#low.getUint32(a, true) : this.#window(a).data.getUint32(a % WINDOW, true);
  }

  i32(a: number): number {
    return a < WINDOW ? this.#low.getInt32(a, true) : this.#window(a).data.getInt32(a % WINDOW, true);
  }

  u64(a: number): bigint {
    return a < WINDOW ? this.#low.getBigUint64(a, true) : this.#window(a).data.getBigUint64(a % WINDOW, true);
  }

  i64(a: number): bigint {
    return a < WINDOW ? this.#low.getBigInt64(a, true) : this.#window(a).data.getBigInt64(a % WINDOW, true);
  }

  f32(a: number): number {
    return a < WINDOW ? this.#low.getFloat32(a, true) : this.#window(a).data.getFloat32(a % WINDOW, true);
  }

  f64(a: number): number {
    return a < WINDOW ? this.#low.getFloat64(a, true) : this.#window(a).data.getFloat64(a % WINDOW, true);
  }

  setU8(a: number, value: number): void {
    if (a < WINDOW) this.#low.setUint8(a, value);
    else this.#window(a).data.setUint8(a % WINDOW, value);
  }

  setU16(a: number, value: number): void {
    if (a < WINDOW) this.#low.setUint16(a, value, true);
    else this.#window(a).data.setUint16(a % WINDOW, value, true);
  }

  setU32(a: number, value: number): void {
    if (a < WINDOW) this.#low.setUint32(a, value, true);
    else this.#window(a).data.setUint32(a % WINDOW, value, true);
  }

  setU64(a: number, value: bigint): void {
    if (a < WINDOW) this.#low.setBigUint64(a, value, true);
    else this.#window(a).data.setBigUint64(a % WINDOW, value, true);
  }

  setF32(a: number, value: number): void {
    if (a < WINDOW) this.#low.setFloat32(a, value, true);
    else this.#window(a).data.setFloat32(a % WINDOW, value, true);
  }

  setF64(a: number, value: number): void {
    if (a < WINDOW) this.#low.setFloat64(a, value, true);
    else this.#window(a).data.setFloat64(a % WINDOW, value, true);
  }

  /** For Atomics: 32-bit words, and the index of the one at `a`. */
  words(a: number): Int32Array {
    return this.#window(a).words;
  }

  wordIndex(a: number): number {
    return (a % WINDOW) / 4;
  }

  longs(a: number): BigInt64Array {
    return this.#window(a).longs;
  }

  longIndex(a: number): number {
    return (a % WINDOW) / 8;
  }

  /** Bytes in place, for use within one call; in pieces where a window ends between. Do not hand them out. */
  forEachPiece(
    address: number,
    length: number,
    use: (bytes: Uint8Array, at: number, length: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const at = (address + done) % WINDOW;
      const piece = Math.min(length - done, WINDOW - at);
      use(this.#window(address + done).bytes, at, piece);
      done += piece;
    }
  }

  /** UTF-8. What is none reads as U+FFFD. */
  text(a: number, length: number): string {
    const at = a % WINDOW;
    if (at + length > WINDOW) return Buffer.from(this.read(a, length).buffer).toString();
    return this.#window(a).buffer.toString('utf8', at, at + length);
  }

  /** `length` is the text's in UTF-8. */
  setText(a: number, text: string, length: number): void {
    const at = a % WINDOW;
    if (at + length > WINDOW) this.write(a, Buffer.from(text));
    else this.#window(a).buffer.write(text, at, length, 'utf8');
  }

  /** Whether these bytes are there. */
  holds(address: number, expected: Uint8Array): boolean {
    for (let i = 0; i < expected.length; i++) {
      if (this.u8(address + i) !== expected[i]) return false;
    }
    return true;
  }

  /** The same for text that is all ASCII. */
  holdsAscii(address: number, expected: string): boolean {
    const low = address < WINDOW;
    const data = low ? this.#low : this.#window(address).data;
    const at = low ? address : address % WINDOW;
    if (at + expected.length > WINDOW) return this.holds(address, Buffer.from(expected));
    for (let i = 0; i < expected.length; i++) {
      if (data.getUint8(at + i) !== expected.charCodeAt(i)) return false;
    }
    return true;
  }

  /** A copy of these bytes. */
  read(address: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    let done = 0;
    this.forEachPiece(address, length, (bytes, at, piece) => {
      copy.set(bytes.subarray(at, at + piece), done);
      done += piece;
    });
    return copy;
  }

  write(address: number, source: Uint8Array): void {
    let done = 0;
    this.forEachPiece(address, source.length, (bytes, at, piece) => {
      bytes.set(source.subarray(done, done + piece), at);
      done += piece;
    });
  }

  fill(address: number, length: number, value = 0): void {
    if (length <= SMALL && address + length <= WINDOW) {
      // Quicker than the call to fill so few bytes.
      const low = this.#low;
      for (let i = 0; i < length; i++) low.setUint8(address + i, value);
      return;
    }
    this.forEachPiece(address, length, (bytes, at, piece) => bytes.fill(value, at, at + piece));
  }

  /** Moves bytes between blocks that do not overlap. */
  copy(target: number, source: number, length: number): void {
    if (length <= SMALL && target + length <= WINDOW && source + length <= WINDOW) {
      const low = this.#low;
      for (let i = 0; i < length; i++) low.setUint8(target + i, low.getUint8(source + i));
      return;
    }
    let done = 0;
    this.forEachPiece(source, length, (bytes, at, piece) => {
      this.write(target + done, bytes.subarray(at, at + piece));
      done += piece;
    });
  }
}
