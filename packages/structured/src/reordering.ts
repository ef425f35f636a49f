// Puts the messages of two pipes back into the order in which they were sent (feature 110).
import { FlowIpcError } from '@flow-ipc/core';
import type { Backlog } from './backlog.js';
import { StructError } from './errors.js';

interface Numbered {
  readonly id: number;
  readonly heldBytes: number;
}

/**
 * One queue a pipe: ids grow along a pipe, so the next message in all is at the head of one of them. When each
 * pipe's head is beyond the next id, nothing can fill the gap any more.
 */
export class Reordering<M extends Numbered> {
  readonly #queues: M[][];
  readonly #lastIds: number[];
  readonly #backlog: Backlog;
  #next = 1;

  constructor(pipes: number, backlog: Backlog) {
    this.#queues = Array.from({ length: pipes }, () => []);
    this.#lastIds = new Array<number>(pipes).fill(0);
    this.#backlog = backlog;
  }

  /** The id that the next message in order must have. */
  get next(): number {
    return this.#next;
  }

  /** Whether messages wait for an earlier one. */
  get waiting(): boolean {
    return this.#queues.some((queue) => queue.length > 0);
  }

  /** Checks an id as soon as it is known, before its body has come. Throws MISUSED_SCHEMA. */
  check(pipe: number, id: number): void {
    const due = this.#queues.length === 1 ? id === this.#next : id > this.#lastIds[pipe]! && id >= this.#next;
    if (!due) {
      throw new FlowIpcError(StructError.MISUSED_SCHEMA, `Message ${id} came where ${this.#next} was due`);
    }
    this.#lastIds[pipe] = id;
  }

  /** True when the message is the next one. Otherwise it waits here; throws MISUSED_SCHEMA when that is in vain. */
  accept(pipe: number, message: M): boolean {
    if (message.id === this.#next) {
      this.#next++;
      return true;
    }
    this.#queues[pipe]!.push(message);
    this.#backlog.add(message.heldBytes);
    if (this.#lastIds.every((last) => last > this.#next)) {
      throw new FlowIpcError(StructError.MISUSED_SCHEMA, `Message ${this.#next} was never sent`);
    }
    return false;
  }

  /** The next message in order, if it is here already. */
  take(): M | undefined {
    for (const queue of this.#queues) {
      if (queue[0]?.id !== this.#next) continue;
      this.#next++;
      const message = queue.shift()!;
      this.#backlog.remove(message.heldBytes);
      return message;
    }
    return undefined;
  }

  *drain(): Generator<M> {
    for (const queue of this.#queues) {
      for (const message of queue.splice(0)) {
        this.#backlog.remove(message.heldBytes);
        yield message;
      }
    }
  }
}
