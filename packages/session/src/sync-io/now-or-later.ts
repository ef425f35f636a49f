// The results of the sync_io pattern: at once, or by a handler (features 22, 23).
import type { FlowIpcError } from '@flow-ipc/core';
import { WOULD_BLOCK, type WouldBlock } from '@flow-ipc/core/sync-io';
import { run, type Steps } from '../steps.js';

/** `error` tells whether it failed. */
export type Handler<R> = (error: FlowIpcError | undefined, result: R | undefined) => void;

/**
 * Takes the steps. What they come to at once is returned, or thrown, and the handler dropped; else WOULD_BLOCK, and
 * the handler hears, unless `dropped` says then that nobody listens any more.
 */
export function nowOrLater<R>(steps: Steps<R>, handler: Handler<R>, dropped: () => boolean): R | WouldBlock {
  let inCall = true;
  let result: { error: unknown; value: R | undefined } | undefined;
  run(steps, (error, value) => {
    if (inCall) result = { error, value };
    else if (!dropped()) handler(error as FlowIpcError | undefined, value);
  });
  inCall = false;
  if (!result) return WOULD_BLOCK;
  if (result.error !== undefined) throw result.error;
  return result.value as R;
}
