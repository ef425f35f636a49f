// What a measured process is told when it is started: its only argument, as JSON.
import { isMainThread, workerData } from 'node:worker_threads';
import type { Setting } from '../links/link.js';

export interface Job {
  role: 'server' | 'client';
  /** The subject's name, without /async or /blocking. */
  subject: string;
  setting: Setting;
  /** Where the command listens, and how it knows us. */
  control: string;
  id: string;
}

/** Of this process or worker thread. */
export function readJob(): Job {
  const [text] = isMainThread ? process.argv.slice(2) : (workerData as { args: string[] }).args;
  return JSON.parse(text ?? 'null') as Job;
}
