// Text in shared memory: UTF-8, up to 16 bytes of it in place, else in a block of its own; also as key.
import { corrupted } from '../shared-memory.js';
import { hashAscii, hashBytes } from './hash.js';
import type { Home } from './home.js';
import { type Budget, DirectType, type KeyType } from './type.js';

// Layout: u32 length in bytes, u32 capacity of the block (0: there is none), then 16 bytes or a pointer to the block.
const CAPACITY = 4;
const CONTENT = 8;
const INLINE = 16;
/** The smallest block. */
const LEAST = 32;
const LONGEST = 2 ** 29;

class Text extends DirectType<string> implements KeyType<string> {
  readonly name = 'string';
  readonly size = 24;
  readonly align = 8;
  override readonly plain = false;
  #key = '';
  /** The key's UTF-8; undefined when it is all ASCII, and so the same. */
  #keyBytes: Uint8Array | undefined;

  get(home: Home, at: number): string {
    const length = home.memory.u32(at);
    return length === 0 ? '' : home.memory.text(this.#content(home, at, length), length);
  }

  /** The block is kept as long as the text fits into it; what is more than four times the text is given back. */
  write(home: Home, at: number, value: string): void {
    if (typeof value !== 'string') throw new TypeError(`${String(value)} is not a string`);
    const { memory } = home;
    const length = Buffer.byteLength(value);
    if (length > LONGEST) throw new RangeError(`A string of ${length} bytes is longer than ${LONGEST}`);
    const capacity = memory.u32(at + CAPACITY);
    if (length <= INLINE) {
      if (capacity !== 0) this.#freeBlock(home, at, capacity);
      memory.setU32(at + CAPACITY, 0);
      memory.setText(at + CONTENT, value, length);
      memory.setU32(at, length);
    } else if (length <= capacity) {
      memory.setText(this.#block(home, at, length), value, length);
      memory.setU32(at, length);
      if (length < capacity / 4) this.#cut(home, at, Math.max(LEAST, length));
    } else {
      const size = Math.max(LEAST, length);
      const old = capacity === 0 ? 0 : this.#block(home, at, 1);
      const stays = old !== 0 && home.extend(old, size);
      const block = stays ? old : home.allocate(size);
      memory.setText(block, value, length);
      memory.writePointer(at + CONTENT, block);
      memory.setU32(at + CAPACITY, size);
      memory.setU32(at, length);
      if (old !== 0 && !stays) home.free(old, capacity);
    }
  }

  override toJS(home: Home, at: number, budget: Budget): string {
    budget.spend(this.size + home.memory.u32(at));
    return this.get(home, at);
  }

  override destroy(home: Home, at: number): void {
    const capacity = home.memory.u32(at + CAPACITY);
    if (capacity !== 0) this.#freeBlock(home, at, capacity);
  }

  override relocate(home: Home, from: number, to: number): void {
    const { memory } = home;
    if (memory.u32(from + CAPACITY) === 0) {
      memory.copy(to, from, this.size);
      return;
    }
    memory.copy(to, from, CONTENT);
    memory.writePointer(to + CONTENT, memory.readPointer(from + CONTENT));
  }

  prepare(key: string): number {
    if (typeof key !== 'string') throw new TypeError(`${String(key)} is not a string`);
    this.#key = key;
    const hash = hashAscii(key);
    this.#keyBytes = hash === -1 ? Buffer.from(key) : undefined;
    return this.#keyBytes ? hashBytes(this.#keyBytes) : hash;
  }

  matches(home: Home, at: number): boolean {
    const { memory } = home;
    const bytes = this.#keyBytes;
    const length = memory.u32(at);
    if (length !== (bytes ?? this.#key).length) return false;
    if (length === 0) return true;
    const content = this.#content(home, at, length);
    return bytes ? memory.holds(content, bytes) : memory.holdsAscii(content, this.#key);
  }

  #content(home: Home, at: number, length: number): number {
    const capacity = home.memory.u32(at + CAPACITY);
    if (length > (capacity || INLINE))
      throw corrupted(`text of ${length} bytes in room for ${capacity || INLINE}`);
    return capacity === 0 ? at + CONTENT : this.#block(home, at, length);
  }

  #block(home: Home, at: number, length: number): number {
    const block = home.memory.follow(at + CONTENT, length);
    if (block === 0) throw corrupted('long text without a block');
    return block;
  }

  /** To `size` bytes, which hold the text; it moves if the arena cannot cut blocks. A courtesy: without memory it stays. */
  #cut(home: Home, at: number, size: number): void {
    const { memory } = home;
    const capacity = memory.u32(at + CAPACITY);
    const old = this.#block(home, at, size);
    // First it says less, then it has less: should this process die between the two, nobody writes behind the end.
    memory.setU32(at + CAPACITY, size);
    if (home.shrink(old, capacity, size)) return;
    let block: number;
    try {
      block = home.allocate(size);
    } catch {
      return;
    }
    memory.copy(block, old, memory.u32(at));
    memory.writePointer(at + CONTENT, block);
    home.free(old, capacity);
  }

  #freeBlock(home: Home, at: number, capacity: number): void {
    home.free(this.#block(home, at, 1), capacity);
  }
}

/** UTF-8 of up to 512 MiB. Lone surrogates become U+FFFD. */
export const string: KeyType<string> = new Text();
