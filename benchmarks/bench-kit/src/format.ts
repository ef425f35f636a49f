// Sizes and durations as people read them. Sizes are decimal: 1 kB = 1000 bytes.

/** 100000 -> "100 kB". */
export function formatSize(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${short(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${short(bytes / 1e6)} MB`;
  return `${short(bytes / 1e9)} GB`;
}

/** Microseconds -> "85.3 µs", "1.25 ms", "1.02 s". */
export function formatDuration(us: number): string {
  if (us < 999.5) return `${short(us)} µs`;
  if (us < 999_500) return `${short(us / 1e3)} ms`;
  return `${short(us / 1e6)} s`;
}

/** Three significant digits, without trailing zeros after the point. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
