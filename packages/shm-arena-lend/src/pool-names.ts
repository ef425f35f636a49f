// Names of pools: who owns them is written there, so that leftovers of the dead can be told (protocol 4.1).
import { decomposeResourceName, ResourceType, resourceName, SENTINEL } from '@flow-ipc/core';
import type { SessionScope } from '@flow-ipc/session';

const KIND = 'jem';

function base(scope: SessionScope, clientNamespace: string, ...owner: number[]): string {
  const place = {
    srvApp: scope.serverApp,
    srvNamespace: scope.serverNamespace,
    cliApp: scope.clientApp,
    cliNamespace: clientNamespace,
  };
  // A separator and the pool's id follow.
  return `${resourceName(ResourceType.SHM, place, KIND, ...owner)}_`;
}

/** `_libipc_shm_<srv>_<srvPid>_<cli>_<cliNs>_jem_`: pools of the server's arena for one session. */
export const serverSessionBase = (scope: SessionScope): string => base(scope, scope.clientNamespace);
/** `_libipc_shm_<srv>_<srvPid>_<cli>_0_jem_`: pools of the server's arena for all sessions of a client app. */
export const serverAppBase = (scope: SessionScope): string => base(scope, SENTINEL);
/** `_libipc_shm_<srv>_<srvPid>_<cli>_<cliNs>_jem_<cliPid>_`: pools of the client's arena. */
export const clientSessionBase = (scope: SessionScope, clientPid: number): string =>
  base(scope, scope.clientNamespace, clientPid);

export interface PoolOwner {
  serverApp: string;
  clientApp: string;
  pid: number;
}

const REST = new RegExp(`^${KIND}_(?:(\\d+)_)?\\d+$`);

/** Whose pool a shared memory object is; undefined when it is no pool of an arena. */
export function poolOwner(file: string): PoolOwner | undefined {
  const name = decomposeResourceName(file);
  if (name?.type !== ResourceType.SHM) return undefined;
  const match = REST.exec(name.rest);
  if (!match) return undefined;
  return { serverApp: name.srvApp, clientApp: name.cliApp, pid: Number(match[1] ?? name.srvNamespace) };
}
