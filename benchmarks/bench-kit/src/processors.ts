// Which processors measured processes may use: they inherit it from the command.
import { spawnSync } from 'node:child_process';

/** util-linux's; of the thread that starts processes, which is the main one. */
function taskset(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('taskset', ['-cp', ...args, String(process.pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset does not work here: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** As the kernel lists them: "0-3,7". */
const allowed = (): string => /: (\S+)\s*$/.exec(taskset())![1]!;

/** All processes that `act` starts share one processor, and stay there. */
export async function onOneProcessor<T>(act: () => Promise<T>): Promise<T> {
  const before = allowed();
  // The last one: interrupts mostly go to the first.
  taskset(/\d+$/.exec(before)![0]);
  try {
    return await act();
  } finally {
    taskset(before);
  }
}
