// What small messages and blocks need of arenas of jemalloc, in calls that pass nothing through Node-API: see staged-io.ts.
import { loadBinding } from './loader.js';

const { out, arenaStaged } = loadBinding();

const LIST = 0;
const SIZE = 9;
const EXTRA = 10;
const RESULT = 11;
const OPERATION = 12;
const INDEX = 13;
const ARGUMENT = 14;

/** Operations. */
const ALLOCATE = 0;
const FREE = 1;
const BEGIN = 2;
const LEND = 3;
const STORE = 4;
const RELEASE = 5;
const TAKE = 6;
const FIND = 7;

function call(operation: number, index: number, place: number, size: number, extra: number): number {
  out[OPERATION] = operation;
  out[INDEX] = index;
  out[ARGUMENT] = place;
  out[SIZE] = size;
  out[EXTRA] = extra;
  arenaStaged();
  return out[RESULT]!;
}

/**
 * These take OwnArena.index, and answer with a code as OwnArena's methods do, `out[6]` included; -EBADF where there is no
 * such arena any more.
 *
 * OwnArena.allocate(): the block's address. RangeError for less than a byte.
 */
export function arenaAllocateStaged(arena: number, bytes: number): number {
  return call(ALLOCATE, arena, 0, bytes, 0);
}

/** OwnArena.free(). */
export function arenaFreeStaged(arena: number, address: number): number {
  return call(FREE, arena, address, 0, 0);
}

/** OwnArena.listCreate() without a view: the address of the segment's `capacity` bytes; begunList() tells the list. */
export function arenaBeginStaged(arena: number, capacity: number): number {
  return call(BEGIN, arena, 0, capacity, 0);
}

/** The list of the last arenaBeginStaged() that did not fail. */
export function begunList(): number {
  return out[LIST]!;
}

/** OwnArena.listLend() of a list with one segment. */
export function arenaLendStaged(arena: number, list: number, used: number): number {
  return call(LEND, arena, list, used, 0);
}

/** OwnArena.listStore() of what is in listBytes[0, length). */
export function arenaStoreStaged(arena: number, length: number): number {
  return call(STORE, arena, 0, length, 0);
}

/** OwnArena.listRelease() without buffers. */
export function arenaReleaseStaged(arena: number, list: number): number {
  return call(RELEASE, arena, list, 0, 0);
}

/**
 * These take BorrowedPools.index, and answer with a code as its methods do; -EBADF where there are no such pools any more.
 *
 * Copies the single segment of a list to listBytes. Its length, or -EMSGSIZE (does not fit, not exactly one).
 */
export function borrowedTakeStaged(
  pools: number,
  collectionId: number,
  poolId: number,
  offset: number,
): number {
  return call(TAKE, pools, offset, collectionId, poolId);
}

/** How many bytes the single segment of a list has; foundAddress() tells where. -EMSGSIZE: not exactly one segment. */
export function borrowedFindStaged(
  pools: number,
  collectionId: number,
  poolId: number,
  offset: number,
): number {
  return call(FIND, pools, offset, collectionId, poolId);
}

/** Where the bytes of the last borrowedFindStaged() that did not fail are. */
export function foundAddress(): number {
  return out[LIST]!;
}
