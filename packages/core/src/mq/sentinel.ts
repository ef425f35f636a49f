// The marks that say "this queue has its one sender (receiver)", and the removal of a stream's names (features 68, 71).
import { closeSync, fchmodSync, fstatSync, openSync, statSync } from 'node:fs';
import { FlowIpcError, fromNative, TransportError } from '../util/errors.js';
import { logger } from '../util/log.js';
import { type PersistentKind, sharedMemoryObjects } from '../util/persistent.js';
import {
  decomposeNonSessionResourceName,
  nonSessionResourceName,
  ResourceType,
  SharedName,
} from '../util/shared-name.js';
import type { MqKind } from './persistent-mq-handle.js';

/** Which end, as in the names of marks. */
export type MqEndName = 'Snd' | 'Rcv';

/** What streams need of the class of a kind of queue. */
export interface MqNames extends PersistentKind {
  readonly kind: MqKind;
  readonly resourceType: ResourceType;
}

/** Name of the empty shared memory object whose existence is the mark. The queue's name begins with a separator. */
export function sentinelName(mq: MqNames, name: SharedName, end: MqEndName): SharedName {
  return nonSessionResourceName(ResourceType.SHM, mq.resourceType, `sentinel${end}`).plus(name);
}

const path = (name: SharedName) => `/dev/shm/${name}`;

/** The mark of one end, held from construction until take-down. */
export class Sentinel {
  readonly #mq: MqNames;
  readonly #queue: SharedName;
  readonly #name: SharedName;
  readonly #other: SharedName;
  readonly #inode: number;

  /** Throws MQ_SENDER_EXISTS or MQ_RECEIVER_EXISTS, or what the kernel says. */
  constructor(mq: MqNames, queue: SharedName, end: MqEndName) {
    if (!queue.absolute || String(queue).includes('/')) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        `A stream needs a queue with an absolute name, one that begins with '_', not ${queue}`,
      );
    }
    this.#mq = mq;
    this.#queue = queue;
    this.#name = sentinelName(mq, queue, end);
    this.#other = sentinelName(mq, queue, end === 'Snd' ? 'Rcv' : 'Snd');
    let fd: number;
    try {
      fd = openSync(path(this.#name), 'wx', 0o644);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EEXIST')
        throw fromNative(err, `Cannot mark queue ${queue}`);
      const what = end === 'Snd' ? 'sender' : 'receiver';
      throw new FlowIpcError(
        end === 'Snd' ? TransportError.MQ_SENDER_EXISTS : TransportError.MQ_RECEIVER_EXISTS,
        `Queue ${queue} has a stream ${what}, or had one whose process crashed`,
        { cause: err },
      );
    }
    fchmodSync(fd, 0o644);
    this.#inode = fstatSync(fd).ino;
    closeSync(fd);
  }

  /**
   * Closes the pipe for both ends, as far as names go: removes both marks, then the queue's name, so that the same names
   * can be made anew. When the other end did that before, and perhaps somebody has made them anew, it does nothing.
   */
  takeDown(): void {
    try {
      if (statSync(path(this.#name)).ino !== this.#inode) return;
    } catch {
      return;
    }
    attempt(() => sharedMemoryObjects.removePersistent(this.#name));
    attempt(() => sharedMemoryObjects.removePersistent(this.#other));
    attempt(() => this.#mq.removePersistent(this.#queue));
  }
}

/** What is not there need not be removed, and what must not be is its owner's. */
function attempt(remove: () => void): void {
  try {
    remove();
  } catch (err) {
    logger('transport')('%s', (err as Error).message);
  }
}

/**
 * Names of one kind's queues that exist, or whose marks do: those show also where the kernel does not list POSIX queues.
 * As with the queues alone, for Boost's that is everything in shared memory.
 */
export function blobStreamMqNames(mq: MqNames): SharedName[] {
  const names = new Set<string>();
  try {
    for (const name of mq.persistentNames()) names.add(String(name));
  } catch {
    // No mqueue file system is mounted.
  }
  const mark = new RegExp(`^${mq.resourceType}_sentinel(?:Snd|Rcv)(_.+)$`);
  for (const file of sharedMemoryObjects.persistentNames()) {
    const parts = decomposeNonSessionResourceName(file);
    const queue = parts?.type === ResourceType.SHM && mark.exec(parts.rest)?.[1];
    if (queue) names.add(queue);
  }
  return [...names].map((name) => new SharedName(name));
}

/**
 * Streams over one kind of queue as something to list and remove: `removeEachPersistentWithPrefix(blobStreamMqs(PosixMqHandle),
 * prefix)` cleans up after a crash.
 */
export function blobStreamMqs(mq: MqNames): PersistentKind {
  return {
    persistentNames: () => mq.persistentNames(),
    /** Removes a queue's name and both marks. Tries all three; throws the queue's error, or else the first of a mark. */
    removePersistent(name) {
      const queue = SharedName.ct(name);
      const errors: unknown[] = [];
      const removals = [
        () => mq.removePersistent(queue),
        () => sharedMemoryObjects.removePersistent(sentinelName(mq, queue, 'Snd')),
        () => sharedMemoryObjects.removePersistent(sentinelName(mq, queue, 'Rcv')),
      ];
      for (const remove of removals) {
        try {
          remove();
        } catch (err) {
          errors.push(err);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
