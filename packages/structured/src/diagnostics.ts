// What is told to subscribers of node:diagnostics_channel. Nothing is made up unless somebody listens.
import { channel as topic } from 'node:diagnostics_channel';
import type { AnyChannel, FlowIpcError } from '@flow-ipc/core';

interface OfChannel {
  /** The channel below. */
  channel: AnyChannel;
  /** Name of the body's schema type. */
  type: string;
}
interface OfMessage extends OfChannel {
  id: number;
  /** Id of the message that this one answers; 0: none. */
  originatingId: number;
}

/** The payload of each topic. */
export interface StructuredDiagnostics {
  /** 'flow-ipc:structured:open' */
  open: OfChannel & { phase: string };
  /** 'flow-ipc:structured:end': by an error, the peer's end, or our own close() (OBJECT_SHUTDOWN…). */
  end: OfChannel & { error: FlowIpcError };
  /** 'flow-ipc:structured:send' */
  send: OfMessage & { handle: boolean };
  /** 'flow-ipc:structured:receive': in the order of sending. */
  receive: OfMessage;
  /** 'flow-ipc:structured:unexpected-response': one from the peer. */
  unexpectedResponse: OfMessage;
}

export const topics = {
  open: topic('flow-ipc:structured:open'),
  end: topic('flow-ipc:structured:end'),
  send: topic('flow-ipc:structured:send'),
  receive: topic('flow-ipc:structured:receive'),
  unexpectedResponse: topic('flow-ipc:structured:unexpected-response'),
};

export function publish<K extends keyof StructuredDiagnostics>(
  name: K,
  payload: StructuredDiagnostics[K],
): void {
  topics[name].publish(payload);
}
