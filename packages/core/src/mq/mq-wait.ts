// A promise of a message queue becoming ready.
import { constants } from 'node:os';
import type { MessageQueue } from '@flow-ipc/native';
import type { EventLoop } from '../event-loop/event-loop.js';
import { abortedError, type FlowIpcError } from '../util/errors.js';
import { onAbort } from '../util/waiter-queue.js';
import { mqError } from './mq-errors.js';
import { duplicate, MqWatch } from './mq-watch.js';
import type { MqKind } from './persistent-mq-handle.js';

const { EAGAIN } = constants.errno;

/**
 * Settles when the queue is ready in one direction; rejects on abort, interruption, or an error of the queue. While it
 * waits, `cancels` has a function that rejects it: to be called before the queue is closed.
 */
export function waitForQueue(
  queue: MessageQueue,
  kind: MqKind,
  way: number,
  loop: EventLoop,
  signal: AbortSignal | undefined,
  cancels: Set<(error: FlowIpcError) => void>,
): Promise<void> {
  if (signal?.aborted) return Promise.reject(abortedError(signal));
  return new Promise((resolve, reject) => {
    const watch = new MqWatch(queue, kind, way, loop, true);
    const interrupt = interruptWatch(queue, way, loop);
    const finish = (settle: () => void) => {
      forget();
      cancels.delete(cancel);
      watch.close();
      interrupt?.close();
      settle();
    };
    const cancel = (error: FlowIpcError) => finish(() => reject(error));
    const forget = onAbort(signal, cancel);
    cancels.add(cancel);
    const look = (): void => {
      const code = state(queue, way);
      if (code !== -EAGAIN) {
        finish(() => (code === 1 ? resolve() : reject(mqError(code, queue.name, 'Cannot wait'))));
        return;
      }
      try {
        watch.wait(look);
        interrupt?.wait(look);
      } catch (err) {
        finish(() => reject(err));
      }
    };
    look();
  });
}

/** 1, -EAGAIN, or why not; interruption is one reason. */
function state(queue: MessageQueue, way: number): number {
  // A wait of no time: it alone tells of interruption.
  const code = queue.wait(way, 0);
  return code === 0 ? -EAGAIN : code;
}

/** A Boost queue's own descriptor tells of interruption; a POSIX queue has another one for it. */
function interruptWatch(queue: MessageQueue, way: number, loop: EventLoop): InterruptWatch | undefined {
  const fd = queue.interruptFd(way);
  if (fd === -1) return undefined;
  if (fd < 0) throw mqError(fd, queue.name, 'Cannot watch');
  const own = duplicate(fd);
  const watch = loop.watch(own.fd);
  return {
    wait: (task) => watch.wait('rcv', task),
    close() {
      watch.close();
      own.close();
    },
  };
}

interface InterruptWatch {
  wait(task: () => void): void;
  close(): void;
}
