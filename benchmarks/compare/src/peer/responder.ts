// What a server does with a message, whatever it came through: checks it, and says what to answer.
import {
  insideIsWhole,
  isLast,
  Kind,
  kindOf,
  Message,
  NOTE_SIZE,
  sequenceOf,
  stampIsWhole,
} from './message.js';

/** One of these per connection. */
export class Responder {
  readonly #size: number;
  readonly #note = Message.ofSize(NOTE_SIZE);
  #answer: Message | undefined;
  #lastPushed = 0;
  #wrong = 0;
  /** The last message of a batch has come. Whoever blocks on behalf of the batch resets it. */
  ended = false;

  /**
   * @param size of the answers to ECHO and VERIFY
   * @param answer what they are made from, if it is to lie somewhere in particular
   */
  constructor(size: number, answer?: Message) {
    this.#size = size;
    this.#answer = answer;
  }

  /** The bytes to answer with, if any; free again when the next message comes. `file` makes the answer to FETCH. */
  answerTo(bytes: Uint8Array, file: (sequence: number) => Uint8Array): Uint8Array | undefined {
    if (kindOf(bytes) !== Kind.FETCH) return this.onMessage(bytes)?.bytes;
    if (isLast(bytes)) this.ended = true;
    return file(sequenceOf(bytes));
  }

  /** The answer to anything but FETCH, or undefined. */
  onMessage(bytes: Uint8Array): Message | undefined {
    const kind = kindOf(bytes);
    const sequence = sequenceOf(bytes);
    const whole = stampIsWhole(bytes);
    if (isLast(bytes)) this.ended = true;
    if (kind === Kind.PUSH || kind === Kind.PUSH_ACK) return this.#onPush(kind, sequence, whole);
    const right = whole && (kind !== Kind.VERIFY || insideIsWhole(bytes));
    this.#answer ??= Message.ofSize(this.#size);
    this.#answer.stamp(sequence, right ? kind : Kind.WRONG);
    return this.#answer;
  }

  #onPush(kind: Kind, sequence: number, whole: boolean): Message | undefined {
    // A batch counts from 1 again.
    if (!whole || (sequence !== this.#lastPushed + 1 && sequence !== 1)) this.#wrong++;
    this.#lastPushed = sequence;
    if (kind === Kind.PUSH) return undefined;
    this.#note.stamp(sequence, this.#wrong === 0 ? kind : Kind.WRONG);
    this.#wrong = 0;
    return this.#note;
  }
}
