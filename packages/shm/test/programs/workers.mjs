// Starts clients in worker threads and terminates them at any moment: this process must live on.
import { Worker } from 'node:worker_threads';
import { tell } from './universe.mjs';

for (let round = 0; round < 5; round++) {
  const workers = Array.from({ length: 4 }, (_, i) => {
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: { sync: i % 2 === 1 },
    });
    worker.on('error', (err) => tell('worker-error', { message: err.message }));
    return worker;
  });
  // Some die while they connect, some in the midst of requests.
  await new Promise((resolve) => setTimeout(resolve, round * 120));
  await Promise.all(workers.map((worker) => worker.terminate()));
}
tell('survived');
process.disconnect();
