// How long everything takes: rounds, and the time that warming up and a sample get.

export interface Plan {
  rounds: number;
  /** Samples in cases where subjects have their turns one after the other: large messages, and many clients. */
  samplesAlone: number;
  warmUpMs: number;
  /** A sample is as many round trips (messages, …) as fit into this. */
  sampleMs: number;
  /** Several clients work so long before each of their samples. */
  leadMs: number;
  /** So many at least, however long each takes. */
  atLeast: number;
}

export const PLANS = {
  full: { rounds: 7, samplesAlone: 3, warmUpMs: 500, sampleMs: 150, leadMs: 250, atLeast: 2 },
  quick: { rounds: 5, samplesAlone: 3, warmUpMs: 150, sampleMs: 25, leadMs: 50, atLeast: 2 },
  /** Whether everything works, not how fast. */
  smoke: { rounds: 2, samplesAlone: 1, warmUpMs: 0, sampleMs: 1, leadMs: 1, atLeast: 2 },
} satisfies Record<string, Plan>;
