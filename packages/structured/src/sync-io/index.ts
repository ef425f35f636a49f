/**
 * Flow-IPC's structured channels in the sync_io pattern: for threads with a poll loop of their own.
 * @module
 */
export type { EngineOptions as StructuredChannelOptions } from '../engine.js';
export { type AsyncRequestOptions, StructuredChannel } from './structured-channel.js';
