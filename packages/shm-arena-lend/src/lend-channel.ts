// The lend channel: what the two sides' lenders and borrowers say to each other (protocol 7.3, features 208-214).
import {
  type Channel,
  FlowIpcError,
  NativeSocketStream,
  type ProcessCredentials,
  runEssentialTimers,
  socketStreamChannelOfBlobs,
  whileBlocked,
} from '@flow-ipc/core';
import { type MsgIn, type MsgOut, type SessionToken, StructuredChannel } from '@flow-ipc/structured';
import { LendError } from './errors.js';
import { IpcShmMessage } from './generated/ipc-shm-message.capnp.js';
import type { LendHandle } from './lend-handle.js';

/**
 * Returns are told so many at a time, or after so long: they are in no hurry. To a peer like us all of them are one
 * message; C++ wants one for each.
 */
const RETURN_BATCH = 64;
const RETURN_DELAY_MS = 5;
/** So often the peer is answered while this thread blocks in a synchronous request. */
const BLOCKED_PERIOD_MS = 10;
/** Room in a message's only segment for the longest pool name. */
const MESSAGE_BYTES = 512;
/** What a return is: collection, pool and offset, 4 bytes each. */
const RETURN_NUMBERS = 3;
/** Room for a batch of them. */
const BATCH_BYTES = 64 + RETURN_BATCH * RETURN_NUMBERS * 4;

type Message = MsgIn<typeof IpcShmMessage>;

/** A pool, as its lender describes it. */
export interface PoolDescription {
  readonly collectionId: number;
  readonly poolId: number;
  readonly name: string;
  readonly size: number;
}

/** What the peer says. A borrower's methods tell whether it could do as asked. */
export interface LendEvents {
  lendArena(collectionId: number): boolean;
  lendPool(pool: PoolDescription): boolean;
  removePool(collectionId: number, poolId: number): void;
  returnObject(handle: LendHandle): void;
  /** It said what makes no sense. */
  misused(what: string): void;
  /** The channel is over. */
  end(error: FlowIpcError): void;
}

/** Heap-serialized, blobs only, without pings: the session's master channel notices a peer that is gone. */
export class LendChannel {
  readonly #structured: StructuredChannel<typeof IpcShmMessage>;
  readonly #channel: Channel<'blobs' | 'credentials'>;
  readonly #returnMsg: MsgOut<typeof IpcShmMessage>;
  /** Three numbers for each return that waits. */
  readonly #returns: number[] = [];
  readonly #handle: LendHandle = { collectionId: 0, poolId: 0, offset: 0 };
  #returnTimer: NodeJS.Timeout | undefined;
  /** The peer takes many returns in one message. It says so in its first answer. */
  #batches = false;
  /** waitUntil() is reading, so that nobody else needs to. */
  #waiting = false;
  readonly #stopServing: () => void;
  /** Messages that came; changes tell a waiter that something did. */
  #received = 0;

