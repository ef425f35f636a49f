// The session classes with SHM-jemalloc: the import is the switch.

import { FlowIpcError } from '@flow-ipc/core';
import {
  type ClientApp,
  type ClientMemoryProvider,
  type ConnectOptions,
  connectSession,
  ClientSession as HeapClientSession,
  ServerSession as HeapServerSession,
  SessionServer as HeapSessionServer,
  type ServerApp,
  type ServerMemoryProvider,
  type SessionScope,
  type SessionServerOptions,
  ShmType,
} from '@flow-ipc/session';
import { ArenaMemory } from './arena-memory.js';
import { LendError } from './errors.js';
import { IpcArena } from './ipc-arena.js';
import type { LendSession } from './lend-session.js';
import { clientSessionBase, serverAppBase, serverSessionBase } from './pool-names.js';
import { keepSweeping } from './stale-pools.js';

export class ClientSession extends HeapClientSession<ArenaMemory> {
  static override connect(options: ConnectOptions): Promise<ClientSession> {
    return connectSession(options, clientProvider, (parts) => new ClientSession(parts));
  }

  /** This side's arena of the session. */
  get sessionShm(): IpcArena {
    return this.memory.sessionShm;
  }

  /** What is lent and borrowed in this session. */
  get shmSession(): LendSession {
    return this.memory.shmSession;
  }
}

export class ServerSession extends HeapServerSession<ArenaMemory> {
  /** This side's arena of the session. */
  get sessionShm(): IpcArena {
    return this.memory.sessionShm;
  }

  /** The server's arena for all sessions of this client app, which outlives each. */
  get appShm(): IpcArena {
    return this.memory.appShm!;
  }

  get shmSession(): LendSession {
    return this.memory.shmSession;
  }
}

export class SessionServer extends HeapSessionServer<ArenaMemory, ServerSession> {
  readonly #memory: ServerProvider;

  private constructor(options: SessionServerOptions, provider: ServerProvider) {
    super(options, provider, (parts) => new ServerSession(parts));
    this.#memory = provider;
  }

  static override async create(options: SessionServerOptions): Promise<SessionServer> {
    const server = new SessionServer(options, new ServerProvider(options.server));
    await server.announce();
    return server;
  }

  /** The arena for all sessions of a client app: there before the first one, gone with the server. */
  appShm(client: ClientApp): IpcArena {
    return this.#memory.appShm(client.name);
  }
}

class ServerProvider implements ServerMemoryProvider<ArenaMemory> {
  readonly shmType = ShmType.jemalloc;
  /** Messages in arenas leave little for queues to carry. */
  readonly queueMessageSize = 512;
  readonly #app: ServerApp;
  readonly #appArenas = new Map<string, IpcArena>();
  #stopSweeping = () => {};

  constructor(app: ServerApp) {
    this.#app = app;
  }

  sweep(app: ServerApp): string[] {
    const { removed, stop } = keepSweeping('server', app.name);
    this.#stopSweeping = stop;
    return removed;
  }

  appShm(clientApp: string): IpcArena {
    let arena = this.#appArenas.get(clientApp);
    if (!arena) {
      const permissionsLevel = this.#app.permissionsLevel ?? 'user';
      const serverNamespace = String(process.pid);
      const scope = {
        serverApp: this.#app.name,
        serverNamespace,
        clientApp,
        clientNamespace: '',
        permissionsLevel,
      };
      arena = createArena(serverAppBase(scope), scope);
      this.#appArenas.set(clientApp, arena);
    }
    return arena;
  }

  open(scope: SessionScope): ArenaMemory {
    const appShm = this.appShm(scope.clientApp);
    return new ArenaMemory({
      scope,
      appShm,
      sessionShm: createArena(serverSessionBase(scope), scope),
      peerPoolNameBases: (pid) => [clientSessionBase(scope, pid)],
      onClose: () => {},
    });
  }

  close(): void {
    this.#stopSweeping();
    for (const arena of this.#appArenas.values()) arena.close();
    this.#appArenas.clear();
  }
}

const clientProvider: ClientMemoryProvider<ArenaMemory> = {
  shmType: ShmType.jemalloc,
  open(scope) {
    const sessionShm = createArena(clientSessionBase(scope, process.pid), scope);
    return new ArenaMemory({
      scope,
      sessionShm,
      peerPoolNameBases: () => [serverSessionBase(scope), serverAppBase(scope)],
      onClose: keepSweeping('client', scope.clientApp).stop,
    });
  },
};

function createArena(base: string, { permissionsLevel }: SessionScope): IpcArena {
  try {
    return IpcArena.create(base, { permissionsLevel });
  } catch (err) {
    throw new FlowIpcError(LendError.ARENA_CREATION_FAILED, `Cannot make the arena ${base}`, { cause: err });
  }
}
