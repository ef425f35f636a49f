// What a technique is given in each process, and what it gives back.

import type { Job } from './control.js';
import type { FileSource } from './file-source.js';
import type { Verified } from './response.js';

export interface ServeJob extends Job {
  source: FileSource;
  /** To be called once the response is built and waits for requests. */
  onServing(): void;
}

export interface RequestJob extends Job {
  /** To be called for each round trip, before the response is verified. */
  onShot(rttUs: number): void;
  onVerified(verified: Verified): Promise<void>;
}
