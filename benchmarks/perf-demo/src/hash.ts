// 64-bit xxHash: of chunks, and of a whole file fed piece by piece.
import xxhash from 'xxhash-wasm';

const api = await xxhash();

export const hash64 = (bytes: Uint8Array): bigint => api.h64Raw(bytes);

/** A hash over everything given to `update`, in order. */
export const hasher64 = () => api.create64();
