// Bodies in a pool: built in place, lent by a 32-byte handle, read in place (features 191-193).
import { type AnyMemory, Memory, MemoryPart } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import {
  buildStaged,
  findStaged,
  listBytes,
  out,
  type Pool,
  sendListKeeping,
  sendListStaged,
  stagedList,
  stagedOffset,
  takeStaged,
} from '@flow-ipc/native';
import type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  OutgoingBody,
  ReceivedBody,
  Serialization,
} from '@flow-ipc/structured';
import { poolError, ShmError } from './errors.js';
import { GrowingBody } from './growing-body.js';
import { type HeldShares, type ListHome, ListShare, LooseShare } from './list-share.js';
import { type MessageWindow, MOST_IN_WINDOW, WindowPart } from './message-window.js';
import type { PoolArena } from './pool-arena.js';
import { HandleMessage, readHandle } from './shm-handle.js';
import type { SpareLists } from './spare-lists.js';

/** As C++: the first segment of a message, after which each is as large as all before it. */
const FIRST_SEGMENT = 8192;
/** Slot of the addon's `out` array. */
const OUT_LIST = 0;
/** Far more segments than growing sizes can make of any pool. */
const MAX_SEGMENTS = 65536;
/** 80 or 88 bytes, or what an internal message's text makes of it. Read before the next comes. */
const metadata: MetadataBytes = {
  bytes: listBytes,
  view: new DataView(listBytes.buffer),
  at: 0,
  length: 0,
};

class ClassicBody extends GrowingBody implements BodyBuilder {
  readonly #pool: Pool;
  readonly #window: MessageWindow;
  readonly #home: ListHome;
  readonly #handle: HandleMessage;
  readonly #held: HeldShares | undefined;
  #share: ListShare | undefined;
  #through: ClassicSerialization | undefined;

  constructor(
    { pool, window }: PoolArena,
    home: ListHome,
    handle: HandleMessage,
    options: CreateMsgOptions,
    held: HeldShares | undefined,
  ) {
    super(options.firstSegmentBytes ?? FIRST_SEGMENT);
    this.#pool = pool;
    this.#window = window;
    this.#home = home;
    this.#held = held;
    this.#handle = handle;
  }

