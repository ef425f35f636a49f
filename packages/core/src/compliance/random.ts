// Chance that both ends of a connection agree on: everything follows from a seed.

export interface Random {
  /** An integer of 0 to `limit` - 1. */
  below(limit: number): number;
}

/** xorshift32: good enough to shuffle tests, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed | 0 || 0x9e3779b9;
  return {
    below(limit) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % limit;
    },
  };
}

/** Bytes that tell where they belong: message `index` of a run, `size` bytes. */
export function patterned(index: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = Math.imul(index + 1, 0x9e3779b1) ^ size;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
