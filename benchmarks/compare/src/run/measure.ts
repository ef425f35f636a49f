// The interleaved rounds of one case: every subject has its turn in each, in an order that changes.
import { type Bench, type Case, SMALL } from '../cases.js';
import type { Plan } from '../plan.js';
import { BenchResult } from '../results.js';
import type { Subject } from '../subjects.js';
import { Team } from './team.js';

export interface Surroundings {
  plan: Plan;
  /** The compiled floor. */
  floor: string;
  onProgress(what: string): void;
  signal: AbortSignal;
}

/** More clients than this are not kept beside those of other subjects. */
const MANY = 8;

/** A process is started on either processor at a time. */
const STARTS_AT_ONCE = 2;

/** JavaScript that ran so often has been compiled to what it will be; slow machines need longer for it than planned. */
const COMPILED = 5000;
const PATIENCE = 4;

/** Measures a case with these subjects, of which the floor is one. A subject that fails does not hinder the others. */
export async function measure(
  work: Case,
  subjects: readonly Subject[],
  around: Surroundings,
): Promise<BenchResult[]> {
  const results = work.benches.map((bench) => new BenchResult(bench));
  const run = new CaseRun(work, results, around);
  // What takes much memory is not kept beside the others.
  if (work.size > SMALL || work.clients > MANY) await run.oneAfterTheOther(subjects);
  else await run.sideBySide(subjects);
  return results;
}

class CaseRun {
  readonly #case: Case;
  readonly #results: readonly BenchResult[];
  readonly #around: Surroundings;
  /** How many round trips (messages, …) make a sample, by subject. */
  readonly #counts = new Map<string, number>();

  constructor(work: Case, results: readonly BenchResult[], around: Surroundings) {
    this.#case = work;
    this.#results = results;
    this.#around = around;
  }

  async sideBySide(subjects: readonly Subject[]): Promise<void> {
    const teams = new Map<Subject, Team>();
    const { plan } = this.#around;
    try {
      const waiting = [...subjects];
      const starter = async () => {
        for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
          const one = subject;
          await this.#attempt(one, 'starting', async () => void teams.set(one, await this.#startTeam(one)));
        }
      };
      await Promise.all(Array.from({ length: STARTS_AT_ONCE }, starter));
      const each = async (what: string, order: readonly Subject[], act: (team: Team) => Promise<void>) => {
        for (const subject of order) {
          const team = teams.get(subject);
          if (team && !(await this.#attempt(subject, what, () => act(team)))) {
            teams.delete(subject);
            await team.kill();
          }
        }
      };
      await each('warming up', subjects, (team) => this.#warmUp(team, plan.warmUpMs));
      for (let round = 0; round < plan.rounds; round++) {
        const what = `round ${round + 1} of ${plan.rounds}`;
        await each(what, turned(subjects, round), (team) => this.#sample(team));
      }
      await each('checking', subjects, async (team) => {
        // What was right at the start must be right at the end.
        await team.batch('verify');
        await this.#remember(team);
      });
    } finally {
      await Promise.all([...teams.values()].map((team) => team.end()));
    }
  }

  async oneAfterTheOther(subjects: readonly Subject[]): Promise<void> {
    const { plan } = this.#around;
    // What is large or many takes longer to start and to check than to measure: a team stays for all its samples.
    const many = this.#case.clients > MANY;
    for (const subject of subjects) {
      await this.#attempt(subject, 'all rounds', async () => {
        const team = await this.#startTeam(subject);
        try {
          await this.#warmUp(team, many ? plan.warmUpMs : Math.min(plan.warmUpMs, plan.sampleMs));
          for (let i = 0; i < plan.samplesAlone; i++) await this.#sample(team);
          await this.#remember(team);
          await team.end();
        } catch (error) {
          await team.kill();
          throw error;
        }
      });
    }
  }