  protected override grow(size: number): AnyMemory | number {
    if (!this.#share && size <= MOST_IN_WINDOW) return this.#begin(size);
    const buffer = this.#share ? this.#pool.listGrow(this.#share.list, size) : this.#pool.listBuild(size);
    if (typeof buffer === 'number') return buffer;
    this.#share ??= new ListShare(this.#home, out[OUT_LIST]!, [], this.#held);
    this.#share.add(buffer);
    return buffer;
  }

  #begin(size: number): AnyMemory | number {
    const offset = buildStaged(this.#pool.index, size);
    if (offset < 0) return offset;
    const shown = this.#window.show(offset, size);
    this.#share = new ListShare(this.#home, stagedList(), shown, this.#held);
    return shown instanceof WindowPart ? shown : shown[0]!;
  }

  protected override refused(code: number, size: number): Error {
    return poolError(code, `Cannot allocate ${size} bytes`, this.#pool.name);
  }

  emit(_maxBlobSize: number, through: Serialization): Uint8Array[] {
    const { list } = this.#share!;
    const used = this.usedSizes();
    if (through instanceof ClassicSerialization && through.lendSoon(this.#pool, list, used)) {
      this.#through = through;
    } else {
      this.#through = undefined;
      const code = this.#pool.listLend(list, used);
      if (code < 0) throw poolError(code, 'Cannot lend a message', this.#pool.name);
    }
    return [this.#handle.set(list)];
  }

  /** The recipient that emit() counted as an owner will never hear of it. */
  retract(): void {
    if (!this.#through?.forgetLend()) this.#pool.listRelease(this.#share!.list, []);
  }

  release(): void {
    this.#share?.release();
  }
}

/** A message that was received, to be sent on in the memory that it lies in. Has a share of its own in it. */
class SentOnBody implements OutgoingBody {
  readonly #pool: Pool;
  readonly #list: number;
  readonly #handle: HandleMessage;
  readonly #share: LooseShare;

  constructor(pool: Pool, home: ListHome, list: number, handle: HandleMessage, held: HeldShares | undefined) {
    this.#pool = pool;
    this.#list = list;
    this.#handle = handle;
    this.#addOwner();
    this.#share = new LooseShare(this, home, list, held);
  }

  emit(): Uint8Array[] {
    this.#addOwner();
    return [this.#handle.set(this.#list)];
  }

  retract(): void {
    this.#pool.listRelease(this.#list, []);
  }

  release(): void {
    this.#share.release();
  }

  #addOwner(): void {
    const code = this.#pool.listShare(this.#list);
    if (code < 0) throw poolError(code, 'Cannot send a message on', this.#pool.name);
  }
}

/** C++: S_SERIALIZE_VIA_SESSION_SHM or …APP_SHM, by which arena is given. Both sides must mean the same one. */
export class ClassicSerialization implements Serialization {
  readonly #pool: Pool;
  readonly #arena: PoolArena;
  readonly #bodyHandle = new HandleMessage();
  readonly #metadataHandle = new HandleMessage();
  readonly #held: HeldShares | undefined;
  readonly #spares: SpareLists | undefined;
  /** A list that is lent in one call with storing the metadata, which comes next; 0: none. */
  #lending = 0;
  #used: number | number[] = 0;

  /**
   * `held`: keeps count of what is not released yet. `spares`: small messages that were sent may be kept for the next
   * ones, which a process that is killed would not give back.
   */
  constructor(arena: PoolArena, { held, spares = false }: { held?: HeldShares; spares?: boolean } = {}) {
    this.#pool = arena.pool;
    this.#arena = arena;
    this.#held = held;
    this.#spares = spares ? arena.spares : undefined;
  }

  newBody(_maxBlobSize: number, options: CreateMsgOptions): BodyBuilder {
    const { builtHome, listHome } = this.#arena;
    const home = this.#spares ? builtHome : listHome;
    return new ClassicBody(this.#arena, home, this.#bodyHandle, options, this.#held);
  }

  /** The receiver drops its share in the stored copy as soon as it has read it: the only one, unless lists are kept. */
  wrapMetadata(bytes: Uint8Array, length: number): Uint8Array {
    const lending = this.#lending;
    let list: number;
    if (lending === 0) {
      list = this.#pool.listStore(bytes, 0, length);
    } else if (typeof this.#used === 'number' && length <= listBytes.length) {
      for (let i = 0; i < length; i++) listBytes[i] = bytes[i]!;
      const send = this.#spares ? sendListKeeping : sendListStaged;
      list = send(this.#pool.index, lending, this.#used, length);
      this.#spares?.touch();
    } else {
      list = this.#pool.listSend(lending, this.#used, bytes, length);
    }
    if (list < 0) throw poolError(list, 'Cannot store the metadata', this.#pool.name);
    this.#lending = 0;
    return this.#metadataHandle.set(list);
  }

  /** @internal Lends a list with the next metadata. False when it lies in another pool. */
  lendSoon(pool: Pool, list: number, used: number | number[]): boolean {
    if (pool !== this.#pool) return false;
    this.#lending = list;
    this.#used = used;
    return true;
  }

  /** @internal Whether the list of the last lendSoon() was not lent yet; it will not be. */
  forgetLend(): boolean {
    const waiting = this.#lending !== 0;
    this.#lending = 0;
    return waiting;
  }

  unwrapMetadata(bytes: Uint8Array, view: DataView, at: number, length: number): MetadataBytes {
    const list = readHandle(bytes, view, at, length);
    const size = takeStaged(this.#pool.index, list);
    if (size < 0) throw poolError(size, `No metadata at ${list}`, this.#pool.name);
    metadata.length = size;
    return metadata;
  }

  openBody(blobs: Uint8Array[]): ReceivedBody {
    return this.openParts(blobs.map((blob) => new MemoryPart(new Memory(blob), 0, blob.length)));
  }

  openParts(blobs: MemoryPart[]): ReceivedBody {
    if (blobs.length !== 1) {
      throw new FlowIpcError(
        ShmError.BAD_HANDLE,
        `A message in shared memory is one handle, not ${blobs.length} segments`,
      );
    }
    const { memory, start, length } = blobs[0]!;
    const list = readHandle(memory.bytes, memory.view, start, length);
    return new BorrowedBody(this.#pool, this.#arena.listHome, list, this.#show(list), this.#held);
  }

  #show(list: number): WindowPart | readonly ArrayBuffer[] {
    const size = findStaged(this.#pool.index, list);
    if (size >= 0 && size <= MOST_IN_WINDOW) return this.#arena.window.show(stagedOffset(), size);
    const buffers = this.#pool.listBorrow(list, MAX_SEGMENTS);
    if (typeof buffers === 'number') throw poolError(buffers, `No message at ${list}`, this.#pool.name);
    return buffers;
  }

  /** @internal To send a message of `pool` on; undefined when it lies elsewhere. */
  sendOn(pool: Pool, list: number): OutgoingBody | undefined {
    return pool === this.#pool
      ? new SentOnBody(pool, this.#arena.listHome, list, this.#bodyHandle, this.#held)
      : undefined;
  }
}

class BorrowedBody implements ReceivedBody {
  readonly segments: readonly AnyMemory[];
  readonly #pool: Pool;
  readonly #share: ListShare;

  constructor(
    pool: Pool,
    home: ListHome,
    list: number,
    shown: WindowPart | readonly ArrayBuffer[],
    held: HeldShares | undefined,
  ) {
    this.#pool = pool;
    this.#share = new ListShare(home, list, shown, held);
    this.segments = shown instanceof WindowPart ? [shown] : shown;
  }

  sendOn(through: Serialization): OutgoingBody | undefined {
    return through instanceof ClassicSerialization ? through.sendOn(this.#pool, this.#share.list) : undefined;
  }

  release(): void {
    this.#share.release();
  }
}
