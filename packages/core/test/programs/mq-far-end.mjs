// The far end of the compliance suite over message queues: gets tasks one by one, opens the queues, reports. Or, with
// RUN in the environment, a process that runs that piece of code with a queue, until it is killed.
import { parentPort } from 'node:worker_threads';
import * as core from '@flow-ipc/core';
import { runFarEnd } from '@flow-ipc/core/compliance';

const KINDS = { posix: core.PosixMqHandle, bipc: core.BipcMqHandle };
const port = parentPort ?? process;
const reply = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));

const { RUN, NAME, KIND } = process.env;
if (RUN && !parentPort) {
  new Function('core', 'Handle', 'name', RUN)(core, KINDS[KIND], NAME);
  process.send('up');
  setInterval(() => {}, 1000);
} else {
  port.on('message', async ({ task, kind, name }) => {
    try {
      const Handle = KINDS[kind];
      const pipes = core.mqPipes({ out: Handle.open(`${name}_s2c`), in: Handle.open(`${name}_c2s`) });
      reply({ opened: true });
      await runFarEnd(task, core.mqsChannel(pipes));
      reply({ ok: true });
    } catch (err) {
      reply({ ok: false, message: String(err?.stack ?? err) });
    }
  });
}
