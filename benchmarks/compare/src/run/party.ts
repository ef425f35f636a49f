// One measured process, as the command sees it: takes orders, one at a time, and may die at any moment.
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** An order that takes longer means that the process hangs. */
const LIMIT_MS = 60_000;

export type Answer = Record<string, number>;

export class Party {
  readonly #output: Writable;
  readonly #answers: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  #failure: Error | undefined;

  /** @param input behind its first line, with which the process said who it is */
  constructor(input: AsyncIterable<string>, output: Writable) {
    this.#output = output;
    output.on('error', (error) => this.fail(error));
    // Of a socket that we destroy ourselves, the lines do not end.
    output.on('close', () => this.fail(new Error('the process ended')));
    void this.#read(input);
  }

  async #read(input: AsyncIterable<string>): Promise<void> {
    try {
      for await (const line of input) {
        const { ok, error } = JSON.parse(line) as { ok?: Answer; error?: string };
        const waiting = this.#answers.shift();
        if (error === undefined) waiting?.resolve(ok!);
        else waiting?.reject(new Error(error));
      }
      this.fail(new Error('the process ended'));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Error when the process cannot do it, dies, or is silent for too long. */
  order(word: string, argument: string | number = 0): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const answer = new Promise<Answer>((resolve, reject) => this.#answers.push({ resolve, reject }));
    const timer = setTimeout(
      () => this.fail(new Error(`'${word}' took longer than ${LIMIT_MS / 1000} s`)),
      LIMIT_MS,
    );
    this.#output.write(`${word} ${argument}\n`);
    return answer.finally(() => clearTimeout(timer));
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#answers.splice(0)) reject(this.#failure);
  }
}

/** The lines of a stream, the first of which may be asked for by itself. */
export const lines = (stream: Readable): AsyncIterableIterator<string> =>
  createInterface({ input: stream })[Symbol.asyncIterator]();
