// The table that the processes share, declared once.
import { t } from '@flow-ipc/shm';

export const Trades = t.struct({
  lock: t.mutex,
  /** Told of whatever changes. */
  changed: t.condition,
  readers: t.u8,
  closed: t.bool,
  bySymbol: t.map(t.string, t.struct({ volume: t.u64, prices: t.vector(t.f64), last: t.optional(t.f64) })),
});
