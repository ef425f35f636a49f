// What was received and waits to be taken, wherever it waits: nothing may grow without a limit (feature 102).

export interface BacklogLimits {
  /** How many received messages may wait to be taken before the channel gives up. @default 65536 */
  maxCachedMessages?: number;
  /** How many bytes of them, not counting shared memory; one message may always wait. @default 1 GiB */
  maxCachedBytes?: number;
}

export class Backlog {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  messages = 0;
  bytes = 0;

  constructor({ maxCachedMessages = 65536, maxCachedBytes = 2 ** 30 }: BacklogLimits) {
    this.#maxMessages = checked('maxCachedMessages', maxCachedMessages);
    this.#maxBytes = checked('maxCachedBytes', maxCachedBytes);
  }

  get exceeded(): boolean {
    return this.messages > this.#maxMessages || (this.bytes > this.#maxBytes && this.messages > 1);
  }

  add(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.messages--;
    this.bytes -= bytes;
  }
}

/** A limit: a number that is not negative; Infinity for none. */
export function checked(name: string, limit: number): number {
  if (typeof limit !== 'number' || !(limit >= 0)) throw new RangeError(`${name} is no limit: ${limit}`);
  return limit;
}
