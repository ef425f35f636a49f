/**
 * The native half of Flow-IPC: the addon's functions, as they are (a re-export adds no call).
 *
 * The contract, with units, errors and ownership, is in {@link Binding}.
 */
import { loadBinding } from './loader.js';

export type {
  Binding,
  MessageQueue,
  NamedSemaphore,
  OwnArenaStats,
  OwnPool,
  PeerCredentials,
  Pool,
  SocketInfo,
} from './binding.js';
export { MQ_RECEIVE, MQ_SEND, READABLE, WRITABLE } from './binding.js';
export { loadBinding, NativeNotFoundError, platformPackage } from './loader.js';
export {
  arenaAllocateStaged,
  arenaBeginStaged,
  arenaFreeStaged,
  arenaLendStaged,
  arenaReleaseStaged,
  arenaStoreStaged,
  begunList,
  borrowedFindStaged,
  borrowedTakeStaged,
  foundAddress,
} from './staged-arena.js';
export { recvStaged, STAGE_OUT, sendStaged, stage } from './staged-io.js';
export {
  allocateStaged,
  buildStaged,
  findStaged,
  freeStaged,
  giveBackStaged,
  listBytes,
  releaseStaged,
  retireStaged,
  sendListKeeping,
  sendListStaged,
  stagedList,
  stagedOffset,
  takeStaged,
} from './staged-pool.js';

const binding = loadBinding();

export const {
  version,
  out,
  closeFd,
  dupFd,
  ownFd,
  disownFd,
  replaceFd,
  fdFlags,
  setNonBlocking,
  socketInfo,
  listenAbstract,
  connectAbstract,
  accept,
  socketPair,
  setSocketBuffers,
  startPinging,
  stopPinging,
  timerFd,
  timerFdSet,
  peerCredentials,
  send,
  recv,
  pollFd,
  pollFds,
  signalFd,
  FdWatcher,
  EpollReactor,
  shmCreate,
  shmOpen,
  shmUnlink,
  mapFd,
  poolCreate,
  poolOpen,
  OwnArena,
  BorrowedPools,
  mqCreate,
  mqOpen,
  mqUnlink,
  mqInterrupt,
  poolOpenOrCreate,
  detachBuffers,
  semOpen,
  monotonicNs,
} = binding;
export type FdWatcher = import('./binding.js').FdWatcher;
export type EpollReactor = import('./binding.js').EpollReactor;
export type OwnArena = import('./binding.js').OwnArena;
export type BorrowedPools = import('./binding.js').BorrowedPools;
