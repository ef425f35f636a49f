// Starts the server and client processes and listens to what they report.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job, Order } from './control.js';

/** Nothing reported for so long means that the process hangs. Filling 4 GB takes a few seconds. */
const SILENCE_MS = 120_000;

/** Closing takes milliseconds; a process that is still there after so long never goes by itself. */
const LEAVE_MS = 10_000;
const CLEAN_UP_MS = 2000;

/** A started process. Reports come one by one through {@link next}; a death that nobody expects is an error. */
export class DemoProcess<Report extends { type: string }> {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #reports: Report[] = [];
  readonly #exited: Promise<void>;
  #stderr = '';
  #failure: Error | undefined;
  #wake = () => {};

  constructor(name: 'server' | 'client', job: Job) {
    this.#name = name;
    const program = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    // argv0: sessions check how a program was called; see universe.ts.
    this.#child = spawn(process.execPath, [program, JSON.stringify(job)], {
      argv0: 'node',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    this.#child.on('message', (report) => {
      this.#reports.push(report as Report);
      this.#wake();
    });
    this.#child.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        const why = code === null ? `was ended by ${signal}` : `ended with code ${code}`;
        this.#fail(new Error(`the ${name} ${why}\n${this.#stderr.trim()}`.trim()));
        if (code === 0) resolve();
        // Also settles after a failure: whoever waits for the end only wants it gone.
        else setImmediate(resolve);
      });
    });
  }

  /** The next report, which must be one of these types. Error when the process ends or falls silent instead. */
  async next<T extends Report['type']>(...types: T[]): Promise<Extract<Report, { type: T }>> {
    for (;;) {
      const report = this.#reports.shift();
      if (report) {
        if (!(types as string[]).includes(report.type)) {
          throw new Error(`the ${this.#name} reported '${report.type}' instead of '${types.join("' or '")}'`);
        }
        return report as Extract<Report, { type: T }>;
      }
      if (this.#failure) throw this.#failure;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(() => {
          this.#failure ??= new Error(`the ${this.#name} said nothing for ${SILENCE_MS / 1000} s`);
          resolve();
        }, SILENCE_MS);
      });
      clearTimeout(timer);
    }
  }

  tell(order: Order): void {
    this.#child.send(order);
  }

  /** Waits until the process has ended by itself; error when it did so with a failure. */
  async ended(): Promise<void> {
    const timer = setTimeout(() => {
      this.#failure ??= new Error(`the ${this.#name} did not end`);
      this.#child.kill('SIGKILL');
    }, LEAVE_MS);
    await this.#exited;
    clearTimeout(timer);
    if (this.#child.exitCode !== 0) throw this.#failure;
  }

  /** Ends the process: with time to clean up after itself, but not for ever. Settles once it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLEAN_UP_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}
