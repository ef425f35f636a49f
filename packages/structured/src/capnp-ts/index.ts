/**
 * For programs with messages of the library capnp-ts: its message classes over structured channels. Bodies are copied
 * at the border, each way; everything else of a channel is as usual.
 * @module
 */
export { type CapnpTsStruct, type CapnpTsType, capnpTsType } from './capnp-ts-type.js';
export { fromCapnpTs, toCapnpTs } from './convert.js';
