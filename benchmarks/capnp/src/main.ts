#!/usr/bin/env node
// The command: builds and reads perf_demo's response and a tiny request with each library.

import { Command, InvalidArgumentError } from 'commander';
import { measure } from './measure.js';
import { jsonLine, table } from './report.js';
import { capnpEs } from './subjects/capnp-es.js';
import { capnpTs, capnpTsSized } from './subjects/capnp-ts.js';
import { flowIpc } from './subjects/flow-ipc.js';
import { json } from './subjects/json.js';
import { msgpackr } from './subjects/msgpackr.js';
import { protobufjs } from './subjects/protobuf.js';
import { makeParts, tasksOf } from './workload.js';

const SUBJECTS = [flowIpc, capnpTs, capnpTsSized, capnpEs, protobufjs, msgpackr, json];

function positive(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n <= 0) throw new InvalidArgumentError('a positive whole number');
  return n;
}

new Command('bench-capnp')
  .description("Building and reading of Cap'n Proto messages beside other libraries.")
  .option('--rounds <n>', 'counted rounds; all libraries take turns in each', positive, 15)
  .option('--parts <n>', 'parts of 8 kB in the response', positive, 1000)
  .option('--json', 'print one JSON object a line', false)
  .action((options: { rounds: number; parts: number; json: boolean }) => {
    const parts = makeParts(options.parts);
    const tasks = SUBJECTS.flatMap((subject) => tasksOf(subject, parts));
    const benches = [...new Set(tasks.map(({ bench }) => bench))];
    const results = benches.flatMap((bench) =>
      measure(
        tasks.filter((task) => task.bench === bench),
        { rounds: options.rounds, roundMs: 20, warmUp: 3 },
      ),
    );
    if (options.json) for (const result of results) console.log(jsonLine(result));
    else console.log(table(results));
  })
  .parse();
