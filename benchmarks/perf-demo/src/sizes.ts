// Sizes as people write them, decimal: 1k = 1000 bytes, 1g = 1e9.

const FACTORS = { '': 1, k: 1e3, m: 1e6, g: 1e9 } as const;

/** Larger files would need a Cap'n Proto segment, and an ArrayBuffer, beyond 4 GiB. */
export const MAX_SIZE = 4e9;

/** "100k" -> 100000. RangeError with the reason for anything else than 1 byte to {@link MAX_SIZE}. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text.trim());
  if (!match) throw new RangeError(`'${text}' is not a size; write for example 100k, 1m or 1g`);
  const unit = match[2]!.toLowerCase() as keyof typeof FACTORS;
  const size = Math.round(Number(match[1]) * FACTORS[unit]);
  if (size < 1 || size > MAX_SIZE) throw new RangeError(`size '${text}' is not between 1 byte and 4g`);
  return size;
}

/** "100k,1m" -> sizes in ascending order, each once. */
export function parseSizes(text: string): number[] {
  return [...new Set(text.split(',').map(parseSize))].sort((a, b) => a - b);
}
