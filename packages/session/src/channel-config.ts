// What the channels of a session are made of, which both sides must agree on at log-in (features 127, 128, 147).
import type { MqKind } from '@flow-ipc/core';
import { MqType } from './generated/common.capnp.js';

export interface ChannelConfig {
  /** Whether channels carry descriptors. */
  readonly handles: boolean;
  /** Blobs go over message queues of this kind; descriptors, where wanted, over a socket beside them. */
  readonly queues: MqKind | undefined;
}

/** What users say; see {@link ChannelConfig}. */
export interface ChannelConfigOptions {
  /** Whether the session's channels carry descriptors; both sides must say the same. @default true */
  handles?: boolean;
  /**
   * Message queues for the session's channels; both sides must say the same. Without `handles` a channel is then two
   * queues and no socket: the end of the peer shows only as silence. @default none: socket streams
   */
  queues?: MqKind;
}

export const channelConfig = ({ handles = true, queues }: ChannelConfigOptions): ChannelConfig => ({
  handles,
  queues,
});

/** On the wire. */
export function mqTypeOf({ queues }: ChannelConfig): MqType {
  if (queues === undefined) return MqType.none;
  return queues === 'posix' ? MqType.posix : MqType.bipc;
}

export const needsSocket = ({ handles, queues }: ChannelConfig): boolean => handles || queues === undefined;
