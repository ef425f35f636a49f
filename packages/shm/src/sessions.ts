// The session classes with SHM-classic: the import is the switch.
import {
  type ConnectOptions,
  connectSession,
  ClientSession as HeapClientSession,
  ServerSession as HeapServerSession,
  SessionServer as HeapSessionServer,
  type SessionServerOptions as HeapSessionServerOptions,
} from '@flow-ipc/session';
import { type ClassicMemory, ClassicServerProvider, classicClientProvider } from './classic-memory.js';
import { DEFAULT_POOL_SIZE_MI, type PoolArena } from './pool-arena.js';

export interface SessionServerOptions extends HeapSessionServerOptions {
  /**
   * Size limit of each pool in MiB: one a session, one a client app. Nothing is committed up front.
   * @default 2048
   */
  poolSizeLimitMi?: number;
}

export class ClientSession extends HeapClientSession<ClassicMemory> {
  static override connect(options: ConnectOptions): Promise<ClientSession> {
    return connectSession(options, classicClientProvider, (parts) => new ClientSession(parts));
  }

  /** The arena that lives as long as this session. */
  get sessionShm(): PoolArena {
    return this.memory.sessionShm;
  }

  /** The arena that all sessions of this client app share. */
  get appShm(): PoolArena {
    return this.memory.appShm;
  }
}

export class ServerSession extends HeapServerSession<ClassicMemory> {
  get sessionShm(): PoolArena {
    return this.memory.sessionShm;
  }

  get appShm(): PoolArena {
    return this.memory.appShm;
  }
}

export class SessionServer extends HeapSessionServer<ClassicMemory, ServerSession> {
  static override async create(options: SessionServerOptions): Promise<SessionServer> {
    const provider = new ClassicServerProvider(options.poolSizeLimitMi ?? DEFAULT_POOL_SIZE_MI);
    const server = new SessionServer(options, provider, (parts) => new ServerSession(parts));
    await server.announce();
    return server;
  }
}
