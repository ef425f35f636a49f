// Posix_mq_handle: a POSIX message queue (features 64, 66).
import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { MQ_RECEIVE, mqUnlink } from '@flow-ipc/native';
import { fromNative, systemError } from '../util/errors.js';
import { namesInFolder } from '../util/persistent.js';
import { ResourceType, type SharedName } from '../util/shared-name.js';
import {
  createQueue,
  type MqOptions,
  openOrCreateQueue,
  openQueue,
  PersistentMqHandle,
} from './persistent-mq-handle.js';

/** Where the kernel shows the queues, if somebody has mounted their file system there. */
const FOLDER = '/dev/mqueue';
const MQUEUE_MAGIC = 0x19800202;

/**
 * A handle of the queue `mq_open("/" + name)`.
 *
 * Without privileges a queue has at most 10 messages of 8192 bytes, and all queues of a user together 819,200 bytes, which
 * is nine such queues. See `/proc/sys/fs/mqueue` and RLIMIT_MSGQUEUE.
 */
export class PosixMqHandle extends PersistentMqHandle {
  static readonly kind = 'posix';
  static readonly resourceType = ResourceType.POSIX_MQ;
  readonly kind = 'posix';

  /**
   * A new queue. FlowIpcError SYSTEM with errno EEXIST the name is taken, EINVAL beyond the limits for one queue, EMFILE
   * beyond the user's bytes, EACCES a name with a slash.
   */
  static create(name: SharedName | string, options: MqOptions): PosixMqHandle {
    return new PosixMqHandle(createQueue('posix', name, options));
  }

  /** An existing queue. FlowIpcError SYSTEM with errno ENOENT or EACCES. */
  static open(name: SharedName | string): PosixMqHandle {
    return new PosixMqHandle(openQueue('posix', name));
  }

  /** An existing queue, whatever its sizes, or else a new one. */
  static openOrCreate(name: SharedName | string, options: MqOptions): PosixMqHandle {
    return new PosixMqHandle(openOrCreateQueue('posix', name, options));
  }

  /** Names of all queues. FlowIpcError SYSTEM with errno ENOENT when no mqueue file system is mounted on /dev/mqueue. */
  static persistentNames(): SharedName[] {
    let type: number | undefined;
    try {
      type = statfsSync(FOLDER).type;
    } catch {
      // No such folder.
    }
    if (type !== MQUEUE_MAGIC) {
      throw systemError(
        'statfs',
        constants.errno.ENOENT,
        `POSIX queues cannot be listed: nothing is mounted on ${FOLDER} (mount -t mqueue none ${FOLDER})`,
      );
    }
    return namesInFolder(FOLDER);
  }

  /** Removes the name; open handles go on. FlowIpcError SYSTEM with errno ENOENT when there is none. */
  static removePersistent(name: SharedName | string): void {
    try {
      mqUnlink(String(name));
    } catch (err) {
      throw fromNative(err, `Cannot remove queue ${name}`);
    }
  }

  /** The descriptor, for poll() and its like. It stays this handle's. */
  get nativeHandle(): number {
    return this.watchFd(MQ_RECEIVE);
  }
}
