// What a transport needs from whatever drives it: the sync_io contract (features 19, 20).

export type Direction = 'rcv' | 'snd';

/**
 * Interest in one descriptor. `wait` is one-off, as in C++: the task runs once when the direction is ready
 * (an error or hang-up counts as ready) and is then forgotten. At most one task a direction.
 */
export interface FdWatch {
  wait(direction: Direction, task: () => void): void;
  /** Keep the process alive for this descriptor (the default), or not. */
  ref(): void;
  unref(): void;
  /** Forgets all interest. To be called before the descriptor is closed. Idempotent. */
  close(): void;
  /** How often this watch went from JavaScript into the loop, or was called from it. */
  readonly crossings: number;
}

/** A re-startable one-shot timer. Never keeps the process alive by itself. */
export interface LoopTimer {
  start(ms: number): void;
  stop(): void;
  /** Stops for good and gives back what the timer holds. */
  close(): void;
}

export interface EventLoop {
  /** `half`: which half of a transport the descriptor serves, where that is not the direction that is waited for. */
  watch(fd: number, half?: Direction): FdWatch;
  /** `direction`: which half of a transport the timer serves. */
  timer(task: () => void, direction: Direction): LoopTimer;
  /** Runs the task when the present turn is over. Absent where nothing else runs between turns. */
  readonly endOfTurn?: (task: () => void) => void;
}
