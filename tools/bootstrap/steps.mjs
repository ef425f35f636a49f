// Runs the steps of a set-up: one line each, what it does and how long it took; output only when it fails.
import { spawn } from 'node:child_process';

/** A step that did not work. `message` tells the reader what to do; `output` is what the command printed. */
export class StepError extends Error {
  /**
   * @param {string} message
   * @param {string} [output]
   */
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

/** What npm hands down to its scripts and would change how the package managers that we start behave. */
const NPM_LEFTOVERS = ['npm_config_loglevel', 'npm_config_silent', 'npm_config_json', 'npm_config_argv'];

/**
 * The environment for commands that we start: ours, less what a surrounding `npm run` put in, plus `extra`.
 * @param {NodeJS.ProcessEnv} [extra]
 */
export function commandEnv(extra = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...extra };
  for (const name of NPM_LEFTOVERS) delete env[name];
  return env;
}

/**
 * Runs a command to its end with no standard input, collecting what it prints.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, echo?: NodeJS.WritableStream | undefined, input?: string }} [options]
 * @returns {Promise<{ code: number, output: string }>} code 127 when the command does not exist, 128+n when killed
 */
export function run(command, args, { cwd, env = commandEnv(), echo, input } = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const collect = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
      echo?.write(chunk);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.stdin?.on('error', () => {}); // A command that ends without reading its input is no fault of ours.
    child.stdin?.end(input);
    child.on('error', (error) => resolve({ code: 127, output: output + String(error) }));
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 137 : 1), output }));
  });
}

/**
 * The reporter of a set-up. `verbose` shows every command's output as it comes.
 * @param {{ stream: NodeJS.WritableStream, verbose: boolean }} options
 */
export function stepper({ stream, verbose }) {
  return {
    verbose,
    /** Where a step's commands may echo to, when the reader wants to see everything. */
    echo: verbose ? stream : undefined,
    /** @param {string} text */
    note: (text) => void stream.write(`${text}\n`),
    /**
     * Runs one step. `work` returns a few words for the line's end (what was found or done).
     * @param {string} title
     * @param {() => Promise<string | undefined>} work
     */
    async step(title, work) {
      const started = performance.now();
      const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
      // The title comes before the work, so that a slow step says what it is busy with.
      stream.write(verbose ? `* ${title}\n` : `* ${title} … `);
      try {
        const result = await work();
        stream.write(`${verbose ? '  ' : ''}${result ?? 'done'} (${seconds()})\n`);
      } catch (error) {
        stream.write(`${verbose ? '  ' : ''}FAILED (${seconds()})\n`);
        throw error;
      }
    },
  };
}

/** @typedef {ReturnType<typeof stepper>} Stepper */

/**
 * Runs a command as a step's work; what it printed is shown in full when it fails.
 * @param {Stepper} steps
 * @param {string} failure what to tell the reader when it fails
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function mustRun(steps, failure, command, args, options = {}) {
  const { code, output } = await run(command, args, { ...options, echo: steps.echo });
  // Already on the screen when verbose.
  if (code !== 0)
    throw new StepError(
      `${failure}\n  command: ${[command, ...args].join(' ')}\n  exit code: ${code}`,
      steps.verbose ? '' : output,
    );
  return output;
}
