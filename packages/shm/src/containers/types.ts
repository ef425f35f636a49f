// All that objects in shared memory can be declared of.
export { atomicI32, atomicI64, atomicU32, atomicU64 } from './atomic.js';
export { condition } from './condition.js';
export { array } from './fixed-array.js';
export { list } from './list.js';
export { map } from './map.js';
export { mutex } from './mutex.js';
export { bool, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from './numbers.js';
export { optional } from './optional.js';
export { set } from './set.js';
export { struct } from './struct.js';
export { string } from './text.js';
export { vector } from './vector.js';
