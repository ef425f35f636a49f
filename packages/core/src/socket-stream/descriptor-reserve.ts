// One descriptor kept back, so that a process which has run out of them can still be asked, and refuse.
import { closeSync, openSync } from 'node:fs';
import { closeFd } from '@flow-ipc/native';

/**
 * The kernel drops a descriptor that comes while the table is full, and cuts the message's control data: the stream
 * would have to end. With a reserve the table has room while a read lasts; where that was the last room, the
 * descriptor is closed afterwards and the message arrives without it.
 *
 * Costs two system calls a read: for streams of few messages.
 */
export class DescriptorReserve {
  #spare = -1;

  constructor() {
    this.#acquire();
  }

  /** Before a read. */
  lend(): void {
    this.#release();
  }

  /** After it: the descriptor that came (-1: none), or -1 where it had to go again. */
  takeBack(received: number): number {
    this.#acquire();
    if (this.#spare >= 0 || received < 0) return received;
    closeFd(received);
    this.#acquire();
    return -1;
  }

  close(): void {
    this.#release();
  }

  #acquire(): void {
    try {
      this.#spare = openSync('/dev/null', 'r');
    } catch {
      // None left: the next read has no reserve, and a descriptor that comes with it is lost.
    }
  }

  #release(): void {
    if (this.#spare >= 0) closeSync(this.#spare);
    this.#spare = -1;
  }
}
