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
import type { SharedType } from './containers/type.js';
import { HeldShares } from './list-share.js';
import { PoolArena } from './pool-arena.js';
import { Scope, scopedHandle, splitScopedHandle } from './scoped-handle.js';
import type { SharedObject } from './shared-object.js';

const SHM_DIR = '/dev/shm';

/** `_libipc_shm_<srv>_<srvPid>_<cli>_<cliNs>_classic_1`; the app's pool has the sentinel for <cliNs>. */
export function classicPoolName(
  scope: Pick<SessionScope, 'serverApp' | 'serverNamespace' | 'clientApp'>,
  clientNamespace: string,
): string {
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
  /** Of the app's pool on a client, whose part in it ends with the session. */
  readonly #held: HeldShares | undefined;

  constructor(sessionShm: PoolArena, appShm: PoolArena, closeAppShm: boolean) {
    this.sessionShm = sessionShm;
    this.appShm = appShm;
    // The session's pool ends with either process, and with it whatever that one had not given back.
    this.serialization = new ClassicSerialization(sessionShm, { spares: true });
    this.#closeAppShm = closeAppShm;
    this.#held = closeAppShm ? new HeldShares() : undefined;
    this.appSerialization = new ClassicSerialization(appShm, this.#held && { held: this.#held });
  }

  /**
   * Lends an object of either arena to the peer: 16 bytes for its borrowObject(), once. TypeError when the object is in
   * neither. What arrives nowhere keeps the object alive as long as its arena.
   */
  lendObject(object: SharedObject<SharedType>): Uint8Array {
    if (this.sessionShm.owns(object)) return scopedHandle(object.lend(), Scope.SESSION);
    if (this.appShm.owns(object)) return scopedHandle(object.lend(), Scope.APP);
    throw new TypeError('The object is in neither arena of this session');
  }

  /** Takes up what the peer lent. Throws BAD_HANDLE for anything else. */
  borrowObject<T extends SharedType>(type: T, blob: Uint8Array): SharedObject<T> {
    const { handle, scope } = splitScopedHandle(blob);
    return (scope === Scope.SESSION ? this.sessionShm : this.appShm).borrow(type, handle);
  }

  /** On a client messages in the app's arena are released with the session: the arena goes on without it. */
  close(): void {
    this.sessionShm.close();
    this.#held?.releaseAll();
    if (this.#closeAppShm) this.appShm.close();
  }
}

export class ClassicServerProvider implements ServerMemoryProvider<ClassicMemory> {
  readonly shmType = ShmType.classic;
  /** Messages in the pool leave little for queues to carry. */
  readonly queueMessageSize = 512;
  /** Of pools made from here on, in MiB. */
  poolSizeLimitMi: number;
  readonly #appPools = new Map<string, PoolArena>();

  constructor(poolSizeLimitMi: number) {
    this.poolSizeLimitMi = poolSizeLimitMi;
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

  /** The app's pool comes first, once, and stays until the server ends. */
  appShm(scope: Omit<SessionScope, 'clientNamespace'>): PoolArena {
    let appShm = this.#appPools.get(scope.clientApp);
    if (!appShm) {
      appShm = PoolArena.create(classicPoolName(scope, SENTINEL), this.#options(scope));
      this.#appPools.set(scope.clientApp, appShm);
    }
    return appShm;
  }

  open(scope: SessionScope): ClassicMemory {
    const appShm = this.appShm(scope);
    const name = classicPoolName(scope, scope.clientNamespace);
    return new ClassicMemory(PoolArena.create(name, this.#options(scope)), appShm, false);
  }

  #options(scope: Pick<SessionScope, 'permissionsLevel'>) {
    return { sizeMi: this.poolSizeLimitMi, permissionsLevel: scope.permissionsLevel };
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
