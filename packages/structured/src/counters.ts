// What a structured channel counts, for whoever watches it.

/** Counted since the channel was made. */
export interface Counters {
  /** User messages: notifications, requests and responses. */
  messagesSent: number;
  messagesReceived: number;
  requestsSent: number;
  /** Responses that somebody waited for. */
  responsesReceived: number;
  /** Responses to requests that had timed out or were aborted. */
  lateResponses: number;
  /** Responses from the peer that nobody waited for, and those of ours that the peer did not. */
  unexpectedResponses: number;
  remoteUnexpectedResponses: number;
}

/** A moment's state of a structured channel, beside what it counted. */
export interface StructuredCounters extends Counters {
  /** Requests of ours whose response is still waited for. */
  pendingRequests: number;
  /** Messages of kinds that nobody expects. */
  cachedMessages: number;
  /** Messages that wait anywhere: the above, queues of iterations, and what waits for an earlier message. */
  waitingMessages: number;
  waitingBytes: number;
}

export const noCounts = (): Counters => ({
  messagesSent: 0,
  messagesReceived: 0,
  requestsSent: 0,
  responsesReceived: 0,
  lateResponses: 0,
  unexpectedResponses: 0,
  remoteUnexpectedResponses: 0,
});
