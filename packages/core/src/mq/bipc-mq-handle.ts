// Bipc_mq_handle: a message queue of Boost.Interprocess, in shared memory (features 65, 66).
import { sharedMemoryObjects } from '../util/persistent.js';
import { ResourceType, SharedName } from '../util/shared-name.js';
import {
  createQueue,
  type MqOptions,
  openOrCreateQueue,
  openQueue,
  PersistentMqHandle,
} from './persistent-mq-handle.js';

/**
 * A handle of the `boost::interprocess::message_queue` of that name: a shared memory object, which C++ programs may use at
 * the same time. Its size is limited by /dev/shm only, all of it had when the queue is made.
 */
export class BipcMqHandle extends PersistentMqHandle {
  static readonly kind = 'bipc';
  static readonly resourceType = ResourceType.BIPC_MQ;
  readonly kind = 'bipc';

  /** A new queue. FlowIpcError SYSTEM with errno EEXIST the name is taken, ENOSPC /dev/shm is full, EINVAL too large. */
  static create(name: SharedName | string, options: MqOptions): BipcMqHandle {
    return new BipcMqHandle(createQueue('bipc', name, options));
  }

  /**
   * An existing queue. FlowIpcError SYSTEM with errno ENOENT or EACCES, EAGAIN its creator did not get done within a
   * second; MQ_BIPC_MISC_LIBRARY_ERROR when what is there is no queue.
   */
  static open(name: SharedName | string): BipcMqHandle {
    return new BipcMqHandle(openQueue('bipc', name));
  }

  /** An existing queue, whatever its sizes, or else a new one. */
  static openOrCreate(name: SharedName | string, options: MqOptions): BipcMqHandle {
    return new BipcMqHandle(openOrCreateQueue('bipc', name, options));
  }

  /** Names of everything in shared memory: queues cannot be told from the rest without opening them. */
  static persistentNames(): Iterable<SharedName> {
    return sharedMemoryObjects.persistentNames();
  }

  /** Removes the name; open handles go on. FlowIpcError SYSTEM with errno ENOENT when there is none. */
  static removePersistent(name: SharedName | string): void {
    sharedMemoryObjects.removePersistent(SharedName.ct(name));
  }
}
