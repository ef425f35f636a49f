// The ways a response can travel, in the order in which they are run and shown.

export const TECHNIQUES = ['classic-socket', 'shm-classic', 'shm-jemalloc'] as const;
export type Technique = (typeof TECHNIQUES)[number];

/** What people read in the table and the chart. */
export const TITLES: Record<Technique, string> = {
  'classic-socket': 'Copied through a Unix socket',
  'shm-classic': 'Zero-copy (SHM-classic)',
  'shm-jemalloc': 'Zero-copy (SHM-jemalloc)',
};

/** "shm-classic,classic-socket" -> techniques in our order. RangeError for a name that is none. */
export function parseTechniques(text: string): Technique[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!(TECHNIQUES as readonly string[]).includes(name)) {
      throw new RangeError(`'${name}' is not a technique; there are ${TECHNIQUES.join(', ')}`);
    }
  }
  return TECHNIQUES.filter((technique) => names.includes(technique));
}
