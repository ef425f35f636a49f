// send, recv and pollFd: bytes, descriptors, and what the kernel says.
import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  closeFd,
  out,
  pollFd,
  READABLE,
  recv,
  recvStaged,
  STAGE_OUT,
  send,
  sendStaged,
  socketPair,
  stage,
  WRITABLE,
} from '../ts/index.js';
import { bytes, fdCount } from './support.js';

const { EAGAIN, EPIPE, EBADF, ENOTSOCK, ECONNRESET } = constants.errno;
const FD = 1;
const BAD = 2;

let a: number;
let b: number;
let before: number;
const buf = new Uint8Array(1 << 16);

beforeEach(() => {
  before = fdCount();
  [a, b] = socketPair();
});
afterEach(() => {
  for (const fd of [a, b]) if (fd >= 0) closeFd(fd);
  expect(fdCount()).toBe(before);
});

const sendText = (text: string, fd = -1) => send(a, bytes(text), 0, text.length, null, 0, 0, fd);
const recvText = () => {
  const n = recv(b, buf, 0, buf.length);
  return n < 0 ? n : Buffer.from(buf.subarray(0, n)).toString();
};

describe('bytes', () => {
  it('gathers two slices into one call', () => {
    expect(send(a, bytes('..head'), 2, 4, bytes('body...'), 0, 4, -1)).toBe(8);
    expect(recv(b, buf, 10, 100)).toBe(8);
    expect(Buffer.from(buf.subarray(10, 18)).toString()).toBe('headbody');
    expect([...out.subarray(1, 3)]).toEqual([-1, 0]);
  });

  it('never blocks: EAGAIN to read, partial then EAGAIN to write', () => {
    expect(recvText()).toBe(-EAGAIN);
    const big = new Uint8Array(8 << 20);
    let sent = 0;
    const push = () => send(a, big, 0, big.length, null, 0, 0, -1);
    let rc = push();
    for (; rc > 0; rc = push()) sent += rc;
    expect(rc).toBe(-EAGAIN);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(big.length);
    let got = 0;
    for (rc = recv(b, buf, 0, buf.length); rc > 0; rc = recv(b, buf, 0, buf.length)) got += rc;
    expect(rc).toBe(-EAGAIN);
    expect(got).toBe(sent);
  });

  it('tells end of file from an error, and never raises SIGPIPE', () => {
    expect(sendText('x')).toBe(1);
    closeFd(b);
    // Our last bytes were never read by the peer, which is what a reset means.
    expect(recv(a, buf, 0, 1)).toBe(-ECONNRESET);
    expect(recv(a, buf, 0, 1)).toBe(0);
    expect(sendText('x')).toBe(-EPIPE);
    b = -1;
  });

  it('returns errno for descriptors that are no sockets', () => {
    const file = openSync('/dev/null', 'r');
    expect(send(file, buf, 0, 1, null, 0, 0, -1)).toBe(-ENOTSOCK);
    expect(recv(file, buf, 0, 1)).toBe(-ENOTSOCK);
    closeSync(file);
    expect(recv(file, buf, 0, 1)).toBe(-EBADF);
  });

  it.each([
    [-1, 1],
    [0, -1],
    [1, 1 << 16],
    [(1 << 16) + 1, 0],
    [Number.NaN, 2 ** 53],
    [Number.POSITIVE_INFINITY, 1],
    [1, Number.POSITIVE_INFINITY],
  ])('refuses a slice outside the array: %d, %d', (offset, length) => {
    expect(() => recv(b, buf, offset, length)).toThrow(RangeError);
    expect(() => send(a, buf, offset, length, null, 0, 0, -1)).toThrow(RangeError);
    expect(() => send(a, buf, 0, 1, buf, offset, length, -1)).toThrow(RangeError);
  });

  it('refuses wrong types', () => {
    expect(() => recv(b, new ArrayBuffer(4) as never, 0, 1)).toThrow(TypeError);
    expect(() => recv(b, new Float64Array(4) as never, 0, 1)).toThrow(TypeError);
    expect(() => recv(b, new DataView(new ArrayBuffer(4)) as never, 0, 1)).toThrow(TypeError);
    expect(() => recv(b, buf, '0' as never, 1)).toThrow(TypeError);
    expect(() => recv(b, buf, 0, 0)).toThrow(RangeError);
    expect(() => send(a, 'text' as never, 0, 1, null, 0, 0, -1)).toThrow(TypeError);
    expect(() => send(a, buf, 0, 1, {} as never, 0, 1, -1)).toThrow(TypeError);
    // Too few arguments are undefined ones.
    expect(() => (send as (...args: unknown[]) => number)(a)).toThrow(TypeError);
  });
});

