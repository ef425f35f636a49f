/** Finds the addon: override, local build, then the platform package; and says what to do when there is none. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Binding } from './binding.js';

const require = createRequire(import.meta.url);
// Both ts/ (tests) and dist/ (packages) lie one level below the package root.
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..');

/** 'glibc', 'musl', or '' where the distinction does not exist. */
function libc(): string {
  if (process.platform !== 'linux') return '';
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime ? 'glibc' : 'musl';
}

/** Name of the prebuilt package of this machine, e.g. `@flow-ipc/native-linux-x64-gnu`. */
export function platformPackage(): string {
  const suffix = { glibc: '-gnu', musl: '-musl' }[libc()] ?? '';
  return `@flow-ipc/native-${process.platform}-${process.arch}${suffix}`;
}

/** Thrown when no addon could be loaded. `attempts` has one line per place tried, with the reason. */
export class NativeNotFoundError extends Error {
  readonly code = 'ERR_FLOW_IPC_NATIVE_NOT_FOUND';
  readonly attempts: readonly string[];

  constructor(attempts: readonly string[], platform: string, cause: unknown) {
    super(
      [
        `The native addon of Flow-IPC could not be loaded on ${process.platform} ${process.arch}, Node ${process.version}. Tried:`,
        ...attempts.map((line) => `  - ${line}`),
        'What to do:',
        `  - as a user: install ${platform} (it is an optional dependency of @flow-ipc/native: do not omit optional ones)`,
        '  - in a checkout: run `node scripts/build.mjs` in native/ (needs a C++17 compiler and the Boost headers)',
        '  - with your own build: set FLOW_IPC_NATIVE_PATH to the .node file',
        '  - when Node runs with --permission: allow addons with --allow-addons',
      ].join('\n'),
      { cause },
    );
    this.name = 'NativeNotFoundError';
    this.attempts = attempts;
  }
}

const reason = (error: unknown) => (error instanceof Error ? error.message.split('\n')[0] : String(error));

/** Loads the addon. An override that is set is the only candidate: falling back would hide a mistake. */
export function loadBinding(env: NodeJS.ProcessEnv = process.env): Binding {
  const platform = platformPackage();
  const override = env.FLOW_IPC_NATIVE_PATH;
  const local = join(packageRoot, 'build', 'Release', 'flow_ipc.node');
  const candidates = override
    ? [{ what: `FLOW_IPC_NATIVE_PATH=${override}`, id: override, file: true }]
    : [
        { what: local, id: local, file: true },
        { what: platform, id: platform, file: false },
      ];
  const attempts: string[] = [];
  let cause: unknown;
  for (const { what, id, file } of candidates) {
    if (file && !existsSync(id)) {
      attempts.push(`${what}: no such file`);
      continue;
    }
    try {
      return require(id) as Binding;
    } catch (error) {
      attempts.push(`${what}: ${reason(error)}`);
      cause = error;
    }
  }
  throw new NativeNotFoundError(attempts, platform, cause);
}
