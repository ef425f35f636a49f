// Bodies in an arena of ours: built in place, lent by a 40-byte handle, read in place by the peer (features 191, 218).
import { type AnyMemory, Memory, MemoryPart } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import {
  borrowedFindStaged,
  borrowedTakeStaged,
  detachBuffers,
  foundAddress,
  listBytes,
} from '@flow-ipc/native';
import { GrowingBody, type ListHome, ListShare, MOST_IN_WINDOW, WindowPart } from '@flow-ipc/shm';
import type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  ReceivedBody,
  Serialization,
} from '@flow-ipc/structured';
import { badHandle, LendError } from './errors.js';
import type { IpcArena } from './ipc-arena.js';
import { HandleMessage, type LendHandle, readHandleMessage } from './lend-handle.js';
import type { LendSession } from './lend-session.js';

/**
 * The first segment of a message, after which each is as large as all before it. With the list's own 112 bytes it
 * fills one of jemalloc's size classes.
 */
const FIRST_SEGMENT = 8192 - 112;
const ENOENT = -2;
const EMSGSIZE = -90;
/** Far more segments than growing sizes can make of any arena. */
const MAX_SEGMENTS = 65536;
/** 80 or 88 bytes, or what an internal message's text makes of it. Read before the next comes. */
const metadata: MetadataBytes = {
  bytes: listBytes,
  view: new DataView(listBytes.buffer),
  at: 0,
  length: 0,
};
const handle: LendHandle = { collectionId: 0, poolId: 0, offset: 0 };

/** Where the lists of a peer's pool go back to. */
class LentFrom implements ListHome {
  readonly #lender: LendSession;
  readonly #collectionId: number;
  readonly #poolId: number;

  constructor(lender: LendSession, collectionId: number, poolId: number) {
    this.#lender = lender;
    this.#collectionId = collectionId;
    this.#poolId = poolId;
  }

  releaseList(offset: number, buffers: ArrayBuffer[]): void {
    detachBuffers(buffers);
    this.#lender.giveBack(this.#collectionId, this.#poolId, offset);
  }
}

class LendBody extends GrowingBody implements BodyBuilder {
  readonly #arena: IpcArena;
  #list = 0;
  #share: ListShare | undefined;
  #lender: LendSession | undefined;

  constructor(arena: IpcArena, options: CreateMsgOptions) {
    super(options.firstSegmentBytes ?? FIRST_SEGMENT);
    this.#arena = arena;
  }

  protected override grow(size: number): AnyMemory | number {
    if (this.#share) {
      const buffer = this.#arena.listGrow(this.#list, size);
      if (typeof buffer !== 'number') this.#share.add(buffer);
      return buffer;
    }
    const shown = size <= MOST_IN_WINDOW ? this.#begin(size) : this.#arena.listCreate(size);
    if (typeof shown === 'number') return shown;
    this.#list = this.#arena.takeList();
    const first = shown instanceof ArrayBuffer ? [shown] : shown;
    this.#share = new ListShare(this.#arena, this.#list, first);
    return first instanceof WindowPart ? first : first[0]!;
  }