  /** Takes the descriptor over. */
  constructor(fd: number, token: SessionToken, peer: ProcessCredentials, events: LendEvents) {
    const stream = new NativeSocketStream(fd);
    // The kernel names the maker of the pair, which may be us.
    stream.remotePeerProcessCredentials = peer;
    this.#channel = socketStreamChannelOfBlobs(stream);
    // What this socket keeps the process alive for is the session, which has sockets of its own.
    this.#channel.unref();
    this.#structured = new StructuredChannel(this.#channel, IpcShmMessage, {
      sessionToken: token,
      manualStart: true,
    });
    this.#returnMsg = this.#message();
    this.#returnMsg.body.initReturnObject();
    this.#expect(events);
    // A peer that waits for our answer to a new arena or pool answers nothing else: its accept() has not come to the
    // session's channels yet, or its allocator blocks, in C++.
    this.#stopServing = whileBlocked(BLOCKED_PERIOD_MS, () => this.#serve());
    this.#structured.start((error) => this.#end(error, events));
  }

  get error(): FlowIpcError | undefined {
    return this.#structured.error;
  }

  /** Messages received so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether all that was said has left this process. Tries to make it so. */
  flush(): boolean {
    if (this.error) return true;
    this.#channel.blobSender!.flush();
    return this.#channel.queuedBytes === 0;
  }

  /** `answer` hears whether the peer took it, and whether it reads this channel on demand; false when it is lost. */
  lendArena(collectionId: number, answer: (taken: boolean, readsOnDemand: boolean) => void): void {
    using msg = this.#message();
    msg.body.initLendArena().collectionId = collectionId;
    this.#request(msg, answer);
  }

  lendPool(pool: PoolDescription, answer: (taken: boolean) => void): void {
    using msg = this.#message();
    const body = msg.body.initLendPool();
    body.collectionId = pool.collectionId;
    body.poolId = pool.poolId;
    body.poolName = pool.name;
    body.poolSize = pool.size;
    this.#request(msg, answer);
  }

  removePool(collectionId: number, poolId: number): void {
    if (this.error) return;
    using msg = this.#message();
    const body = msg.body.initRemovePool();
    body.collectionId = collectionId;
    body.poolId = poolId;
    this.#structured.send(msg);
  }

  /** Soon; nothing happens when the channel is over: the peer counts everything as returned then. */
  returnObject(collectionId: number, poolId: number, offset: number): void {
    if (this.error) return;
    this.#returns.push(collectionId, poolId, offset);
    if (this.#returns.length >= RETURN_NUMBERS * RETURN_BATCH) this.flushReturns();
    else this.#returnTimer ??= setTimeout(() => this.flushReturns(), RETURN_DELAY_MS).unref();
  }

  flushReturns(): void {
    clearTimeout(this.#returnTimer);
    this.#returnTimer = undefined;
    const returns = this.#returns;
    if (returns.length === 0 || this.error) return;
    try {
      if (this.#batches && returns.length > RETURN_NUMBERS) this.#sendBatch(returns);
      else this.#sendEach(returns);
    } catch {
      // Not told by the channel itself, as a call of ours threw it; the end of the session says it all.
    } finally {
      returns.length = 0;
    }
  }

  #sendBatch(returns: readonly number[]): void {
    using msg = this.#structured.createMsg({ firstSegmentBytes: BATCH_BYTES });
    const handles = msg.body.initReturnObjects().initHandles(returns.length);
    for (let i = 0; i < returns.length; i++) handles.set(i, returns[i]!);
    this.#structured.send(msg);
  }

  #sendEach(returns: readonly number[]): void {
    const body = this.#returnMsg.body.returnObject;
    const sender = this.#channel.blobSender!;
    sender.cork();
    try {
      for (let i = 0; i < returns.length; i += RETURN_NUMBERS) {
        body.collectionId = returns[i]!;
        body.poolId = returns[i + 1]!;
        body.poolOffset = returns[i + 2]!;
        this.#structured.send(this.#returnMsg);
      }
    } finally {
      if (!sender.closed) sender.uncork();
    }
  }

  /**
   * Handles what the peer said, and goes on blocking for more until `done` says so, the channel is over, or
   * `timeoutMs` passed. Requests of the peer are answered meanwhile, so two sides that wait for each other both get on.
   */
  waitUntil(done: () => boolean, timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs;
    const outer = this.#waiting;
    this.#waiting = true;
    try {
      while (!this.error && !done()) {
        const left = deadline - performance.now();
        if (left < 0) return false;
        this.#channel.waitReadable(Math.min(left, runEssentialTimers()));
      }
    } finally {
      this.#waiting = outer;
    }
    return done();
  }

  /** Handles what is there now. */
  readNow(): void {
    if (!this.error) this.#channel.waitReadable(0);
  }

  #serve(): void {
    if (this.#waiting) return;
    try {
      this.readNow();
    } catch {
      // The channel ended in the midst of it, which end() is told.
    }
  }

  /** Tells the returns that wait, as far as the socket takes them now, and ends. Idempotent. */
  close(): void {
    this.#stopServing();
    this.flushReturns();
    this.flush();
    this.#returnMsg.release();
    this.#structured.close();
  }

  #message(): MsgOut<typeof IpcShmMessage> {
    return this.#structured.createMsg({ firstSegmentBytes: MESSAGE_BYTES });
  }

  #request(
    msg: MsgOut<typeof IpcShmMessage>,
    answer: (taken: boolean, readsOnDemand: boolean) => void,
  ): void {
    this.#structured.asyncRequest(msg, (response) => {
      using _ = response;
      this.#received++;
      const { success, readsOnDemand, takesReturnObjects } = response.body.response;
      this.#batches = takesReturnObjects;
      answer(success, readsOnDemand);
    });
  }

  #respond(request: Message, success: boolean): void {
    this.#received++;
    using answer = this.#message();
    const body = answer.body.initResponse();
    body.success = success;
    body.readsOnDemand = true;
    body.takesReturnObjects = true;
    this.#structured.send(answer, request);
  }

  #expect(events: LendEvents): void {
    this.#structured.expectMsgs('lendArena', (request) => {
      using _ = request;
      this.#respond(request, events.lendArena(request.body.lendArena.collectionId));
    });
    this.#structured.expectMsgs('lendPool', (request) => {
      using _ = request;
      const { collectionId, poolId, poolName, poolSize } = request.body.lendPool;
      this.#respond(request, events.lendPool({ collectionId, poolId, name: poolName, size: poolSize }));
    });
    this.#structured.expectMsgs('removePool', (notice) => {
      using _ = notice;
      this.#received++;
      const { collectionId, poolId } = notice.body.removePool;
      events.removePool(collectionId, poolId);
    });
    const handle = this.#handle;
    this.#structured.expectMsgs('returnObject', (notice) => {
      using _ = notice;
      this.#received++;
      const { collectionId, poolId, poolOffset } = notice.body.returnObject;
      handle.collectionId = collectionId;
      handle.poolId = poolId;
      handle.offset = poolOffset;
      events.returnObject(handle);
    });
    this.#structured.expectMsgs('returnObjects', (notice) => {
      using _ = notice;
      this.#received++;
      const { handles } = notice.body.returnObjects;
      if (handles.length % RETURN_NUMBERS !== 0) {
        events.misused(`returned objects by ${handles.length} numbers`);
        return;
      }
      for (let i = 0; i < handles.length && !this.error; i += RETURN_NUMBERS) {
        handle.collectionId = handles.at(i);
        handle.poolId = handles.at(i + 1);
        handle.offset = handles.at(i + 2);
        events.returnObject(handle);
      }
    });
  }

  #end(error: FlowIpcError, events: LendEvents): void {
    this.#stopServing();
    clearTimeout(this.#returnTimer);
    events.end(error);
  }
}

/** What everything that needs the peer throws once the channel is over. */
export function disconnected(cause: unknown): FlowIpcError {
  return new FlowIpcError(
    LendError.DISCONNECTED,
    'The lend channel is closed: nothing can be lent or borrowed',
    {
      cause,
    },
  );
}
