// The two messages, and what each library does with them in one turn.

import type { Message, Part, Subject } from './subject.js';

export const PART_BYTES = 8192;
export const FILE_NAME = 'huge-file.bin';

export function makeParts(count: number): Part[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    const data = new Uint8Array(PART_BYTES);
    for (let i = 0; i < data.length; i++) {
      state = (state * 1103515245 + 12345) >>> 0;
      data[i] = state >>> 16;
    }
    return { data, hash: hashOf(data) };
  });
}

/** FNV-1a with 32 bits. */
function hashOf(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** What is measured, by name: work that a round repeats. */
export interface Task {
  readonly bench: 'build-response' | 'read-response' | 'build-request' | 'read-request';
  readonly subject: string;
  readonly run: () => void;
}

/** The tasks of a subject, whose messages have first been compared with the input to the last byte. */
export function tasksOf(subject: Subject, parts: readonly Part[]): Task[] {
  const { name } = subject;
  const request = subject.buildRequest(FILE_NAME);
  const readRequest = (): void => {
    if (subject.readRequest(request) !== FILE_NAME) throw new Error(`${name}: another file name`);
  };
  readRequest();
  const requests: Task[] = [
    { bench: 'build-request', subject: name, run: () => void subject.buildRequest(FILE_NAME) },
    { bench: 'read-request', subject: name, run: readRequest },
  ];
  if (subject.requestOnly) return requests;
  const response = subject.buildResponse(parts);
  verify(subject, parts, response);
  return [
    { bench: 'build-response', subject: name, run: () => void subject.buildResponse(parts) },
    { bench: 'read-response', subject: name, run: () => readResponse(subject, response, parts) },
    ...requests,
  ];
}

/** Every field is read in each turn; of the data the ends, since hashing would be most of the time. */
function readResponse(subject: Subject, message: Message, parts: readonly Part[]): void {
  let i = 0;
  subject.readResponse(message, (data, size, hash) => {
    const part = parts[i++]!;
    const last = PART_BYTES - 1;
    if (
      size !== PART_BYTES ||
      hash !== part.hash ||
      data[0] !== part.data[0] ||
      data[last] !== part.data[last]
    ) {
      throw new Error(`${subject.name}: part ${i - 1} is not what was built`);
    }
  });
  if (i !== parts.length) throw new Error(`${subject.name}: ${i} parts`);
}

function verify(subject: Subject, parts: readonly Part[], response: Message): void {
  let i = 0;
  subject.readResponse(response, (data, size, hash) => {
    const part = parts[i++]!;
    if (size !== data.length || hash !== hashOf(data) || Buffer.compare(data, part.data) !== 0) {
      throw new Error(`${subject.name}: part ${i - 1} is not what was built`);
    }
  });
  if (i !== parts.length) throw new Error(`${subject.name}: ${i} of ${parts.length} parts`);
}
