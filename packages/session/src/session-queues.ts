// The message queues of a session's channels: their names, who makes and who removes them (features 133, 146, 147).
import {
  BipcMqHandle,
  blobStreamMqNames,
  blobStreamMqs,
  decomposeResourceName,
  type MqKind,
  mqPipes,
  type PersistentMqHandle,
  type PipePair,
  PosixMqHandle,
  processRunning,
  type ResourceType,
  resourceName,
  SharedName,
} from '@flow-ipc/core';
import type { ServerApp } from './app.js';
import type { SessionScope } from './session-memory.js';

/** As many as the kernel gives a user without privileges. */
const MAX_MESSAGES = 10;
const CLASSES = { posix: PosixMqHandle, bipc: BipcMqHandle } as const;

/** Names of the queues of one channel. */
export interface QueueNames {
  clientToServer: string;
  serverToClient: string;
}

/** Queues that this process made and whose channels may live: their names go with the process. */
const made = new Set<ServerQueues>();
process.once('exit', () => {
  for (const queues of made) queues.close();
});

/** The queues that a server makes for one session. */
export class ServerQueues {
  readonly #scope: SessionScope;
  readonly #kind: MqKind;
  readonly #maxMsgSize: number;
  readonly #names: string[] = [];
  #last = 0;

  constructor(scope: SessionScope, kind: MqKind, maxMsgSize: number) {
    this.#scope = scope;
    this.#kind = kind;
    this.#maxMsgSize = maxMsgSize;
    made.add(this);
  }

  /** Both queues of a new channel, the server's ends open. Throws when the kernel has no more. */
  make(): { names: QueueNames; pipes: PipePair } {
    const number = ++this.#last;
    const names = { clientToServer: this.#name('c2s', number), serverToClient: this.#name('s2c', number) };
    const mq = CLASSES[this.#kind];
    const options = {
      maxMessages: MAX_MESSAGES,
      maxMsgSize: this.#maxMsgSize,
      permissions: this.#scope.permissionsLevel,
    };
    const handles: PersistentMqHandle[] = [];
    try {
      for (const name of [names.serverToClient, names.clientToServer]) {
        handles.push(mq.create(name, options));
        this.#names.push(name);
      }
      const [out, into] = handles as [PersistentMqHandle, PersistentMqHandle];
      return { names, pipes: mqPipes({ out, in: into }) };
    } catch (err) {
      for (const handle of handles) handle.close();
      this.#remove(names);
      throw err;
    }
  }

  /** The session is over: channels go on, as both their ends are open, but nobody needs the names any more. */
  close(): void {
    made.delete(this);
    for (const name of this.#names.splice(0)) removeQueue(this.#kind, name);
  }

  #remove({ clientToServer, serverToClient }: QueueNames): void {
    for (const name of [clientToServer, serverToClient]) {
      const at = this.#names.indexOf(name);
      if (at < 0) continue;
      this.#names.splice(at, 1);
      removeQueue(this.#kind, name);
    }
  }

  #name(direction: 'c2s' | 's2c', number: number): string {
    const { serverApp, serverNamespace, clientApp, clientNamespace } = this.#scope;
    const place = {
      srvApp: serverApp,
      srvNamespace: serverNamespace,
      cliApp: clientApp,
      cliNamespace: clientNamespace,
    };
    return String(resourceName(CLASSES[this.#kind].resourceType, place, direction, number));
  }
}

/**
 * The client's ends of a channel's queues, whose names came from the server. They must be of this session: a name
 * from elsewhere would be somebody else's queue.
 */
export function openQueues(scope: SessionScope, kind: MqKind, names: QueueNames): PipePair {
  const mq = CLASSES[kind];
  checkName(scope, mq.resourceType, names.clientToServer, 'c2s');
  checkName(scope, mq.resourceType, names.serverToClient, 's2c');
  const out = mq.open(names.clientToServer);
  let into: PersistentMqHandle | undefined;
  try {
    into = mq.open(names.serverToClient);
    return mqPipes({ out, in: into });
  } catch (err) {
    out.close();
    into?.close();
    throw err;
  }
}

function checkName(scope: SessionScope, type: ResourceType, name: string, direction: string): void {
  const parts = decomposeResourceName(name);
  const ok =
    parts?.type === type &&
    parts.srvApp === scope.serverApp &&
    parts.srvNamespace === scope.serverNamespace &&
    parts.cliApp === scope.clientApp &&
    parts.cliNamespace === scope.clientNamespace &&
    new RegExp(`^${direction}_[0-9]{1,20}$`).test(parts.rest);
  if (!ok) throw new RangeError(`${JSON.stringify(name.slice(0, 120))} is no queue of this session`);
}

/** Removes the queues, and their sentinels, of servers of this app that live no more; their names. */
export function sweepQueues(app: ServerApp): string[] {
  const removed: string[] = [];
  for (const kind of ['posix', 'bipc'] as const) {
    for (const name of blobStreamMqNames(CLASSES[kind])) {
      const parts = decomposeResourceName(name);
      if (parts?.type !== CLASSES[kind].resourceType || parts.srvApp !== app.name) continue;
      const pid = Number(parts.srvNamespace);
      // Ours are not there yet: that id was recycled.
      if (pid !== process.pid && processRunning(pid)) continue;
      removeQueue(kind, String(name));
      removed.push(String(name));
    }
  }
  return removed;
}

/** With its sentinels. What is gone already, or not ours, is no reason to stop. */
function removeQueue(kind: MqKind, name: string): void {
  try {
    blobStreamMqs(CLASSES[kind]).removePersistent(new SharedName(name));
  } catch {
    // All three were tried; one end of the channel has removed them, most likely.
  }
}
