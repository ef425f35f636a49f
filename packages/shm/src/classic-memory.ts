// The two arenas of a SHM-classic session, and who makes, opens and removes them (features 184-190).
import { readdirSync } from 'node:fs';
import { decomposeResourceName, processRunning, ResourceType, resourceName, SENTINEL } from '@flow-ipc/core';
import {
  type ClientMemoryProvider,
  type ServerApp,
  type ServerMemoryProvider,
  type SessionMemory,
  type SessionScope,
  ShmType,
} from '@flow-ipc/session';
import type { Serialization } from '@flow-ipc/structured';
import { ClassicSerialization } from './classic-serialization.js';
import { PoolArena } from './pool-arena.js';

const SHM_DIR = '/dev/shm';

/** `_libipc_shm_<srv>_<srvPid>_<cli>_<cliNs>_classic_1`; the app's pool has the sentinel for <cliNs>. */
export function classicPoolName(scope: SessionScope, clientNamespace: string): string {
  const place = {
    srvApp: scope.serverApp,
    srvNamespace: scope.serverNamespace,
    cliApp: scope.clientApp,
    cliNamespace: clientNamespace,
  };
  return String(resourceName(ResourceType.SHM, place, 'classic', 1));
}

export class ClassicMemory implements SessionMemory {
  /** Lives as long as the session. What session.structured() uses. */
  readonly sessionShm: PoolArena;
  /** Shared by all sessions with the same client app; lives as long as the server. */
  readonly appShm: PoolArena;
  readonly serialization: Serialization;
  /** For channels whose messages outlive the session: pass as `serialization` on both sides. */
  readonly appSerialization: Serialization;
  readonly #closeAppShm: boolean;

  constructor(sessionShm: PoolArena, appShm: PoolArena, closeAppShm: boolean) {
    this.sessionShm = sessionShm;
    this.appShm = appShm;
    this.serialization = new ClassicSerialization(sessionShm);
    this.appSerialization = new ClassicSerialization(appShm);
    this.#closeAppShm = closeAppShm;
  }

  close(): void {
    this.sessionShm.close();
    if (this.#closeAppShm) this.appShm.close();
  }
}

export class ClassicServerProvider implements ServerMemoryProvider<ClassicMemory> {
  readonly shmType = ShmType.classic;
  /** Messages in the pool leave little for queues to carry. */
  readonly queueMessageSize = 512;
  readonly #poolSizeMi: number;
  readonly #appPools = new Map<string, PoolArena>();

  constructor(poolSizeMi: number) {
    this.#poolSizeMi = poolSizeMi;
  }

  /** Removes pools of this server app whose server process is gone. Ours are not there yet: that id was recycled. */
  sweep(app: ServerApp): string[] {
    const removed: string[] = [];
    for (const file of readdirSync(SHM_DIR)) {
      const name = decomposeResourceName(file);
      if (name?.type !== ResourceType.SHM || name.srvApp !== app.name || name.rest !== 'classic_1') continue;
      const pid = Number(name.srvNamespace);
      if (pid !== process.pid && processRunning(pid)) continue;
      PoolArena.removePersistent(file);
      removed.push(file);
    }
    return removed;
  }

  open(scope: SessionScope): ClassicMemory {
    const options = { sizeMi: this.#poolSizeMi, permissionsLevel: scope.permissionsLevel };
    let appShm = this.#appPools.get(scope.clientApp);
    if (!appShm) {
      appShm = PoolArena.create(classicPoolName(scope, SENTINEL), options);
      this.#appPools.set(scope.clientApp, appShm);
    }
    return new ClassicMemory(
      PoolArena.create(classicPoolName(scope, scope.clientNamespace), options),
      appShm,
      false,
    );
  }

  close(): void {
    for (const pool of this.#appPools.values()) pool.close();
    this.#appPools.clear();
  }
}

export const classicClientProvider: ClientMemoryProvider<ClassicMemory> = {
  shmType: ShmType.classic,
  open(scope) {
    const sessionShm = PoolArena.open(classicPoolName(scope, scope.clientNamespace));
    try {
      return new ClassicMemory(sessionShm, PoolArena.open(classicPoolName(scope, SENTINEL)), true);
    } catch (err) {
      sessionShm.close();
      throw err;
    }
  },
};
