// A hostile peer's bytes: mutated streams of frames in random pieces, against a parser so simple that it can be trusted.
// A million frames in `npm test`; FLOW_IPC_LONG=1 makes it 20 million, FLOW_IPC_FUZZ_FRAMES whatever it says (the run
// under the sanitizers takes fewer).
import { openSync, readdirSync } from 'node:fs';
import { closeFd, READABLE, send } from '@flow-ipc/native';
import { expect, it } from 'vitest';
import { randomFrom } from '../src/compliance/random.js';
import { type EventLoop, type FlowIpcError, type FrameSink, NativeSocketStream } from '../src/index.js';

const FRAMES = Number(process.env.FLOW_IPC_FUZZ_FRAMES ?? (process.env.FLOW_IPC_LONG === '1' ? 20e6 : 1e6));
const random = randomFrom(20_261_121);
const chance = (n: number) => random.below(n) === 0;

/** Nothing is watched: the test tells the stream when to read. */
const handDriven: EventLoop = {
  watch: () => ({ wait() {}, ref() {}, unref() {}, close() {}, crossings: 0 }),
  timer: () => ({ start() {}, stop() {}, close() {} }),
};

function randomSize(): number {
  if (chance(2000)) return 15_000 + random.below(50_000);
  return chance(10) ? random.below(700) : random.below(24);
}

const wire = Buffer.alloc(1 << 20);

/** A well-formed stream: how many bytes of `wire` it takes. */
function writeStream(): number {
  let at = wire.writeUInt16LE(chance(50) ? random.below(65_536) : 1, 0);
  for (let i = 1 + random.below(120); i > 0; i--) {
    if (chance(12)) {
      at = wire.writeUInt16LE(0xffff, at);
      continue;
    }
    const size = 1 + randomSize();
    at = wire.writeUInt16LE(size, at);
    wire.fill(i, at, at + size);
    at += size;
  }
  return chance(3) ? wire.writeUInt16LE(0, at) : at;
}

/** One to six changes; the new length. */
function mutate(length: number): number {
  let end = length;
  for (let i = 1 + random.below(6); i > 0; i--) {
    const at = random.below(end);
    const kind = random.below(6);
    if (kind === 0) wire[at] = random.below(256);
    else if (kind === 1) wire[at]! ^= 1 << random.below(8);
    else if (kind === 2) wire.writeUInt16LE([0, 1, 0xfffe, 0xffff, 0x7fff, 0x8000][random.below(6)]!, at);
    else if (kind === 3) {
      wire.copyWithin(at, at + 1, end);
      end = Math.max(1, end - 1);
    } else if (kind === 4) {
      wire.copyWithin(at + 1, at, end);
      end++;
    } else end = Math.max(1, at);
  }
  return end;
}

interface Expected {
  /** Start and length of each message's blob in the wire bytes. */
  messages: number[];
  code: string;
  frames: number;
}

/** What the bytes mean, all of them at once and then end of file; the protocol in as few words as possible. */
function parse(bytes: Buffer, length: number): Expected {
  const messages: number[] = [];
  let frames = 0;
  for (let at = 0; length - at >= 2; ) {
    const header = bytes.readUInt16LE(at);
    const first = at === 0;
    at += 2;
    frames++;
    if (first) {
      if (bytes.readInt16LE(0) <= 0)
        return { messages, frames, code: 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID' };
    } else if (header === 0) {
      return { messages, frames, code: 'RECEIVES_FINISHED_CANNOT_RECEIVE' };
    } else if (header !== 0xffff) {
      if (length - at < header) break;
      messages.push(at, header);
      at += header;
    }
  }
  return { messages, frames, code: 'EOF' };
}

/** Checks what comes against what is expected. */
class Checker implements FrameSink {
  expected: Expected = { messages: [], code: '', frames: 0 };
  next = 0;
  ended = '';
  descriptors = 0;
  strict = true;

  onMessage(buffer: { bytes: Uint8Array }, offset: number, length: number, fd: number): void {
    if (fd >= 0) {
      closeFd(fd);
      this.descriptors++;
    }
    if (this.ended) throw new Error('a message after the end');
    if (!this.strict) return;
    const start = this.expected.messages[this.next++];
    if (length !== this.expected.messages[this.next++]) throw new Error(`a message of ${length} bytes`);
    if (wire.compare(buffer.bytes, offset, offset + length, start, start! + length) !== 0)
      throw new Error('a message of other bytes');
  }

  onEnd(error: FlowIpcError): void {
    if (this.ended) throw new Error('a second end');
    this.ended = error.code;
  }
}

/** Sends the bytes in random pieces, the stream reading now and then, and closes; descriptors go along if asked. */
function play(checker: Checker, length: number, file: number): void {
  const [a, raw] = NativeSocketStream.pair();
  const stream = new NativeSocketStream(a, { loop: handDriven });
  stream.startReceive(checker);
  const piece = chance(3) ? length : 1 + random.below(Math.min(length, 3000));
  for (let at = 0; at < length; ) {
    const want = Math.min(length - at, 1 + random.below(piece));
    const n = send(raw, wire, at, want, null, 0, 0, file >= 0 && chance(6) ? file : -1);
    if (n > 0) at += n;
    else if (checker.ended) break;
    if (n <= 0 || chance(2)) stream.afterPoll(READABLE);
  }
  closeFd(raw);
  for (let i = 0; i < 50 && !checker.ended; i++) stream.afterPoll(READABLE);
  stream.close();
}

it(`${FRAMES} mutated frames mean the same however they are cut`, { timeout: 3_600_000 }, () => {
  const before = readdirSync('/proc/self/fd').length;
  let frames = 0;
  while (frames < FRAMES) {
    const length = mutate(writeStream());
    const checker = new Checker();
    checker.expected = parse(wire, length);
    play(checker, length, -1);
    frames += checker.expected.frames;
    if (
      checker.next !== checker.expected.messages.length ||
      checker.ended !== `ERR_FLOW_IPC_${checker.expected.code}`
    ) {
      throw new Error(
        `${checker.next / 2} messages and ${checker.ended}, not ${JSON.stringify(checker.expected)}: ${wire.toString('hex', 0, Math.min(length, 500))}`,
      );
    }
  }
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

it('descriptors anywhere in them leave none behind', { timeout: 3_600_000 }, () => {
  const before = readdirSync('/proc/self/fd').length;
  const file = openSync('/dev/null', 'r');
  const codes = new Set<string>();
  let handedOut = 0;
  for (let frames = 0; frames < FRAMES / 5; frames += 50) {
    const length = chance(2) ? writeStream() : mutate(writeStream());
    const checker = new Checker();
    checker.strict = false;
    play(checker, length, file);
    codes.add(checker.ended);
    handedOut += checker.descriptors;
  }
  closeFd(file);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(handedOut).toBeGreaterThan(0);
  expect([...codes].sort()).toEqual([
    'ERR_FLOW_IPC_EOF',
    'ERR_FLOW_IPC_LOW_LVL_UNEXPECTED_STREAM_PAYLOAD_BEYOND_HNDL',
    'ERR_FLOW_IPC_PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID',
    'ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE',
  ]);
});
