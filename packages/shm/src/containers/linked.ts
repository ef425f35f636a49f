// Nodes that are linked both ways: the order of lists, maps and sets.
import { corrupted } from '../shared-memory.js';
import type { Home } from './home.js';
import { NodePlace } from './place.js';

/** Where the pointers are: `first` in the container, the others in its nodes, of `size` bytes. */
export interface LinkedLayout {
  readonly first: number;
  readonly next: number;
  readonly previous: number;
  readonly birth: number;
  readonly size: number;
}

/** More nodes than this cannot be. */
export function mostNodes(home: Home, size: number): number {
  return Math.floor(home.memory.size / size);
}

/**
 * Addresses of the nodes from first to last, checked as they come, at most `most`. Each must name the one it was reached
 * from as the one before it, so that nobody can be led round in a circle. Who walks may remove the node at hand.
 */
export function* walkLinked(
  home: Home,
  at: number,
  layout: LinkedLayout,
  most: number,
): Generator<number, void> {
  const { memory } = home;
  const step = (field: number, from: number) => {
    const node = memory.follow(field, layout.size);
    if (node !== 0 && memory.readPointer(node + layout.previous) !== from)
      throw corrupted('links that contradict each other');
    return node;
  };
  let node = step(at + layout.first, 0);
  for (let i = 0; node !== 0; i++) {
    if (i >= most) throw corrupted('more elements than it says');
    const next = step(node + layout.next, node);
    const place = next === 0 ? undefined : new NodePlace(home, next, layout.birth, 0);
    yield node;
    // Throws when the one that is due was removed meanwhile.
    node = place?.address() ?? 0;
  }
}
