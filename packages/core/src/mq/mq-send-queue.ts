// Messages that wait for room in a message queue.

/** Slots of served messages are kept until there are this many: shifting an array costs as much as it is long. */
const COMPACT = 1024;

export class MqSendQueue {
  #messages: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;

  get empty(): boolean {
    return this.#head === this.#messages.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The next to go; there must be one. */
  get first(): Uint8Array {
    return this.#messages[this.#head]!;
  }

  /** Takes the array over. */
  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
  }

  shift(): void {
    this.#bytes -= this.first.length;
    this.#head++;
    if (this.empty) {
      this.clear();
    } else if (this.#head >= COMPACT && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
