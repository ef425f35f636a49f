// Runs the scenarios over a transport.
import type { End } from './end.js';
import { checkReleased, held } from './leaks.js';
import type { Scenario, TransportFeatures } from './scenario.js';
import { scenarios } from './scenarios.js';

/** What the far end needs to know: plain data, to be handed to another thread or process. */
export interface FarTask {
  scenario: string;
  seed: number;
  features: TransportFeatures;
}

/** A connection with its far end at work. */
export interface Connection {
  end: End;
  /** Settles with the far end's script, which is {@link runFarEnd}; in another process, with its exit. */
  far: Promise<void>;
}

export interface TransportComplianceOptions {
  /** What defines a test: `test` of node:test, `it` of vitest, … */
  test: (name: string, run: () => Promise<void>) => unknown;
  features: TransportFeatures;
  /** Makes a new connection and sets the far end to its task. The suite closes the near end. */
  connect: (task: FarTask) => Promise<Connection>;
  /** Seeds of the runs that depend on chance: one test each. @default [1, 2, 3] */
  seeds?: readonly number[];
}

/** Scenarios whose course depends on the seed. */
const byChance = (scenario: Scenario) => /any traffic|in the midst/.test(scenario.name);

/**
 * Defines a test for each thing that a transport must do. Needs nothing but a way to define tests; fails by exceptions
 * of node:assert. Each test also checks that this process holds no more descriptors and kernel names after it.
 */
export function transportCompliance(options: TransportComplianceOptions): void {
  const { test, features, connect, seeds = [1, 2, 3] } = options;
  for (const scenario of scenarios) {
    if (scenario.needs && !scenario.needs(features)) continue;
    for (const seed of byChance(scenario) ? seeds : [1]) {
      const name = byChance(scenario) ? `${scenario.name} (seed ${seed})` : scenario.name;
      test(name, async () => {
        const before = held();
        await runScenario(scenario, { scenario: scenario.name, seed, features }, connect);
        await checkReleased(before);
      });
    }
  }
}

/** The far end's part; closes the end. */
export async function runFarEnd(task: FarTask, end: End): Promise<void> {
  const scenario = scenarios.find(({ name }) => name === task.scenario);
  if (!scenario) throw new Error(`No scenario '${task.scenario}'`);
  try {
    await scenario.far(end, task);
  } finally {
    await lastBytesOut(end, task.features);
    end.close();
  }
}

async function runScenario(
  scenario: Scenario,
  task: FarTask,
  connect: TransportComplianceOptions['connect'],
): Promise<void> {
  const { end, far } = await connect(task);
  const failed: unknown[] = [];
  const note = (err: unknown) => void failed.push(err);
  // An end that fails is closed, so that the other does not wait for it.
  const near = scenario
    .near(end, task)
    .catch(note)
    .finally(async () => {
      if (failed.length === 0) await lastBytesOut(end, task.features);
      end.close();
    });
  await Promise.all([near, far.catch(note)]);
  if (failed.length > 1) throw new AggregateError(failed, `${failed.map(String).join('; ')}`);
  if (failed.length === 1) throw failed[0];
}

/** Longer than a living peer needs to make room in its queue. */
const LAST_BYTES_MS = 1000;

/** An end marker that was sent just now must not be lost by closing. Where nothing tells that the peer has closed, it may. */
async function lastBytesOut(end: End, { noticesPeerClose }: TransportFeatures): Promise<void> {
  const drained = end.drained().catch(() => {});
  if (noticesPeerClose) return drained;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LAST_BYTES_MS);
  });
  await Promise.race([drained, late]);
  clearTimeout(timer);
}
