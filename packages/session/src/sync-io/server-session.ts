// Server_session in the sync_io pattern (features 137, 143-146, 156, 160).
import type { EventWaitHandle } from '@flow-ipc/core/sync-io';
import type { ClientApp } from '../app.js';
import type { Drive } from '../drive.js';
import { ServerSession as AsyncServerSession } from '../server-session.js';
import type { SessionMemory } from '../session-memory.js';
import type { Steps } from '../steps.js';
import { type OpenChannelOptions, Session, type SessionCore, type SessionHandlers } from './session.js';
import type { UserFunctions } from './user-drive.js';

export class ServerCore<M extends SessionMemory> extends AsyncServerSession<M> implements SessionCore<M> {
  declare readonly drive: Drive;

  override opening(options: OpenChannelOptions) {
    return super.opening(options);
  }

  override closing(): Steps<void> {
    return super.closing();
  }

  override drop(): void {
    super.drop();
  }
}

/** Waits by the functions of the SessionServer that it comes from. */
export class ServerSession<
  H extends EventWaitHandle = EventWaitHandle,
  M extends SessionMemory = SessionMemory,
> extends Session<H, M> {
  protected readonly core: ServerCore<M>;
  readonly isPeer = true;

  /** Made by a SessionServer. */
  constructor(core: ServerCore<M>, functions: UserFunctions<H>) {
    super(functions);
    this.core = core;
    this.takeChannels();
  }

  get clientApp(): ClientApp {
    return this.core.clientApp;
  }

  /**
   * Completes the session: before this, what the peer does waits and asyncOpenChannel() throws. An error that came
   * meanwhile is told at once. False when called before.
   */
  initHandlers(handlers: SessionHandlers<H>): boolean {
    return this.core.initHandlers(this.coreHandlers(handlers));
  }
}
