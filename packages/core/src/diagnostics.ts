// What the core tells tracers: diagnostics channels, published to only while someone subscribes, and the log.
import { channel } from 'node:diagnostics_channel';
import type { Channel, ChannelFeature } from './channel.js';
import type { NativeSocketStreamAcceptor } from './socket-stream/acceptor.js';
import type { NativeSocketStream, StreamCounters } from './socket-stream/native-socket-stream.js';
import type { FlowIpcError } from './util/errors.js';
import { logger } from './util/log.js';
import type { ProcessCredentials } from './util/process-credentials.js';

/**
 * The channels of node:diagnostics_channel and their payloads. None is published to per message: opening, ending and
 * closing only.
 */
export interface CoreDiagnostics {
  /** A stream is connected: by syncConnect(), by an acceptor, or by adopting a descriptor. */
  'flow-ipc:core:stream:open': { stream: NativeSocketStream; peer: ProcessCredentials };
  /** A direction has come to its end: in order (RECEIVES_FINISHED, SENDS_FINISHED is not told) or by an error. */
  'flow-ipc:core:stream:end': { stream: NativeSocketStream; direction: 'rcv' | 'snd'; error: FlowIpcError };
  /** A connected stream was closed here; what it counted until then. */
  'flow-ipc:core:stream:close': { stream: NativeSocketStream; counters: StreamCounters };
  'flow-ipc:core:acceptor:open': { acceptor: NativeSocketStreamAcceptor };
  /** Accepting has come to its end by an error. */
  'flow-ipc:core:acceptor:error': { acceptor: NativeSocketStreamAcceptor; error: FlowIpcError };
  'flow-ipc:core:acceptor:close': { acceptor: NativeSocketStreamAcceptor };
  /** A pipe's queue has reached the channel's sendHighWaterMark. Not again before it has drained. */
  'flow-ipc:core:channel:high-water': { channel: Channel<ChannelFeature>; queuedBytes: number };
}

const log = logger('transport');

function tracer<N extends keyof CoreDiagnostics>(
  name: N,
): (payload: () => CoreDiagnostics[N], text: () => string) => void {
  const traced = channel(name);
  return (payload, text) => {
    if (traced.hasSubscribers) traced.publish(payload());
    if (log.enabled) log('%s: %s', name.slice('flow-ipc:core:'.length), text());
  };
}

export const streamOpen = tracer('flow-ipc:core:stream:open');
export const streamEnd = tracer('flow-ipc:core:stream:end');
export const streamClose = tracer('flow-ipc:core:stream:close');
export const acceptorOpen = tracer('flow-ipc:core:acceptor:open');
export const acceptorError = tracer('flow-ipc:core:acceptor:error');
export const acceptorClose = tracer('flow-ipc:core:acceptor:close');
export const channelHighWater = tracer('flow-ipc:core:channel:high-water');
