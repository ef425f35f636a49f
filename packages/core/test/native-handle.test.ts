// A descriptor with an owner: closed once, never used after, known for what it is.
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { inspect } from 'node:util';
import { closeFd, dupFd, listenAbstract, socketPair } from '@flow-ipc/native';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Channel, NativeHandle, NativeSocketStream } from '../src/index.js';

const fds = () => readdirSync('/proc/self/fd').length;
const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_${code}` });
const devNull = () => new NativeHandle(openSync('/dev/null', 'r'));

let before: number;
beforeEach(() => {
  before = fds();
});
afterEach(() => expect(fds()).toBe(before));

describe('ownership', () => {
  it('a NativeHandle closes its descriptor exactly once', () => {
    const handle = devNull();
    const twin = handle.dup();
    expect(twin.fd).not.toBe(handle.fd);
    handle.close();
    const reused = openSync('/dev/null', 'r'); // gets the number just freed
    handle.close();
    handle[Symbol.dispose]();
    expect(fstatSync(reused).isCharacterDevice()).toBe(true);
    closeSync(reused);
    twin[Symbol.dispose]();
  });

  it('a released descriptor is the caller’s', () => {
    const handle = devNull();
    const fd = handle.release();
    expect(handle.release()).toBe(-1);
    handle.close();
    expect(fstatSync(fd).isCharacterDevice()).toBe(true);
    closeSync(fd);
  });

  it('after close every use is a coded error', async () => {
    const handle = devNull();
    expect(handle.closed).toBe(false);
    expect(inspect(handle)).toBe(`NativeHandle { fd: ${handle.fd} }`);
    handle.close();
    expect(handle.closed).toBe(true);
    expect(handle.fd).toBe(-1);
    expect(inspect(handle)).toBe('NativeHandle { fd: -1 }');
    const closed = coded('HANDLE_CLOSED');
    expect(() => handle.dup()).toThrow(closed);
    expect(() => handle.info()).toThrow(closed);
    expect(() => handle.nonBlocking).toThrow(closed);
    expect(() => (handle.nonBlocking = true)).toThrow(closed);
    expect(() => handle.toSocket()).toThrow(closed);
    expect(() => handle.toDatagramSocket()).toThrow(closed);
    await expect(handle.toServer()).rejects.toThrow(closed);
    await expect(handle.toFileHandle()).rejects.toThrow(closed);
  });

  it('a closed handle is not sent, and neither is the message', async () => {
    const [a, b] = NativeSocketStream.pair().map((fd) => new Channel(new NativeSocketStream(fd)));
    const handle = devNull();
    handle.close();
    expect(() => a!.sendNativeHandle(handle, Buffer.from('x'))).toThrow(coded('HANDLE_CLOSED'));
    using open = devNull();
    a!.sendNativeHandle(open, Buffer.from('y'));
    const message = await b!.receive();
    expect(Buffer.from(message.blob).toString()).toBe('y');
    expect(message.handle?.info().kind).toBe('character-device');
    message.handle?.close();
    a!.close();
    b!.close();
    open.close();
    await new Promise(setImmediate);
  });

  it('takes only what is an open descriptor', () => {
    for (const wrong of [-1, 1.5, Number.NaN]) expect(() => new NativeHandle(wrong)).toThrow(RangeError);
    expect(() => new NativeHandle(2 ** 31 - 1)).toThrow(coded('SYSTEM'));
    expect(() => NativeHandle.dupOf(2 ** 31 - 1)).toThrow(coded('SYSTEM'));
    expect(() => NativeHandle.dupOf({} as never)).toThrow(TypeError);
  });
});

describe('what a descriptor is', () => {
  it.each([
    ['/dev/null', 'character-device'],
    ['/proc/self/status', 'file'],
    ['/tmp', 'directory'],
  ])('%s: %s', (path, kind) => {
    using handle = new NativeHandle(openSync(path, 'r'));
    expect(handle.info()).toEqual({ kind });
  });

  it('sockets, pipes and what is no file', async () => {
    const kinds = new Set<string>();
    const [a, b] = socketPair();
    for (const fd of [a, b]) {
      using half = new NativeHandle(fd);
      expect(half.info()).toEqual({
        kind: 'socket',
        socket: { family: 'unix', type: 'stream', listening: false, connected: true },
      });
    }
    using listener = new NativeHandle(listenAbstract(`flow_ipc_test_${process.pid}_kind`, 1));
    expect(listener.info().socket).toMatchObject({ listening: true, connected: false });
    // What this process has open anyway: its event loop's epoll set and pipes among it.
    for (const fd of readdirSync('/proc/self/fd').map(Number)) {
      try {
        using copy = new NativeHandle(dupFd(fd));
        kinds.add(copy.info().kind);
      } catch {
        // The descriptor that listed the folder: gone.
      }
    }
    expect([...kinds]).toEqual(expect.arrayContaining(['other', 'pipe']));
  });
});

it('blocking mode is a flag of the open file', () => {
  const [a, b] = socketPair();
  closeFd(b);
  using handle = new NativeHandle(a);
  using twin = handle.dup();
  expect(twin.nonBlocking).toBe(false);
  handle.nonBlocking = true;
  expect(twin.nonBlocking).toBe(true);
  handle.nonBlocking = false;
  expect(twin.nonBlocking).toBe(false);
});

it('many at once, in any order, leak nothing', () => {
  const handles = Array.from({ length: 200 }, devNull);
  for (const [i, handle] of handles.entries()) {
    if (i % 3 === 0) handle.close();
    else if (i % 3 === 1) closeSync(handle.release());
  }
  for (const handle of handles.reverse()) handle.close();
});
