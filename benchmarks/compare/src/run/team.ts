// A subject at work: its server, its clients, and what they can be asked to do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeLeftQueues } from '../links/queue-names.js';
import type { Job } from '../peer/job.js';
import { FLOOR, type Subject } from '../subjects.js';
import { ControlServer } from './control-server.js';
import { lines, Party } from './party.js';
import { StartedProcess } from './process.js';

/** Seen from the built command. */
const PEER = fileURLToPath(new URL('./peer.js', import.meta.url));

/** A process that has not reported by then never will. 64 of them start at once. */
const START_MS = 30_000;

export interface TeamJob {
  subject: Subject;
  size: number;
  ready: boolean;
  clients: number;
  /** The compiled floor. */
  floor: string;
  /** What processes of Node.js are started with instead of this very `node`; begins with the program. */
  node?: (role: Job['role']) => [string, ...string[]];
}

/** Of both sides together, since they were started. */
export interface TeamUsage {
  cpuUs: number;
  peakBytes: number;
}

export class Team {
  readonly subject: Subject;
  readonly #job: TeamJob;
  readonly #runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-compare-'));
  readonly #processes: StartedProcess[] = [];
  readonly #clients: Party[] = [];
  #control: ControlServer | undefined;
  #server: Party | undefined;
  #serverBlocks = false;

  private constructor(job: TeamJob) {
    this.subject = job.subject;
    this.#job = job;
  }

  /** Starts the server, then the clients. Error with the reason when one of them cannot; nothing is left then. */
  static async start(job: TeamJob): Promise<Team> {
    const team = new Team(job);
    try {
      await team.#start();
      return team;
    } catch (error) {
      await team.kill();
      throw error;
    }
  }

  async #start(): Promise<void> {
    if (this.subject.name === FLOOR) {
      this.#server = await this.#startFloor('server');
      for (let i = 0; i < this.#job.clients; i++) this.#clients.push(await this.#startFloor('client'));
      return;
    }
    this.#control = await ControlServer.listen(join(this.#runDir, 'control.sock'));
    this.#server = await this.#startNode('server', 'server');
    // As many at a time as are measured at a time.
    const ids = Array.from({ length: this.#job.clients }, (_, i) => `client-${i}`);
    this.#clients.push(...(await Promise.all(ids.map((id) => this.#startNode('client', id)))));
  }

  async #startNode(role: Job['role'], id: string): Promise<Party> {
    const { subject, size, ready, clients } = this.#job;
    const setting = { runDir: this.#runDir, size, clients, blocking: subject.blocking, ready };
    const job: Job = { role, subject: subject.code, setting, control: this.#control!.path, id };
    const reported = this.#control!.awaitParty(id);
    if (role === 'client' && subject.spawns) {
      await this.#server!.order('spawn', JSON.stringify(job));
    } else {
      const [program, ...args] = this.#job.node?.(role) ?? [process.execPath];
      this.#processes.push(new StartedProcess(program, [...args, PEER, JSON.stringify(job)], 'ignore'));
    }
    const { party, hello } = await this.#orDeath(reported);
    if (role === 'server') this.#serverBlocks = hello.blocks === true;
    return party;
  }

  async #startFloor(role: Job['role']): Promise<Party> {
    const args = [role, join(this.#runDir, 'floor.sock'), String(this.#job.size)];
    const started = new StartedProcess(this.#job.floor, args, 'pipe');
    this.#processes.push(started);
    const input = lines(started.child.stdout!);
    const { value } = await this.#orDeath(input.next());
    const { error } = JSON.parse(value ?? '{"error":"the floor ended"}') as { error?: string };
    if (error !== undefined) throw new Error(error);
    return new Party(input, started.child.stdin!);
  }

  /** What is awaited, unless one of our processes ends, or nothing happens for too long. */
  async #orDeath<T>(awaited: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${START_MS / 1000} s`)), START_MS);
    });
    try {
      return await this.#whileAlive(Promise.race([awaited, late]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** The reason why a process died says more than that an order to it, or to its peer, failed. */
  async #whileAlive<T>(awaited: Promise<T>): Promise<T> {
    const deaths = Promise.race(this.#processes.map((started) => started.died));
    try {
      return await Promise.race([awaited, deaths]);
    } catch (error) {
      const moment = new Promise<void>((resolve) => setTimeout(resolve, 100));
      await Promise.race([moment, deaths]);
      throw error;
    }
  }

  /** Has the first client do something with the server: one batch of it. */
  async batch(word: 'verify' | 'trips' | 'push' | 'fetch', count = 0): Promise<{ us: number }> {
    return this.#whileAlive(this.#batch(word, count));
  }

  async #batch(word: string, count: number): Promise<{ us: number }> {
    // A server can block for one client only; for several it stays in its event loop.
    if (this.#serverBlocks && this.#clients.length === 1) await this.#server!.order('serve');
    return (await this.#clients[0]!.order(word, count)) as { us: number };
  }

  /** Opens and closes connections; where clients are the server's children it is the server that does so. */
  async open(count: number): Promise<{ us: number }> {
    const party = this.subject.spawns ? this.#server! : this.#clients[0]!;
    return (await this.#whileAlive(party.order('open', count))) as { us: number };
  }

  /**
   * Lets all clients make round trips for so long, all at the same time. Round trips in all. They begin by so much
   * earlier: who has waited for his turn is slow at first, in C as well.
   */
  async run(ms: number, leadMs: number): Promise<number> {
    const from = Date.now() + 20 + this.#clients.length + leadMs;
    const span = `${from} ${from + ms}`;
    const counts = await this.#whileAlive(
      Promise.all(this.#clients.map((client) => client.order('run', span))),
    );
    return counts.reduce((sum, { trips }) => sum + trips!, 0);
  }

  async usage(): Promise<TeamUsage> {
    const parties = this.subject.oneProcess ? [this.#server!] : [this.#server!, ...this.#clients];
    const all = await this.#whileAlive(Promise.all(parties.map((party) => party.order('usage'))));
    const sum = (of: (usage: (typeof all)[number]) => number) =>
      all.reduce((total, each) => total + of(each), 0);
    // What is shared is there once, though every process has it in its books.
    const shared = Math.max(...all.map(({ sharedBytes }) => sharedBytes!));
    return {
      cpuUs: sum(({ cpuUs }) => cpuUs!),
      peakBytes: sum(({ peakBytes, sharedBytes }) => peakBytes! - sharedBytes!) + shared,
    };
  }

  /** Lets everybody leave in good order, clients first. */
  async end(): Promise<void> {
    try {
      await Promise.all(this.#clients.map((client) => client.order('leave')));
      await this.#server!.order('leave');
    } catch {
      await this.kill();
      return;
    }
    await this.#clear();
  }

  /** Without asking: they see that we are gone, and go too, taking what they made with them. */
  async kill(): Promise<void> {
    this.#control?.close();
    for (const { child } of this.#processes) child.stdin?.end();
    await this.#clear();
  }

  async #clear(): Promise<void> {
    await Promise.all(this.#processes.map((started) => started.end()));
    this.#control?.close();
    removeLeftQueues(this.#runDir);
    rmSync(this.#runDir, { recursive: true, force: true });
  }
}
