// child_process.fork() and send(), with either serialization: the clients are the server's children.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Message } from '../peer/message.js';
import { answering, cloned, json, ValueLink, type Values } from './children.js';
import type { Link, Server, Setting, SubjectModule } from './link.js';

/** Seen from the built program, which is also what a client runs. */
const PEER = fileURLToPath(new URL('./peer.js', import.meta.url));
const ECHO = fileURLToPath(new URL('./echo.js', import.meta.url));

class ChildServer implements Server {
  readonly #setting: Setting;
  readonly #serialization: 'json' | 'advanced';
  readonly #values: Values;
  readonly #children: ChildProcess[] = [];

  constructor(setting: Setting, serialization: 'json' | 'advanced', values: Values) {
    this.#setting = setting;
    this.#serialization = serialization;
    this.#values = values;
  }

  spawn(args: string[]): void {
    const child = fork(PEER, args, { serialization: this.#serialization, execArgv: [] });
    this.#children.push(child);
    const answer = answering(this.#values, this.#setting.size);
    child.on('exit', (code) => {
      if (code) throw new Error(`the client ended with code ${code}`);
    });
    child.on('message', (value) => {
      const reply = answer(value);
      if (reply !== undefined) child.send(reply as object);
    });
  }

  async open(): Promise<() => Promise<void>> {
    const child = fork(ECHO, [], { serialization: this.#serialization, execArgv: [] });
    const reply = new Promise((resolve) => child.once('message', resolve));
    child.send(this.#values.fromBytes(Message.ofSize(this.#setting.size).bytes) as object);
    await reply;
    return async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    };
  }

  async close(): Promise<void> {
    for (const child of this.#children) if (child.connected) child.disconnect();
  }
}

class ChildLink extends ValueLink {
  #sent = 0;
  #taken = 0;
  #onTaken: (() => void) | undefined;

  constructor(values: Values) {
    super(values);
    process.on('message', (value) => this.received(value));
  }

  protected override sendValue(value: unknown): Promise<void> | undefined {
    this.#sent++;
    if (process.send!(value, undefined, undefined, this.#onSent)) return undefined;
    return new Promise((resolve) => {
      this.#onTaken = resolve;
    });
  }

  readonly #onSent = (): void => {
    if (++this.#taken < this.#sent) return;
    this.#onTaken?.();
    this.#onTaken = undefined;
  };

  override async close(): Promise<void> {
    if (process.connected) process.disconnect();
  }
}

function childProcess(serialization: 'json' | 'advanced', values: Values): SubjectModule {
  return {
    serve: async (setting) => new ChildServer(setting, serialization, values),
    connect: async (): Promise<Link> => new ChildLink(values),
  };
}

export const childProcessJson = childProcess('json', json);
export const childProcessAdvanced = childProcess('advanced', cloned);
