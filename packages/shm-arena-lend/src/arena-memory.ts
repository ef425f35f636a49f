// The memory of one side of a SHM-jemalloc session: its arenas, and the lending between them (features 216, 217).
import { FlowIpcError, NativeHandle, NativeSocketStream } from '@flow-ipc/core';
import { SessionError, type SessionLink, type SessionMemory, type SessionScope } from '@flow-ipc/session';
import type { Serialization } from '@flow-ipc/structured';
import { LendError } from './errors.js';
import { Finisher } from './finisher.js';
import type { IpcArena } from './ipc-arena.js';
import { LendSerialization } from './lend-serialization.js';
import { LendSession } from './lend-session.js';

/** How long either side waits for the other while the memory is set up. */
const SET_UP_PATIENCE_MS = 60_000;

export interface ArenaMemoryParts {
  scope: SessionScope;
  sessionShm: IpcArena;
  /** The server's only. */
  appShm?: IpcArena;
  /** What the names of the peer's pools begin with, once it is known who the peer is. */
  peerPoolNameBases: (peerPid: number) => string[];
  onClose: () => void;
}

export class ArenaMemory implements SessionMemory {
  /** This side's own; lives as long as the session. What session.structured() builds messages in. */
  readonly sessionShm: IpcArena;
  readonly #parts: ArenaMemoryParts;
  #lender: LendSession | undefined;
  #serialization: Serialization | undefined;
  #appSerialization: Serialization | undefined;
  #finisher: Finisher | undefined;
  #closed = false;

  constructor(parts: ArenaMemoryParts) {
    this.#parts = parts;
    this.sessionShm = parts.sessionShm;
  }

  /** On the server: shared by all sessions of the client app, lent to each. Undefined on clients, which have none. */
  get appShm(): IpcArena | undefined {
    return this.#parts.appShm;
  }

  /** What is lent and borrowed in this session. */
  get shmSession(): LendSession {
    return set(this.#lender);
  }

  get serialization(): Serialization {
    return set(this.#serialization);
  }

  /** For messages that outlive the session, on a server: pass as `serialization`. The other side needs nothing special. */
  get appSerialization(): Serialization {
    if (!this.#parts.appShm) throw new TypeError('A client has no arena of its app');
    return set(this.#appSerialization);
  }

  async setUp(link: SessionLink): Promise<void> {
    const { sessionShm, appShm } = this.#parts;
    const fd = link.role === 'server' ? await offerChannel(link) : await takeChannel(link);
    const peer = link.master.ownedChannel.remotePeerProcessCredentials!;
    const lender = new LendSession(fd, {
      token: link.master.sessionToken,
      peer,
      poolNameBases: this.#parts.peerPoolNameBases(peer.pid),
      onError: (error) => {
        // When only the connection ended, the master channel tells the same, and more.
        if (error.code === LendError.MISUSED) link.fail(error);
      },
    });
    this.#lender = lender;
    this.#finisher = new Finisher(link, () => lender.announceReturns());
    this.#serialization = new LendSerialization(sessionShm, lender);
    // In the order of the C++ server: the session's first.
    await lender.lendArena(sessionShm);
    if (!appShm) return;
    this.#appSerialization = new LendSerialization(appShm, lender);
    await lender.lendArena(appShm);
  }

  /** See Finisher. */
  async finish(): Promise<void> {
    await this.#finisher?.finish();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lender?.close();
    this.sessionShm.close();
    this.#parts.onClose();
  }
}

/** Makes the lend channel: our end. */
async function offerChannel({ master }: SessionLink): Promise<number> {
  const [ours, theirs] = NativeSocketStream.pair();
  const own = new NativeHandle(ours);
  try {
    using msg = master.createMsg({ nativeHandle: new NativeHandle(theirs) });
    msg.body.initJemallocShmSetup();
    (await master.request(msg, { timeoutMs: SET_UP_PATIENCE_MS })).release();
    return own.release();
  } catch (err) {
    own.close();
    throw new FlowIpcError(LendError.SET_UP_FAILED, 'The client did not take the lend channel', {
      cause: err,
    });
  }
}

async function takeChannel({ master }: SessionLink): Promise<number> {
  try {
    using request = await master.message('jemallocShmSetup', { timeoutMs: SET_UP_PATIENCE_MS });
    const handle = request.takeNativeHandle();
    if (!handle) throw new FlowIpcError(SessionError.LOG_IN_RESPONSE_BAD, 'It came without a descriptor');
    try {
      // As C++ answers: a body of which nothing is set.
      using answer = master.createMsg();
      master.send(answer, request);
      return handle.release();
    } finally {
      handle.close();
    }
  } catch (err) {
    throw new FlowIpcError(LendError.SET_UP_FAILED, 'The server sent no lend channel', { cause: err });
  }
}

function set<R>(value: R | undefined): R {
  if (value === undefined) throw new TypeError('The memory of this session is not set up');
  return value;
}
