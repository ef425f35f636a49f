// A plain model of a pool's blocks: which units are whose, by the rules of Boost's rbtree_best_fit.
const UNIT = 16;
const FIRST = 160;
const LEAST = 3;

/** A request in units of 16 bytes with its header; its last 8 bytes are in the next block's header. */
export const unitsFor = (bytes: number) => Math.max(LEAST, Math.ceil(Math.max(0, bytes - 8) / UNIT) + 1);

export class PoolModel {
  readonly #end: number;
  /** Units of each block, by the offset of its header. */
  readonly #blocks = new Map<number, number>();

  constructor(size: number) {
    this.#end = FIRST + (Math.floor((size - FIRST) / UNIT) - 1) * UNIT;
  }

  /** Of users' bytes. */
  offsets(): number[] {
    return [...this.#blocks.keys()].map((block) => block + UNIT);
  }

  /** What the pool's allocate() gave: whether it could. The smallest gap that is large enough has to be taken. */
  allocated(offset: number, bytes: number): boolean {
    const units = unitsFor(bytes);
    const fitting = this.#gaps().filter((gap) => gap.units >= units);
    if (fitting.length === 0) return false;
    const least = Math.min(...fitting.map((gap) => gap.units));
    const gap = fitting.find((each) => each.at === offset - UNIT);
    if (gap?.units !== least) return false;
    this.#blocks.set(gap.at, withCrumbs(units, gap.units));
    return true;
  }

  free(offset: number): void {
    this.#blocks.delete(offset - UNIT);
  }

  extend(offset: number, bytes: number): boolean {
    const block = offset - UNIT;
    const units = this.#blocks.get(block)!;
    const wanted = unitsFor(bytes);
    if (wanted <= units) return true;
    const behind = this.#gaps().find((gap) => gap.at === block + units * UNIT);
    if (units + (behind?.units ?? 0) < wanted) return false;
    this.#blocks.set(block, withCrumbs(wanted, units + behind!.units));
    return true;
  }

  shrink(offset: number, bytes: number): true {
    const block = offset - UNIT;
    this.#blocks.set(
      block,
      Math.min(this.#blocks.get(block)!, withCrumbs(unitsFor(bytes), this.#blocks.get(block)!)),
    );
    return true;
  }

  /** As blockCounts() has them. */
  counts(): number[] {
    const used = [...this.#blocks.values()];
    const gaps = this.#gaps().map((gap) => gap.units);
    const bytes = (units: number[]) => units.reduce((sum, each) => sum + each * UNIT, 0);
    const largest = gaps.length === 0 ? 0 : Math.max(...gaps) * UNIT - 8;
    return [used.length, bytes(used), gaps.length, bytes(gaps), largest];
  }

  #gaps(): { at: number; units: number }[] {
    const gaps: { at: number; units: number }[] = [];
    let at = FIRST;
    for (const block of [...this.#blocks.keys(), this.#end].sort((a, b) => a - b)) {
      if (block > at) gaps.push({ at, units: (block - at) / UNIT });
      at = block + (this.#blocks.get(block) ?? 0) * UNIT;
    }
    return gaps;
  }
}

/** Who takes `units` out of `room` takes all when the rest would be no block. */
function withCrumbs(units: number, room: number): number {
  return room - units < LEAST ? room : units;
}
