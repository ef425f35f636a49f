// Connections that one process accepts are served by two others, from the first byte to the last.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processRunning } from '@flow-ipc/core';

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url));
const CLIENTS = 40;

test('every connection is served by a worker, and the server keeps nothing of it', {
  timeout: 60_000,
}, async () => {
  const server = spawn('node', [SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(server.stdout, 'data');
    const port = Number(/port (\d+)/.exec(String(line))[1]);
    const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = descriptors();

    const clients = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.1'));
    const words = (i) => `words of client ${i}, `.repeat(i * 100);
    // Sent before anybody has read anything, and ended: the worker finds it all in the socket.
    for (const [i, client] of clients.entries()) client.end(words(i));
    const answers = await Promise.all(clients.map((client) => text(client)));

    const pids = answers.map((answer, i) => {
      const [, pid, rest] = /^process (\d+), connection \d+\n(.*)$/s.exec(answer) ?? [];
      assert.equal(rest, words(i).toUpperCase());
      return Number(pid);
    });
    assert.equal(new Set(pids).size, 2);
    assert.ok(!pids.includes(server.pid));
    // The server closes what it has given away in its own time; the runner's time-out ends a wait in vain.
    while (descriptors() !== before) await setTimeout(10);

    server.kill('SIGKILL');
    await once(server, 'exit');
    for (const pid of new Set(pids)) while (processRunning(pid)) await setTimeout(10);
  } finally {
    server.kill('SIGKILL');
  }
});