  #begin(size: number): WindowPart | readonly ArrayBuffer[] | number {
    const address = this.#arena.listBegin(size);
    return address < 0 ? address : this.#arena.memory.showMessage(address, size);
  }

  protected override refused(code: number, size: number): Error {
    return this.#arena.error(code, `Cannot allocate ${size} bytes`);
  }

  emit(_maxBlobSize: number, through: Serialization): Uint8Array[] {
    if (!(through instanceof LendSerialization)) {
      throw new FlowIpcError(
        LendError.NOT_LENT,
        'A message in an arena can be sent by channels of sessions with SHM-jemalloc only',
      );
    }
    const code = this.#arena.listLend(this.#list, this.usedSizes());
    if (code < 0) throw this.#arena.error(code, 'Cannot lend a message');
    this.#lender = through.lender;
    return [through.lendList(this.#arena, this.#list)];
  }

  retract(): void {
    this.#lender?.retract(this.#arena, this.#list);
  }

  release(): void {
    this.#share?.release();
  }
}

/** C++: S_SERIALIZE_VIA_SESSION_SHM or …APP_SHM, by which arena is given. It matters to senders only. */
export class LendSerialization implements Serialization {
  /** @internal Whom this lends to. */
  readonly lender: LendSession;
  readonly #arena: IpcArena;
  readonly #bodyHandle = new HandleMessage();
  readonly #metadataHandle = new HandleMessage();
  #metadataList = 0;

  constructor(arena: IpcArena, lender: LendSession) {
    this.#arena = arena;
    this.lender = lender;
  }

  newBody(_maxBlobSize: number, options: CreateMsgOptions): BodyBuilder {
    return new LendBody(this.#arena, options);
  }

  /** @internal The handle of a list that has an owner more for this loan. */
  lendList(arena: IpcArena, list: number): Uint8Array {
    return this.#lend(arena, list, this.#bodyHandle);
  }

  /** The stored copy is on loan from the start: it goes when the receiver says that it has read it. */
  wrapMetadata(bytes: Uint8Array, length: number): Uint8Array {
    const list = this.#arena.listStore(bytes, length);
    if (list < 0) throw this.#arena.error(list, 'Cannot store the metadata');
    this.#metadataList = list;
    return this.#lend(this.#arena, list, this.#metadataHandle);
  }

  retractMetadata(): void {
    this.lender.retract(this.#arena, this.#metadataList);
  }

  unwrapMetadata(bytes: Uint8Array, view: DataView, at: number, length: number): MetadataBytes {
    const { collectionId, poolId, offset } = readHandleMessage(bytes, view, at, length, handle);
    const { lender } = this;
    const { native } = lender.borrowed;
    let size = borrowedTakeStaged(native.index, collectionId, poolId, offset);
    if (size < 0) {
      const again = () => borrowedTakeStaged(native.index, collectionId, poolId, offset);
      size = lender.readBorrowed(collectionId, again);
      if (size < 0) throw lender.borrowError(size, { collectionId, poolId, offset });
    }
    lender.giveBack(collectionId, poolId, offset);
    metadata.length = size;
    return metadata;
  }

  openBody(blobs: Uint8Array[]): ReceivedBody {
    return this.openParts(blobs.map((blob) => new MemoryPart(new Memory(blob), 0, blob.length)));
  }

  openParts(blobs: MemoryPart[]): ReceivedBody {
    if (blobs.length !== 1)
      throw badHandle(`A message in shared memory is one handle, not ${blobs.length} segments`);
    const { memory, start, length } = blobs[0]!;
    const { collectionId, poolId, offset } = readHandleMessage(
      memory.bytes,
      memory.view,
      start,
      length,
      handle,
    );
    const shown = this.#show(collectionId, poolId, offset);
    return new BorrowedBody(new LentFrom(this.lender, collectionId, poolId), offset, shown);
  }

  #show(collectionId: number, poolId: number, offset: number): WindowPart | readonly ArrayBuffer[] {
    const { borrowed } = this.lender;
    const { native } = borrowed;
    let size = borrowedFindStaged(native.index, collectionId, poolId, offset);
    if (size === ENOENT) {
      const again = () => borrowedFindStaged(native.index, collectionId, poolId, offset);
      size = this.lender.readBorrowed(collectionId, again);
    }
    if (size >= 0 && size <= MOST_IN_WINDOW) {
      return borrowed.showMessage(collectionId, foundAddress(), size);
    }
    const buffers =
      size < 0 && size !== EMSGSIZE ? size : native.listBorrow(collectionId, poolId, offset, MAX_SEGMENTS);
    if (typeof buffers === 'number') throw this.lender.borrowError(buffers, { collectionId, poolId, offset });
    return buffers;
  }

  #lend(arena: IpcArena, list: number, message: HandleMessage): Uint8Array {
    arena.lastHandle(handle);
    try {
      this.lender.lend(arena, list, handle);
    } catch (err) {
      arena.dropOwner(list);
      throw err;
    }
    return message.set(handle);
  }
}

class BorrowedBody implements ReceivedBody {
  readonly segments: readonly AnyMemory[];
  readonly #share: ListShare;

  constructor(home: ListHome, list: number, shown: WindowPart | readonly ArrayBuffer[]) {
    this.#share = new ListShare(home, list, shown);
    this.segments = shown instanceof WindowPart ? [shown] : shown;
  }

  release(): void {
    this.#share.release();
  }
}
