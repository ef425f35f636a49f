// The client's side of every measurement, the same for all subjects.
import type { Link, Ready, Setting } from '../links/link.js';
import { median } from '../stats.js';
import { type Chunks, readFile, verifyFile } from './file.js';
import { insideIsWhole, Kind, kindOf, Message, sequenceOf, stampIsWhole } from './message.js';

/** A round trip and the fetching of a file are timed one by one; the figure is their median. */
export interface Timed {
  us: number;
}

/** At most so many acknowledgements are waited for in the course of a window. */
const ACKS_PER_WINDOW = 4;

export class Driver {
  readonly #link: Link;
  readonly #size: number;
  readonly #request: Ready;
  #sequence = 0;

  constructor(link: Link, { size, ready }: Setting) {
    this.#link = link;
    this.#size = size;
    const message = Message.ofSize(size);
    this.#request = (ready ? link.ready?.() : undefined) ?? {
      message,
      send: () => link.send(message.bytes),
    };
  }

  /** One after the other. */
  async trips(count: number): Promise<Timed> {
    const times = new Float64Array(count);
    let done = 0;
    await this.#loop((us) => {
      times[done++] = us;
      return done === count ? 'end' : done === count - 1 ? 'last' : 'more';
    }, count === 1);
    return { us: median(times) };
  }

  /**
   * One after the other until the clock (milliseconds since 1970) says so. It begins at once; counted are those that end
   * from `from` on. Nobody blocks at the other end.
   */
  async run(from: number, until: number): Promise<{ trips: number }> {
    let trips = 0;
    await this.#loop(() => {
      const now = Date.now();
      if (now >= from) trips++;
      return now >= until ? 'end' : 'more';
    }, false);
    return { trips };
  }

  /** A round trip of which both sides compare every byte. */
  async verify(): Promise<void> {
    const { message, send } = this.#request;
    const sequence = this.#next();
    message.stamp(sequence, Kind.VERIFY, true);
    await this.#reply(send, (bytes) => {
      this.#check(bytes, sequence);
      if (bytes.length !== this.#size || !insideIsWhole(bytes)) throw new Error('an answer arrived changed');
    });
  }

  /** One way, as many as the subject's own flow control lets through; the clock stops when the last has arrived. */
  async push(count: number): Promise<Timed> {
    const { window } = this.#link;
    // Two at least, so that one is made while the other travels.
    const room = window === undefined ? count : Math.max(2, Math.floor(window / this.#size));
    const ackEvery = window === undefined ? count : Math.max(1, Math.floor(room / ACKS_PER_WINDOW));
    const message = Message.ofSize(this.#size);
    let acked = 0;
    let onAck = () => {};
    this.#link.onReply = (bytes) => {
      if (!stampIsWhole(bytes) || kindOf(bytes) !== Kind.PUSH_ACK)
        throw new Error('messages arrived changed');
      acked = sequenceOf(bytes);
      onAck();
    };
    const ackOf = async (sequence: number) => {
      while (acked < sequence) {
        if (this.#link.blocking) this.#link.waitForReply!();
        else
          await new Promise<void>((resolve) => {
            onAck = resolve;
          });
      }
    };

    const started = performance.now();
    for (let sent = 1; sent <= count; sent++) {
      const last = sent === count;
      message.stamp(sent, last || sent % ackEvery === 0 ? Kind.PUSH_ACK : Kind.PUSH, last);
      const wait = this.#link.push(message.bytes);
      if (wait) await wait;
      if (sent - acked >= room) await ackOf(sent - room + ackEvery);
    }
    await ackOf(count);
    return { us: (performance.now() - started) * 1000 };
  }

  /** The structured payload; the last one's hashes are checked behind the clock. */
  async fetch(count: number): Promise<Timed> {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const last = i === count - 1;
      let started = 0;
      await this.#file(
        () => {
          started = performance.now();
          this.#link.fetch(last);
        },
        (chunks) => {
          readFile(chunks);
          times[i] = (performance.now() - started) * 1000;
          if (last) verifyFile(chunks);
        },
      );
    }
    return { us: median(times) };
  }

  #next(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  #check(bytes: Uint8Array, sequence: number): void {
    if (!stampIsWhole(bytes) || sequenceOf(bytes) !== sequence || kindOf(bytes) === Kind.WRONG) {
      throw new Error(`round trip ${sequence} did not bring back what was sent`);
    }
  }

  /** Round trips, each checked and timed, for as long as `onTrip` wants more. */
  #loop(onTrip: (us: number) => 'more' | 'last' | 'end', onlyOne: boolean): Promise<void> {
    const { message, send } = this.#request;
    let sequence = 0;
    let started = 0;
    const start = (last: boolean) => {
      sequence = this.#next();
      message.stamp(sequence, Kind.ECHO, last);
      started = performance.now();
      send();
    };
    if (this.#link.blocking) {
      let us = 0;
      this.#link.onReply = (bytes) => {
        this.#check(bytes, sequence);
        us = (performance.now() - started) * 1000;
      };
      start(onlyOne);
      for (let next = onTrip(us); next !== 'end'; next = onTrip(us)) start(next === 'last');
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#link.onReply = (bytes) => {
        this.#check(bytes, sequence);
        const next = onTrip((performance.now() - started) * 1000);
        if (next === 'end') resolve();
        else start(next === 'last');
      };
      start(onlyOne);
    });
  }

  #reply(send: () => void, onReply: (bytes: Uint8Array) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#link.onReply = (bytes) => {
        onReply(bytes);
        resolve();
      };
      send();
    });
  }

  #file(fetch: () => void, onFile: (chunks: Chunks) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#link.onFile = (chunks) => {
        onFile(chunks);
        resolve();
      };
      fetch();
    });
  }
}
