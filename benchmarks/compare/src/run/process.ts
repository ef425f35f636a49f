// A process that the command started: its end, and what it complained about.
import { type ChildProcess, spawn } from 'node:child_process';

/** Leaving takes milliseconds. */
const LEAVE_MS = 2000;

export class StartedProcess {
  readonly child: ChildProcess;
  /** Rejects with the reason when the process ends, however it does. */
  readonly died: Promise<never>;
  readonly #closed: Promise<void>;
  #complaints = '';

  constructor(program: string, args: string[], stdin: 'ignore' | 'pipe') {
    // argv0: sessions check how a program was called.
    this.child = spawn(program, args, {
      argv0: program === process.execPath ? 'node' : program,
      stdio: [stdin, stdin === 'pipe' ? 'pipe' : 'ignore', 'pipe'],
    });
    this.child.stderr!.on('data', (text) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    let die: (error: Error) => void;
    this.died = new Promise((_, reject) => {
      die = reject;
    });
    this.died.catch(() => {});
    this.#closed = new Promise((resolve) => {
      this.child.on('error', (error) => {
        die(error);
        resolve();
      });
      this.child.on('close', (code, signal) => {
        die(new Error(this.#reason(code === null ? `ended by ${signal}` : `ended with code ${code}`)));
        resolve();
      });
    });
  }

  /** The line of an uncaught exception that says what it was, or how the process ended. */
  #reason(ending: string): string {
    return /^\w*Error(?: \[\w+\])?: (.*)$/m.exec(this.#complaints)?.[1] ?? ending;
  }

  /** It has been told to leave; settles once it is gone. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), LEAVE_MS);
    await this.#closed;
    clearTimeout(timer);
  }
}
