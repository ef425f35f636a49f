// Where Flow-IPC says what it does: one util.debuglog section for each of its log components (feature 18).
import { type DebugLogger, debuglog } from 'node:util';

/** The C++ library's log components; 'uncat' is what belongs to none. */
export type LogComponent = 'uncat' | 'session' | 'transport' | 'shm' | 'util' | 'test';

/** The section that NODE_DEBUG names: `flow-ipc`, or `flow-ipc-transport` and so on; `flow-ipc*` is all of them. */
export const logSection = (component: LogComponent): string =>
  component === 'uncat' ? 'flow-ipc' : `flow-ipc-${component}`;

const loggers = new Map<LogComponent, DebugLogger>();

/**
 * The logger of a component: prints to stderr, and only when NODE_DEBUG names its section. Where putting the
 * arguments together costs something, look at its `enabled` first.
 */
export function logger(component: LogComponent): DebugLogger {
  let found = loggers.get(component);
  if (!found) {
    found = debuglog(logSection(component));
    loggers.set(component, found);
  }
  return found;
}
