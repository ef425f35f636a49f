// One run: fresh server and client processes, one size, one technique, several shots.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientReport, Job, ServerReport } from './control.js';
import { DemoProcess } from './processes.js';
import { type Result, roundTrips } from './results.js';
import type { Technique } from './techniques.js';

export interface RunOptions {
  technique: Technique;
  size: number;
  shots: number;
  /** A real file and the hash of its contents, taken apart from what the processes do. */
  file?: { path: string; digest: string };
  onProgress(what: string): void;
  signal: AbortSignal;
}

/** Error when a process fails, or when what arrived is not what was sent. */
export async function run({ technique, size, shots, file, onProgress, signal }: RunOptions): Promise<Result> {
  signal.throwIfAborted();
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-perf-demo-'));
  const job: Job = {
    technique,
    size,
    shots,
    runDir,
    ...(file && { file: file.path }),
  };
  const processes: DemoProcess<never>[] = [];
  const start = <Report extends { type: string }>(name: 'server' | 'client') => {
    const started = new DemoProcess<Report>(name, job);
    processes.push(started as never);
    return started;
  };
  const endAll = () => Promise.all(processes.map((started) => started.end()));
  signal.addEventListener('abort', endAll, { once: true });
  try {
    onProgress('opening a session');
    const server = start<ServerReport>('server');
    await server.next('listening');
    const client = start<ClientReport>('client');
    const serverOpen = await server.next('open');
    const clientOpen = await client.next('open');
    onProgress('loading the file');
    const { shmServing } = await server.next('serving');

    const samples: number[] = [];
    let chunks = 0;
    while (samples.length < shots) {
      onProgress(`shot ${samples.length + 1} of ${shots}`);
      samples.push((await client.next('shot')).rttUs);
      const verified = await client.next('verified');
      chunks = verified.chunks;
      if (file && verified.digest !== file.digest) {
        throw new Error(
          `the contents of ${file.path} arrived changed: hash ${verified.digest}, not ${file.digest}`,
        );
      }
      client.tell({ type: 'next' });
    }
    const clientDone = await client.next('done');
    server.tell({ type: 'finish' });
    const serverDone = await server.next('done');
    client.tell({ type: 'leave' });
    await client.ended();
    server.tell({ type: 'leave' });
    await server.ended();
    return {
      size,
      technique,
      shots,
      rttUs: roundTrips(samples),
      chunks,
      memory: {
        server: serverOpen.memory,
        client: clientOpen.memory,
        shmBefore: serverOpen.shmBefore,
        shmOpen: serverOpen.shmOpen,
        shmServing,
        serverOwnPeak: serverDone.ownPeak,
        clientOwnPeak: clientDone.ownPeak,
      },
    };
  } finally {
    signal.removeEventListener('abort', endAll);
    await endAll();
    rmSync(runDir, { recursive: true, force: true });
  }
}
