/**
 * Flow-IPC's SHM-classic: sessions whose messages are built in shared memory and read there, without a copy.
 * Same classes as `@flow-ipc/session`.
 * @module
 */
export {
  type AcceptOptions,
  type App,
  type ClientApp,
  type ConnectOptions,
  type OpenChannelOptions,
  type ServerApp,
  SessionError,
  type SessionHandlers,
  type SessionsOptions,
} from '@flow-ipc/session';
export type { Arena, ObjectShare, Taken, Waiting } from './arena.js';
export { ClassicMemory } from './classic-memory.js';
export type { Atomic, WaitableAtomic, WaitOptions } from './containers/atomic.js';
export type { Condition } from './containers/condition.js';
export type { FixedArray, FixedArrayType, NumericFixedArray } from './containers/fixed-array.js';
export type { List, ListType } from './containers/list.js';
export type { MapInput, MapType, SharedMap } from './containers/map.js';
export type { Lock, LockOptions, Mutex } from './containers/mutex.js';
export type { ArrayMaker, NumericArray, NumericType } from './containers/numbers.js';
export type { Optional, OptionalType } from './containers/optional.js';
export type { SetType, SharedSet } from './containers/set.js';
export type { Fields, StructInput, StructLive, StructPlain, StructType } from './containers/struct.js';
export type { AnyKey, Input, KeyType, Live, Plain, SharedType } from './containers/type.js';
export * as t from './containers/types.js';
export type { NumericVector, Vector, VectorType } from './containers/vector.js';
export { ShmError } from './errors.js';
export { ShmTopSerialization } from './generated/serialization.capnp.js';
/** @internal For the packages of other memory. */
export { GrowingBody } from './growing-body.js';
/** @internal */
export { type ListHome, ListShare } from './list-share.js';
/** @internal */
export { MessageWindow, MOST_IN_WINDOW, WindowPart } from './message-window.js';
export { DEFAULT_POOL_SIZE_MI, PoolArena, type PoolOptions, type PoolStatistics } from './pool-arena.js';
export { type ShmHandleField, setLentShmHandle, shmHandleToBorrow } from './scoped-handle.js';
export { ClientSession, ServerSession, SessionServer, type SessionServerOptions } from './sessions.js';
export { SharedMemory, WINDOW } from './shared-memory.js';
export { SharedObject } from './shared-object.js';
