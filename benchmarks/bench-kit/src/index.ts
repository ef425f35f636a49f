/**
 * What the benchmarks share: drawing charts, and words for sizes and durations.
 * @module
 */
export { draw } from './draw.js';
export { formatDuration, formatSize, short } from './format.js';
export { decades, FONT, GRID, INK, lookup, powersOfTen, QUIET, TEXT_CONFIG } from './style.js';
