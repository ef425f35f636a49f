// What is compared: libraries that build and read the same two messages.

export interface Part {
  readonly data: Uint8Array;
  /** Hash of the data, at most 2^53: some subjects have no integers beyond. */
  readonly hash: number;
}

/** One library. Built messages are what would be handed to a transport. */
export interface Subject {
  readonly name: string;
  /** True for a library that would take minutes over the response. */
  readonly requestOnly?: boolean;
  buildResponse(parts: readonly Part[]): Message;
  /** Reads every field: calls `check` with each part. */
  readResponse(message: Message, check: (data: Uint8Array, size: number, hash: number) => void): void;
  buildRequest(fileName: string): Message;
  readRequest(message: Message): string;
}

export type Message = readonly Uint8Array[];
