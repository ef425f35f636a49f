// Descriptors to and from Node's own objects, with real sockets and files.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { constants, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer as createHttpServer, get } from 'node:http';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { socketPair } from '@flow-ipc/native';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NativeHandle } from '../src/index.js';

const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_HANDLE_${code}` });
const wrongKind = coded('WRONG_KIND');
const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-conversions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fds = () => readdirSync('/proc/self/fd').length;
let before: number;
beforeEach(() => {
  before = fds();
});
// Node closes in its own time.
afterEach(() => expect.poll(fds).toBe(before));

/** A TCP connection: the client's end, and the accepted one, from which nothing has been read. */
async function tcp() {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (client.connecting) await once(client, 'connect');
  return { server, client, accepted, port };
}

/** The reading and the writing end. */
function pipe(): [NativeHandle, NativeHandle] {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const reading = new NativeHandle(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  const writing = new NativeHandle(openSync(path, 'w'));
  rmSync(path);
  return [reading, writing];
}

const udp = async (address = '127.0.0.1') => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
};

describe('net.Socket', () => {
  it('is taken, with what waits in the kernel, and given', async () => {
    const { server, client, accepted } = await tcp();
    client.write('before ');
    await new Promise((r) => setTimeout(r, 50));
    const handle = NativeHandle.take(accepted);
    expect(accepted.destroyed).toBe(true);
    await once(accepted, 'close');
    const socket = handle.toSocket({ allowHalfOpen: true });
    expect(handle.closed).toBe(true);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk) => (received += chunk));
    client.end('after');
    await once(socket, 'end');
    expect(received).toBe('before after');
    socket.end('answer'); // half open: the option counts
    expect(await text(client)).toBe('answer');
    server.close();
  });

  it('is duplicated and goes on', async () => {
    const { server, client, accepted } = await tcp();
    const twin = NativeHandle.dupOf(accepted).toSocket();
    twin.write('one ');
    await new Promise((r) => setTimeout(r, 20));
    accepted.end('two');
    expect(await text(client)).toBe('one two');
    twin.destroy();
    accepted.destroy();
    server.close();
  });

  it('is refused while it holds what would be lost', async () => {
    const { server, client, accepted, port } = await tcp();
    const busy = coded('BUSY');
    const early = connect(port, '127.0.0.1');
    expect(() => NativeHandle.take(early)).toThrow(/busy|no descriptor|connecting/);
    early.destroy();

    client.write('unread');
    accepted.read(0); // starts reading, as a listener for 'readable' would
    await expect.poll(() => accepted.readableLength).toBe(6);
    expect(() => NativeHandle.take(accepted)).toThrow(busy);
    expect(accepted.destroyed).toBe(false);
    expect(String(accepted.read())).toBe('unread');

    accepted.write(Buffer.alloc(64 << 20));
    expect(() => NativeHandle.take(accepted)).toThrow(busy);
    client.resume();
    await expect.poll(() => accepted.writableLength, { timeout: 10_000 }).toBe(0);
    NativeHandle.take(accepted).close();
    client.destroy();
    server.close();
  });

  it('on a Unix socket pair', async () => {
    const [a, b] = socketPair().map((fd) => new NativeHandle(fd).toSocket());
    a!.end('hello');
    expect(await text(b!)).toBe('hello');
    b!.destroy();
  });

  it('on the ends of a pipe', async () => {
    const [reading, writing] = pipe();
    expect(reading.info()).toEqual({ kind: 'pipe' });
    const output = reading.toSocket();
    const input = writing.toSocket();
    expect([input.writable, input.readable, output.writable, output.readable]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    input.end('through a pipe');
    expect(await text(output)).toBe('through a pipe');
  });

  it('refuses what is closed, not open yet, or TLS', () => {
    const socket = new Socket();
    expect(() => NativeHandle.dupOf(socket)).toThrow(coded('CLOSED'));
    expect(() => NativeHandle.take(socket)).toThrow(coded('CLOSED'));
    const tls = new TLSSocket(socket);
    expect(() => NativeHandle.dupOf(tls)).toThrow(wrongKind);
    tls.destroy();
    socket.destroy();
  });

  it('is not made of a listening socket, a datagram socket or a file', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const datagram = await udp();
    const file = await open('/dev/null');
    for (const source of [server, datagram, file]) {
      using handle = NativeHandle.dupOf(source);
      expect(() => handle.toSocket()).toThrow(wrongKind);
      expect(handle.closed).toBe(false);
    }
    server.close();
    datagram.close();
    await file.close();
  });
});

describe('net.Server', () => {
  it('is taken with its waiting clients, and given', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const handle = NativeHandle.take(first);
    expect(first.listening).toBe(false);
    const client = connect(port, '127.0.0.1'); // waits in the backlog: nobody accepts just now
    await once(client, 'connect');
    const second = await handle.toServer(createServer((socket) => socket.end('from the second')));
    expect((second.address() as AddressInfo).port).toBe(port);
    expect(await text(client)).toBe('from the second');
    second.close();
  });

  it('can be an http.Server', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const http = await NativeHandle.take(first).toServer(createHttpServer((_, res) => res.end('over http')));
    const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
    expect(await text(response)).toBe('over http');
    http.closeAllConnections();
    http.close();
  });

  it('two of them share the clients of a duplicate', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const second = await NativeHandle.dupOf(first).toServer();
    first.close(); // the other one goes on
    second.on('connection', (socket) => socket.end('second'));
    expect(await text(connect(port, '127.0.0.1'))).toBe('second');
    second.close();
  });

  it('keeps the file of a Unix socket when it is taken', async () => {
    const path = join(folder, 'listener');
    const first = createServer().listen(path);
    await once(first, 'listening');
    const { ino } = statSync(path);
    const handle = NativeHandle.take(first);
    expect(statSync(path).ino).toBe(ino);
    const second = await handle.toServer(createServer((socket) => socket.end('still here')));
    expect(await text(connect(path))).toBe('still here');
    second.close();
    expect(readdirSync(folder)).toEqual(['listener']);
    rmSync(path);
  });

  it('is not taken when its file is gone, and goes on', async () => {
    const path = join(folder, 'lost');
    const server = createServer().listen(path);
    await once(server, 'listening');
    rmSync(path);
    expect(() => NativeHandle.take(server)).toThrow(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM', syscall: 'rename' }),
    );
    expect(server.listening).toBe(true);
    server.close();
  });

  it('is taken from the abstract namespace', async () => {
    const path = `\0flow_ipc_test_${process.pid}_abstract`;
    const first = createServer().listen(path);
    await once(first, 'listening');
    const second = await NativeHandle.take(first).toServer(createServer((socket) => socket.end('abstract')));
    expect(await text(connect(path))).toBe('abstract');
    second.close();
  });

  it('is not made of a connection, nor twice', async () => {
    const { server, client, accepted } = await tcp();
    using connection = NativeHandle.take(accepted);
    await expect(connection.toServer()).rejects.toThrow(wrongKind);
    using listener = NativeHandle.dupOf(server);
    await expect(listener.toServer(server)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }),
    );
    expect(listener.closed).toBe(false);
    client.destroy();
    server.close();
  });
});

describe('dgram.Socket', () => {
  it.each(['127.0.0.1', '::1'])('is taken and given on %s', async (address) => {
    const first = await udp(address);
    const { port } = first.address();
    const peer = await udp(address);
    const handle = NativeHandle.take(first);
    peer.send('waiting', port, address); // nobody receives just now
    await new Promise((r) => setTimeout(r, 20));
    const second = handle.toDatagramSocket();
    expect(handle.closed).toBe(true);
    expect(second.address().port).toBe(port);
    const [message] = await once(second, 'message');
    expect(String(message)).toBe('waiting');
    second.send('answer', peer.address().port, address);
    expect(String((await once(peer, 'message'))[0])).toBe('answer');
    second.close();
    peer.close();
  });

  it('is duplicated and goes on', async () => {
    const first = await udp();
    const twin = NativeHandle.dupOf(first).toDatagramSocket();
    first.close();
    twin.send('to myself', twin.address().port, '127.0.0.1');
    expect(String((await once(twin, 'message'))[0])).toBe('to myself');
    twin.close();
  });

  it('has no descriptor before it is bound or after it is closed', async () => {
    const socket = createSocket('udp4');
    expect(() => NativeHandle.dupOf(socket)).toThrow(coded('CLOSED'));
    socket.bind(0);
    await once(socket, 'listening');
    NativeHandle.dupOf(socket).close();
    socket.close();
    expect(() => NativeHandle.take(socket)).toThrow(coded('CLOSED'));
  });

  it('is not made of a connected one, nor of a stream', async () => {
    const target = await udp();
    const connected = createSocket('udp4');
    connected.connect(target.address().port, '127.0.0.1');
    await once(connected, 'connect');
    using handle = NativeHandle.take(connected);
    expect(() => handle.toDatagramSocket()).toThrow(/connected ipv4 datagram socket/);
    expect(handle.closed).toBe(false);
    target.close();
    const [a, b] = socketPair().map((fd) => new NativeHandle(fd));
    expect(() => a!.toDatagramSocket()).toThrow(wrongKind);
    a!.close();
    b!.close();
  });
});

describe('fs.FileHandle', () => {
  it('is taken and given: the same open file, with its position', async () => {
    const path = join(folder, 'file');
    const first = await open(path, 'w+');
    await first.write('0123456789');
    await first.read(Buffer.alloc(4), 0, 4, 0);
    await first.write('AB'); // the position is at the end
    const handle = await NativeHandle.take(first);
    expect(first.fd).toBe(-1);
    const second = await handle.toFileHandle();
    expect(handle.closed).toBe(true);
    await second.write('CD');
    expect(String((await second.read(Buffer.alloc(20), 0, 20, 0)).buffer).replace(/\0/g, '')).toBe(
      '0123456789ABCD',
    );
    expect((await second.stat()).size).toBe(14);
    await second.close();
    rmSync(path);
  });

  it('is duplicated and goes on', async () => {
    const first = await open('/proc/self/status');
    const twin = await NativeHandle.dupOf(first).toFileHandle();
    await first.close();
    expect(await twin.readFile('utf8')).toMatch(/^Name:/);
    await twin.close();
  });

  it('blocks on a pipe, as the threads that read files need it', async () => {
    const [reading, writing] = pipe();
    reading.nonBlocking = true;
    const file = await reading.toFileHandle();
    const content = file.readFile('utf8');
    await new Promise((r) => setTimeout(r, 50));
    writing.toSocket().end('late');
    expect(await content).toBe('late');
    await file.close();
  });

  it('is not made of a socket; one that is closed has no descriptor', async () => {
    const [a, b] = socketPair().map((fd) => new NativeHandle(fd));
    await expect(a!.toFileHandle()).rejects.toThrow(wrongKind);
    expect(a!.closed).toBe(false);
    a!.close();
    b!.close();
    const file = await open('/dev/null');
    await file.close();
    expect(() => NativeHandle.dupOf(file)).toThrow(coded('CLOSED'));
    expect(existsSync('/dev/null')).toBe(true);
  });

  it('a handle that is closed while it is being converted leaks nothing', async () => {
    const handle = new NativeHandle(openSync('/dev/null', 'r'));
    const converting = handle.toFileHandle();
    handle.close();
    await expect(converting).rejects.toThrow(coded('CLOSED'));
  });
});
