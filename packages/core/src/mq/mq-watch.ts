// How an event loop waits for a message queue, of either kind.
import { dupFd, type MessageQueue, MQ_SEND } from '@flow-ipc/native';
import type { Direction, EventLoop, FdWatch } from '../event-loop/event-loop.js';
import { fromNative } from '../util/errors.js';
import { NativeHandle } from '../util/native-handle.js';
import { mqError } from './mq-errors.js';
import type { MqKind } from './persistent-mq-handle.js';

/**
 * One direction of a queue in an event loop. A POSIX queue's own descriptor is watched; for a Boost queue, which is but
 * memory, a thread of the addon waits and makes a descriptor readable.
 */
export class MqWatch {
  readonly fd: number;
  /** What to poll `fd` for. */
  readonly direction: Direction;
  readonly #queue: MessageQueue;
  readonly #way: number;
  readonly #needsArming: boolean;
  readonly #loop: EventLoop;
  #watch: FdWatch | undefined;
  readonly #own: NativeHandle | undefined;
  #unref = false;

  /** `shared`: others may watch the queue in the same loop, which watches a descriptor once: so not the queue's own. */
  constructor(queue: MessageQueue, kind: MqKind, way: number, loop: EventLoop, shared = false) {
    const fd = queue.watchFd(way);
    if (fd < 0) throw mqError(fd, queue.name, 'Cannot watch');
    this.#own = shared ? duplicate(fd) : undefined;
    this.fd = this.#own?.fd ?? fd;
    this.direction = kind === 'posix' && way === MQ_SEND ? 'snd' : 'rcv';
    this.#queue = queue;
    this.#way = way;
    this.#needsArming = kind === 'bipc';
    this.#loop = loop;
  }

  /** From now on {@link fd} tells, once, when the operation may be possible; at once if it is. */
  arm(): void {
    if (!this.#needsArming) return;
    const code = this.#queue.arm(this.#way);
    if (code < 0) throw mqError(code, this.#queue.name, 'Cannot wait');
  }

  /** Arms, and runs the task once {@link fd} is ready. */
  wait(task: () => void): void {
    this.arm();
    if (!this.#watch) {
      this.#watch = this.#loop.watch(this.fd, this.#way === MQ_SEND ? 'snd' : 'rcv');
      if (this.#unref) this.#watch.unref();
    }
    this.#watch.wait(this.direction, task);
  }

  ref(): void {
    this.#unref = false;
    this.#watch?.ref();
  }

  unref(): void {
    this.#unref = true;
    this.#watch?.unref();
  }

  /** Before the queue is closed. */
  close(): void {
    this.#watch?.close();
    this.#own?.close();
  }
}

/** A descriptor of one's own for what `fd` is. */
export function duplicate(fd: number): NativeHandle {
  try {
    return new NativeHandle(dupFd(fd));
  } catch (err) {
    throw fromNative(err, 'Cannot duplicate a descriptor');
  }
}
