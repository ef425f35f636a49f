// Bodies in an arena of ours: built in place, lent by a 40-byte handle, read in place by the peer (features 191, 218).
import { MessageBuilder, type SegmentAllocator } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import { detachBuffers } from '@flow-ipc/native';
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
import { ListShare } from './list-share.js';

/**
 * The first segment of a message, after which each is as large as all before it. With the list's own 112 bytes it
 * fills one of jemalloc's size classes.
 */
const FIRST_SEGMENT = 8192 - 112;
const ENOMEM = -12;
const ENOSPC = -28;
/** Far more segments than growing sizes can make of any arena. */
const MAX_SEGMENTS = 65536;
/** Room for metadata: 80 or 88 bytes, or what an internal message's text makes of it. Read before the next comes. */
const METADATA_ROOM = 8 * 1024;
const metadataMemory = new ArrayBuffer(METADATA_ROOM);
const metadata: MetadataBytes = {
  bytes: new Uint8Array(metadataMemory),
  view: new DataView(metadataMemory),
  at: 0,
  length: 0,
};
const handle: LendHandle = { collectionId: 0, poolId: 0, offset: 0 };

/** Made apart from all else: it must not keep alive what is in scope where the object is borrowed. */
const returner = (lender: LendSession, collectionId: number, poolId: number, offset: number) => () =>
  lender.giveBack(collectionId, poolId, offset);

class LendBody implements BodyBuilder, SegmentAllocator {
  readonly builder: MessageBuilder;
  readonly #arena: IpcArena;
  #list = 0;
  #share: ListShare | undefined;
  #lender: LendSession | undefined;
  #next: number;
  #total = 0;

  constructor(arena: IpcArena, options: CreateMsgOptions) {
    this.#arena = arena;
    this.#next = options.firstSegmentBytes ?? FIRST_SEGMENT;
    this.builder = new MessageBuilder(this);
  }

  allocate(minBytes: number): { bytes: ArrayBuffer; zeroed: boolean } {
    const wanted = Math.ceil(Math.max(minBytes, this.#next) / 8) * 8;
    let buffer = this.#grow(wanted);
    if ((buffer === ENOMEM || buffer === ENOSPC) && minBytes < wanted) {
      // Growing generously does not fit any more; what is needed may.
      buffer = this.#grow(Math.ceil(minBytes / 8) * 8);
    }
    if (typeof buffer === 'number') throw this.#arena.error(buffer, `Cannot allocate ${minBytes} bytes`);
    this.#share!.add(buffer);
    this.#total += buffer.byteLength;
    this.#next = this.#total;
    return { bytes: buffer, zeroed: false };
  }

  #grow(size: number): ArrayBuffer | number {
    if (this.#share) return this.#arena.listGrow(this.#list, size);
    const buffer = this.#arena.listCreate(size);
    if (typeof buffer === 'number') return buffer;
    const list = this.#arena.takeList();
    const arena = this.#arena;
    this.#list = list;
    this.#share = new ListShare(() => arena.listRelease(list, []));
    return buffer;
  }

  emit(_maxBlobSize: number, through: Serialization): Uint8Array[] {
    if (!(through instanceof LendSerialization)) {
      throw new FlowIpcError(
        LendError.NOT_LENT,
        'A message in an arena can be sent by channels of sessions with SHM-jemalloc only',
      );
    }
    const { builder } = this;
    let used: number | number[] = builder.usedBytes(0);
    if (builder.segmentCount > 1) {
      used = [used];
      for (let i = 1; i < builder.segmentCount; i++) used.push(builder.usedBytes(i));
    }
    const code = this.#arena.listLend(this.#list, used);
    if (code < 0) throw this.#arena.error(code, 'Cannot lend a message');
    this.#lender = through.lender;
    return [through.lendList(this.#arena, this.#list)];
  }

  retract(): void {
    this.#lender?.retract(this.#arena, this.#list);
  }

  release(): void {
    if (this.#share?.release()) this.#arena.listRelease(this.#list, this.#share.buffers);
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
    let size = native.listTake(collectionId, poolId, offset, metadata.bytes);
    if (size < 0) {
      const again = () => native.listTake(collectionId, poolId, offset, metadata.bytes);
      size = lender.readBorrowed(collectionId, again);
      if (size < 0) throw lender.borrowError(size, { collectionId, poolId, offset });
    }
    lender.giveBack(collectionId, poolId, offset);
    metadata.length = size;
    return metadata;
  }

  openBody(blobs: Uint8Array[]): ReceivedBody {
    const blob = blobs[0]!;
    if (blobs.length !== 1)
      throw badHandle(`A message in shared memory is one handle, not ${blobs.length} segments`);
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const { collectionId, poolId, offset } = readHandleMessage(blob, view, 0, blob.length, handle);
    const { lender } = this;
    const { native } = lender.borrowed;
    let buffers = native.listBorrow(collectionId, poolId, offset, MAX_SEGMENTS);
    if (typeof buffers === 'number') {
      const again = () => native.listBorrow(collectionId, poolId, offset, MAX_SEGMENTS);
      buffers = lender.readBorrowed(collectionId, again);
      if (typeof buffers === 'number') throw lender.borrowError(buffers, { collectionId, poolId, offset });
    }
    const giveBack = returner(lender, collectionId, poolId, offset);
    const share = new ListShare(giveBack, buffers);
    return {
      segments: share.buffers,
      release: () => {
        if (!share.release()) return;
        detachBuffers(share.buffers);
        giveBack();
      },
    };
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
