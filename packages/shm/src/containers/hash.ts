// The hash of keys, the same in every process and documented: FNV-1a over bytes, and murmur3's last step.

const FNV_START = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Spreads 32 bits over 32 bits. The result is unsigned. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Of text that is all ASCII; -1 when it is not. */
export function hashAscii(text: string): number {
  let h = FNV_START;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return -1;
    h = Math.imul(h ^ code, FNV_PRIME);
  }
  return mix(h);
}

export function hashBytes(bytes: Uint8Array): number {
  let h = FNV_START;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME);
  return mix(h);
}
