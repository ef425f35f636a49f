// A scenario is two scripts, one for each end, that meet only through the transport: so either may run elsewhere.
import type { End } from './end.js';

/** What a transport can and cannot do. */
export interface TransportFeatures {
  /** Whether descriptors may go along. */
  handles: boolean;
  /** Whether blobs and descriptors share one pipe, so that their order is kept and a blob receive can meet a descriptor. */
  onePipe: boolean;
  /** Whether an end learns that the other was closed or died (a socket does, a message queue does not). */
  noticesPeerClose: boolean;
}

export interface ScenarioContext {
  features: TransportFeatures;
  /** Both ends get the same. */
  seed: number;
}

export interface Scenario {
  name: string;
  /** @default every transport */
  needs?: (features: TransportFeatures) => boolean;
  /** The end that the test runs at. */
  near(end: End, context: ScenarioContext): Promise<void>;
  /** The end that may be in another thread or process. */
  far(end: End, context: ScenarioContext): Promise<void>;
}
