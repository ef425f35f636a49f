// Turning an object of the sync_io pattern into its async form.
import type { EventLoop } from '../event-loop/event-loop.js';

export interface TwinOptions {
  /** What drives the async form. @default this thread's event loop */
  loop?: EventLoop;
}
