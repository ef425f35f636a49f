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
import type { SharedType } from './containers/type.js';
import { DEFAULT_POOL_SIZE_MI, type PoolArena } from './pool-arena.js';
import type { SharedObject } from './shared-object.js';

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

  /**
   * Lends an object of either arena to the peer: 16 bytes for its borrowObject(), once. TypeError when the object is in
   * neither. What arrives nowhere keeps the object alive as long as its arena.
   */
  lendObject(object: SharedObject<SharedType>): Uint8Array {
    return this.memory.lendObject(object);
  }

  /** Takes up what the peer lent. Throws ERR_FLOW_IPC_SHM_BAD_HANDLE for anything else. */
  borrowObject<T extends SharedType>(type: T, blob: Uint8Array): SharedObject<T> {
    return this.memory.borrowObject(type, blob);
  }
}

export class ServerSession extends HeapServerSession<ClassicMemory> {
  get sessionShm(): PoolArena {
    return this.memory.sessionShm;
  }

  get appShm(): PoolArena {
    return this.memory.appShm;
  }

  /**
   * Lends an object of either arena to the peer: 16 bytes for its borrowObject(), once. TypeError when the object is in
   * neither. What arrives nowhere keeps the object alive as long as its arena.
   */
  lendObject(object: SharedObject<SharedType>): Uint8Array {
    return this.memory.lendObject(object);
  }

  /** Takes up what the peer lent. Throws ERR_FLOW_IPC_SHM_BAD_HANDLE for anything else. */
  borrowObject<T extends SharedType>(type: T, blob: Uint8Array): SharedObject<T> {
    return this.memory.borrowObject(type, blob);
  }
}

export class SessionServer extends HeapSessionServer<ClassicMemory, ServerSession> {
  readonly #provider: ClassicServerProvider;
  readonly #options: SessionServerOptions;

  static override async create(options: SessionServerOptions): Promise<SessionServer> {
    const provider = new ClassicServerProvider(options.poolSizeLimitMi ?? DEFAULT_POOL_SIZE_MI);
    const server = new SessionServer(options, provider);
    await server.announce();
    return server;
  }

  private constructor(options: SessionServerOptions, provider: ClassicServerProvider) {
    super(options, provider, (parts) => new ServerSession(parts));
    this.#provider = provider;
    this.#options = options;
  }

  /** Size limit in MiB of the pools of sessions, and of client apps, that come from here on. */
  get poolSizeLimitMi(): number {
    return this.#provider.poolSizeLimitMi;
  }

  set poolSizeLimitMi(value: number) {
    this.#provider.poolSizeLimitMi = value;
  }

  /**
   * The arena of all sessions with that client app, also before the first of them. It lives as long as this server.
   * TypeError when there is no such client app.
   */
  appShm(clientApp: string): PoolArena {
    const { server, clients } = this.#options;
    if (!clients.some(({ name }) => name === clientApp))
      throw new TypeError(`There is no client app '${clientApp}'`);
    return this.#provider.appShm({
      serverApp: server.name,
      serverNamespace: String(process.pid),
      clientApp,
      permissionsLevel: server.permissionsLevel ?? 'user',
    });
  }
}
