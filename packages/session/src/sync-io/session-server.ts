// Session_server in the sync_io pattern (features 133-136, 159, 160, 162).
import type { FlowIpcError } from '@flow-ipc/core';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  WOULD_BLOCK,
  type WouldBlock,
} from '@flow-ipc/core/sync-io';
import { heapProvider, type ServerMemoryProvider, type SessionMemory } from '../session-memory.js';
import {
  type AcceptOptions as AsyncAcceptOptions,
  SessionServer as AsyncSessionServer,
  type ServerDrives,
  type SessionServerOptions,
} from '../session-server.js';
import { run, type Steps } from '../steps.js';
import { type Handler, nowOrLater } from './now-or-later.js';
import { ServerCore, ServerSession } from './server-session.js';
import { type UserDrive, UserFunctions } from './user-drive.js';

export type AcceptOptions = Omit<AsyncAcceptOptions, 'signal'>;

class Core<M extends SessionMemory> extends AsyncSessionServer<M, ServerCore<M>> {
  constructor(options: SessionServerOptions, provider: ServerMemoryProvider<M>, drives: ServerDrives) {
    super(options, provider, (parts) => new ServerCore<M>(parts), drives);
  }

  override announcing(signal: AbortSignal): Steps<void> {
    return super.announcing(signal);
  }

  override accepting(options: AsyncAcceptOptions): Steps<ServerCore<M>> {
    return super.accepting(options);
  }

  override stop(): void {
    super.stop();
  }
}

/** In NULL state until asyncStart() is done. Its sessions wait by the same functions. */
export class SessionServer<
  H extends EventWaitHandle = EventWaitHandle,
  M extends SessionMemory = SessionMemory,
  S extends ServerSession<H, M> = ServerSession<H, M>,
> implements Disposable
{
  readonly #options: SessionServerOptions;
  readonly #provider: ServerMemoryProvider<M>;
  readonly #make: (core: ServerCore<M>, functions: UserFunctions<H>) => S;
  readonly #functions = new UserFunctions<H>();
  readonly #closed = new AbortController();
  #starting = false;
  #drive: UserDrive<H> | undefined;
  #core: Core<M> | undefined;

  /** Without shared memory, unless a package of such sessions gives its provider and its class. No I/O yet. */
  constructor(
    options: SessionServerOptions,
    provider = heapProvider as unknown as ServerMemoryProvider<M>,
    make = (core: ServerCore<M>, functions: UserFunctions<H>) =>
      new ServerSession<H, M>(core, functions) as S,
  ) {
    this.#options = options;
    this.#provider = provider;
    this.#make = make;
  }

  /** Gives the event-wait function handles of the user's own making. False once startOps() was called. */
  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.#functions.replaceHandles(factory);
  }

  /** From now on `eventWait` is asked to watch descriptors, those of sessions too. False when called before. */
  startOps(eventWait: EventWaitFunc<H>): boolean {
    return this.#functions.start(eventWait);
  }

  /**
   * Becomes the server process that clients find, with the errors of SessionServer.create(). True when that is done;
   * WOULD_BLOCK when the handler will be called, which is the case only while another process holds the guard of the
   * file that clients look into. False before startOps(), when called before, after close(). After a failure it may be
   * called again.
   */
  asyncStart(handler: (error: FlowIpcError | undefined) => void): boolean | WouldBlock {
    if (!this.#functions.started || this.#starting || this.#core || this.#over) return false;
    this.#starting = true;
    const result = nowOrLater(this.#start(), handler, () => this.#over);
    return result === WOULD_BLOCK ? WOULD_BLOCK : true;
  }

  *#start(): Steps<void> {
    const functions = this.#functions;
    const drive = functions.newDrive();
    try {
      const drives = { server: drive, newSession: () => functions.newDrive() };
      this.#drive = drive;
      // It listens from now on, so there may be accepts while the guard is waited for.
      this.#core = new Core<M>(this.#options, this.#provider, drives);
      yield* this.#core.announcing(this.#closed.signal);
    } catch (err) {
      this.#core = this.#drive = undefined;
      drive.close();
      throw err;
    } finally {
      this.#starting = false;
    }
  }

  /**
   * The next client's session. Its log-in takes round trips, so it is WOULD_BLOCK, and the handler is called later: with
   * the session, or with why that client was refused or lost, and then the server goes on. Any number may be
   * outstanding, so that a slow client does not hold up the next. False before asyncStart() and after close(). While
   * asyncStart() is under way it works already; should that fail, the handler hears OBJECT_SHUTDOWN.
   */
  asyncAccept(handler: Handler<S>, options: AcceptOptions = {}): WouldBlock | false {
    if (!this.#core || this.#over) return false;
    let inCall = true;
    run(this.#core.accepting({ ...options, signal: this.#closed.signal }), (error, core) => {
      const hand = () => this.#hand(handler, error as FlowIpcError | undefined, core);
      // One that was accepted before it was asked for may be found gone at once: that is no error of this call.
      if (inCall) this.#drive!.after(0, hand);
      else hand();
    });
    inCall = false;
    return WOULD_BLOCK;
  }

  #hand(handler: Handler<S>, error: FlowIpcError | undefined, core: ServerCore<M> | undefined): void {
    if (!this.#over) handler(error, core && this.#make(core, this.#functions));
    else if (core) {
      core.drop();
      core.drive.close();
    }
  }

  get counters(): { accepted: number; refused: number; loggingIn: number } {
    return this.#core?.counters ?? { accepted: 0, refused: 0, loggingIn: 0 };
  }

  /** Stops listening, and drops who is in the midst of its log-in. No handler is called. Sessions go on. Idempotent. */
  close(): void {
    if (this.#over) return;
    this.#closed.abort();
    this.#core?.stop();
    this.#drive?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #over(): boolean {
    return this.#closed.signal.aborted;
  }
}
