// What small messages and blocks need of a pool, in calls that pass nothing through Node-API: see staged-io.ts.
import { loadBinding } from './loader.js';

const { out, listBytes, poolStaged } = loadBinding();

const LIST = 0;
const SIZE = 9;
const EXTRA = 10;
const RESULT = 11;
const OPERATION = 12;
const POOL = 13;
const ARGUMENT = 14;

/** Operations. */
const BUILD = 0;
const SEND = 1;
const TAKE = 2;
const FIND = 3;
const RELEASE = 4;
const ALLOCATE = 5;
const FREE = 6;
const SEND_KEEPING = 7;
const RETIRE = 8;
const GIVE_BACK = 9;

function call(operation: number, pool: number, list: number, size: number, length: number): number {
  out[OPERATION] = operation;
  out[POOL] = pool;
  out[ARGUMENT] = list;
  out[SIZE] = size;
  out[EXTRA] = length;
  poolStaged();
  return out[RESULT]!;
}

/**
 * All take Pool.index, and answer with a code as Pool's methods do; -EBADF where there is no such pool any more.
 *
 * Pool.listBuild() without a view: the offset of the segment's `capacity` bytes; stagedList() tells the list. It may be
 * one that was retired here, and is nobody else's any more.
 */
export function buildStaged(pool: number, capacity: number): number {
  return call(BUILD, pool, 0, capacity, 0);
}

/** The list of the last buildStaged() that did not fail. */
export function stagedList(): number {
  return out[LIST]!;
}

/** Pool.listSend() of a list with one segment, with what is in listBytes[0, length). */
export function sendListStaged(pool: number, list: number, used: number, length: number): number {
  return call(SEND, pool, list, used, length);
}

/** The same, and keeps a share in the list of metadata, to be used again once the recipient has taken it. */
export function sendListKeeping(pool: number, list: number, used: number, length: number): number {
  return call(SEND_KEEPING, pool, list, used, length);
}

/** Pool.listTake() into listBytes. */
export function takeStaged(pool: number, list: number): number {
  return call(TAKE, pool, list, 0, 0);
}

/**
 * Pool.listBorrow() of a list with one segment, without a view: how many bytes it has; stagedOffset() tells where.
 * -EMSGSIZE when there are more or fewer.
 */
export function findStaged(pool: number, list: number): number {
  return call(FIND, pool, list, 0, 0);
}

/** Where the bytes of the last findStaged() that did not fail are in the pool. */
export function stagedOffset(): number {
  return out[LIST]!;
}

/** Pool.listRelease() without buffers. */
export function releaseStaged(pool: number, list: number): number {
  return call(RELEASE, pool, list, 0, 0);
}

/**
 * Ends the use of a list of buildStaged(), once. 0: it was released. 1: it is kept, and a later buildStaged() may give it again
 * once it is nobody else's. At most 16 are, of 16 KiB each, until the pool is full, or closed, or giveBackStaged() is called.
 */
export function retireStaged(pool: number, list: number): number {
  return call(RETIRE, pool, list, 0, 0);
}

/** Gives back all shares that sendListKeeping() and retireStaged() kept: how many. */
export function giveBackStaged(pool: number): number {
  return call(GIVE_BACK, pool, 0, 0, 0);
}

/** Pool.allocate(): the block's offset. RangeError for less than a byte. */
export function allocateStaged(pool: number, bytes: number): number {
  return call(ALLOCATE, pool, 0, bytes, 0);
}

/** Pool.free(). */
export function freeStaged(pool: number, offset: number): number {
  return call(FREE, pool, offset, 0, 0);
}

export { listBytes };