  #startTeam(subject: Subject): Promise<Team> {
    const { work, size, clients } = this.#case;
    return Team.start({ subject, size, clients, ready: work === 'ready', floor: this.#around.floor });
  }

  /** False when it failed, which is noted. */
  async #attempt(subject: Subject, what: string, act: () => Promise<void>): Promise<boolean> {
    const { signal, onProgress } = this.#around;
    signal.throwIfAborted();
    onProgress(`${what}: ${subject.name}`);
    try {
      await act();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      for (const result of this.#results) result.fail(subject.name, (error as Error).message);
      return false;
    }
  }

  /** Both sides compare every byte, then work until JavaScript is compiled and the caches are full. */
  async #warmUp(team: Team, ms: number): Promise<void> {
    const { work, clients } = this.#case;
    await team.batch('verify');
    // Each client has to get warm, and all of them share the processors; but a minute is enough.
    const sharers = Math.min(clients, 4 * MANY);
    const begun = performance.now();
    let done = 0;
    const enough = () => {
      const spent = (performance.now() - begun) / sharers;
      return spent >= ms && (done >= COMPILED * clients || spent >= ms * PATIENCE);
    };
    if (work === 'clients') {
      do done += await team.run(Math.max(1, ms), 0);
      while (!enough());
      return;
    }
    let count = this.#around.plan.atLeast;
    let perPiece = Number.POSITIVE_INFINITY;
    do {
      const started = performance.now();
      await this.#work(team, count);
      done += count;
      perPiece = Math.min(perPiece, (performance.now() - started) / count);
      count = this.#fitting(perPiece, ms / 4);
    } while (!enough());
    this.#counts.set(team.subject.name, this.#fitting(perPiece, this.#around.plan.sampleMs));
  }

  #fitting(perPieceMs: number, ms: number): number {
    return Math.max(this.#around.plan.atLeast, Math.round(ms / perPieceMs));
  }

  #work(team: Team, count: number): Promise<{ us: number }> {
    switch (this.#case.work) {
      case 'one-way':
        return team.batch('push', count);
      case 'payload':
        return team.batch('fetch', count);
      case 'open':
        return team.open(count);
      default:
        return team.batch('trips', count);
    }
  }

  async #sample(team: Team): Promise<void> {
    const { work, size, clients } = this.#case;
    const name = team.subject.name;
    if (work === 'clients') {
      const ms = this.#around.plan.sampleMs * Math.ceil(clients / MANY);
      this.#add(name, 0, ((await team.run(ms, this.#around.plan.leadMs)) * 1000) / ms);
      return;
    }
    const count = this.#counts.get(name)!;
    const before = work === 'round-trip' ? await team.usage() : undefined;
    const { us } = await this.#work(team, count);
    if (work === 'one-way') {
      const perSecond = (count * 1e6) / us;
      this.#add(name, 0, perSecond);
      this.#add(name, 1, (perSecond * size) / 1e6);
      return;
    }
    this.#add(name, 0, us);
    // There and back: two messages.
    if (before) this.#add(name, 1, ((await team.usage()).cpuUs - before.cpuUs) / (2 * count));
  }

  #add(subject: string, bench: number, sample: number): void {
    this.#results[bench]!.add(subject, sample);
  }

  /** What it took. */
  async #remember(team: Team): Promise<void> {
    const memory = this.#case.benches.findIndex(isMemory);
    if (memory >= 0) this.#add(team.subject.name, memory, (await team.usage()).peakBytes / 1e6);
  }
}

const isMemory = ({ name }: Bench) => name.startsWith('memory/');

/** The same subjects, beginning elsewhere in every round and going the other way in every second. */
export function turned<T>(subjects: readonly T[], round: number): T[] {
  // A step that shares no factor with the usual counts, so that neighbours change.
  const from = (round * 7) % Math.max(1, subjects.length);
  const order = [...subjects.slice(from), ...subjects.slice(0, from)];
  return round % 2 === 0 ? order : order.reverse();
}