describe('descriptors', () => {
  it('passes one, as a new number for the same file', () => {
    const file = openSync('/dev/zero', 'r');
    expect(sendText('h', file)).toBe(1);
    expect(recvText()).toBe('h');
    expect(out[BAD]).toBe(0);
    const received = out[FD]!;
    expect(received).not.toBe(file);
    expect(fstatSync(received).rdev).toBe(fstatSync(file).rdev);
    closeSync(received);
    closeSync(file);
    sendText('next');
    expect(recvText()).toBe('next');
    expect(out[FD]).toBe(-1);
  });

  it('delivers a descriptor with the read that ends at its own sendmsg', () => {
    sendText('one');
    sendText('two', 0);
    sendText('three');
    // Bytes sent before it may come along; nothing sent after it does.
    expect(recvText()).toBe('onetwo');
    expect(out[FD]).toBeGreaterThan(2);
    closeFd(out[FD]!);
    expect(recvText()).toBe('three');
    expect(out[FD]).toBe(-1);
  });

  it('delivers it with the first byte when the read is short', () => {
    sendText('abc', 0);
    expect(recv(b, buf, 0, 1)).toBe(1);
    expect(out[FD]).toBeGreaterThan(2);
    closeFd(out[FD]!);
    expect(recvText()).toBe('bc');
    expect(out[FD]).toBe(-1);
  });

  it('closes them all when there are two or more, or too many for the buffer', () => {
    // Node cannot send two in one message; Python can.
    const python = (count: number) =>
      `import array,socket; s=socket.socket(fileno=3); s.sendmsg([b'xx'],[(socket.SOL_SOCKET,socket.SCM_RIGHTS,array.array('i',[0]*${count}))])`;
    for (const count of [2, 16, 17, 253]) {
      execFileSync('python3', ['-c', python(count)], { stdio: ['ignore', 'inherit', 'inherit', a] });
      const open = fdCount();
      expect(recvText()).toBe('xx');
      expect([out[FD], out[BAD]]).toEqual([-1, 1]);
      expect(fdCount()).toBe(open);
    }
    sendText('ok');
    expect(recvText()).toBe('ok');
    expect([out[FD], out[BAD]]).toEqual([-1, 0]);
  });

  it('reports a descriptor that is not open, and one that nothing carries', () => {
    expect(sendText('x', 999_999)).toBe(-EBADF);
    expect(() => send(a, buf, 0, 0, null, 0, 0, 0)).toThrow(RangeError);
    expect(recvText()).toBe(-EAGAIN);
  });

  it('leaks nothing over many passes', () => {
    for (let i = 0; i < 2000; i++) {
      sendText('x', 0);
      recvText();
      closeFd(out[FD]!);
    }
  });
});

describe('the stage', () => {
  const room = stage.length - STAGE_OUT;
  const put = (text: string) => stage.set(bytes(text));
  const received = (offset: number, length: number) =>
    Buffer.from(stage.subarray(STAGE_OUT + offset, STAGE_OUT + offset + length)).toString();

  it('sends from its start and receives behind that, in one place for the whole thread', () => {
    put('staged');
    expect(sendStaged(a, 6, -1)).toBe(6);
    put('xxxxxx');
    expect(recvStaged(b, 10, 0)).toBe(6);
    expect(received(10, 6)).toBe('staged');
    expect(recvStaged(b, 0, 0)).toBe(-EAGAIN);
    expect(recvStaged(b, 0, 5)).toBe(-EAGAIN);
  });

  it('passes descriptors', () => {
    put('h');
    expect(sendStaged(a, 1, 0)).toBe(1);
    expect(recvStaged(b, 0, -1)).toBe(1);
    expect(out[FD]).toBeGreaterThan(2);
    expect(out[BAD]).toBe(0);
    closeFd(out[FD]!);
    expect(sendStaged(a, 1, 999_999)).toBe(-EBADF);
    expect(() => sendStaged(a, 0, 0)).toThrow(RangeError);
  });

  it('reads to its end and no further', () => {
    sendText('ab');
    expect(recvStaged(b, room - 1, 0)).toBe(1);
    expect(received(room - 1, 1)).toBe('a');
    expect(recvText()).toBe('b');
    for (const offset of [-1, room, Number.POSITIVE_INFINITY])
      expect(() => recvStaged(b, offset, 0)).toThrow(RangeError);
    for (const length of [-1, STAGE_OUT + 1, Number.POSITIVE_INFINITY])
      expect(() => sendStaged(a, length, -1)).toThrow(RangeError);
    expect(() => recvStaged(b, 0, undefined as never)).toThrow(TypeError);
    expect(() => sendStaged(a, 1, undefined as never)).toThrow(RangeError);
    for (const fd of [-1, 2 ** 31, undefined as never]) {
      expect(() => sendStaged(fd, 1, -1)).toThrow(RangeError);
      expect(() => recvStaged(fd, 0, 0)).toThrow(RangeError);
    }
  });
});

describe('pollFd', () => {
  it('reports what is ready, and hang-up as all that was asked', () => {
    expect(pollFd(b, READABLE, 0)).toBe(0);
    expect(pollFd(b, READABLE | WRITABLE, 0)).toBe(WRITABLE);
    sendText('x');
    expect(pollFd(b, READABLE, -1)).toBe(READABLE);
    closeFd(a);
    expect(pollFd(b, READABLE | WRITABLE, -1)).toBe(READABLE | WRITABLE);
    a = -1;
    expect(pollFd(999_999, READABLE, 0)).toBe(-EBADF);
  });

  it('keeps its time, to less than a millisecond', () => {
    const start = performance.now();
    for (let i = 0; i < 10; i++) expect(pollFd(b, READABLE, 0.5)).toBe(0);
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(5);
    expect(took).toBeLessThan(1000);
    const second = performance.now();
    expect(pollFd(b, READABLE, 450)).toBe(0); // more than two slices
    expect(performance.now() - second).toBeGreaterThanOrEqual(449);
  });

  it('rejects misuse', () => {
    expect(() => pollFd(b, 4, 0)).toThrow(RangeError);
    expect(() => pollFd(b, READABLE, Number.NaN)).toThrow(TypeError);
  });
});
