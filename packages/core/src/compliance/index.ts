/**
 * The suite that every transport of Flow-IPC passes, for those who write one. It defines tests with whatever function
 * it is given and needs no test framework.
 * @module
 */
export { type End, syncIoEnd } from './end.js';
export { type PipeComplianceOptions, pipeCompliance } from './pipe-compliance.js';
export type { ScenarioContext, TransportFeatures } from './scenario.js';
export { type SyncIoComplianceOptions, syncIoCompliance } from './sync-io-compliance.js';
export {
  type Connection,
  type FarTask,
  runFarEnd,
  type TransportComplianceOptions,
  transportCompliance,
} from './transport-compliance.js';
