// How a client opens its end of a channel that the server has made (features 128, 146).
import { Channel, FlowIpcError, type NativeHandle, NativeSocketStream } from '@flow-ipc/core';
import { type ChannelConfig, needsSocket } from './channel-config.js';
import { SessionError } from './errors.js';
import type { MasterMsgIn } from './master-channel.js';
import type { SessionScope } from './session-memory.js';
import { openQueues, type QueueNames } from './session-queues.js';

/** The members of both messages that bring a channel to the client. */
export interface NamesReader {
  readonly clientToServerMqAbsNameOrEmpty: string;
  readonly serverToClientMqAbsNameOrEmpty: string;
}

/**
 * RESOURCE_UNAVAILABLE when the message brings something else than channels of this session are made of, or what it
 * brings cannot be opened.
 */
export function takeChannel(
  message: MasterMsgIn,
  body: NamesReader,
  config: ChannelConfig,
  scope: SessionScope,
): Channel {
  const handle = message.takeNativeHandle();
  try {
    const names = {
      clientToServer: body.clientToServerMqAbsNameOrEmpty,
      serverToClient: body.serverToClientMqAbsNameOrEmpty,
    };
    if (needsSocket(config) && !handle) throw new Error('The server sent no descriptor for the channel');
    if (!needsSocket(config) && handle)
      throw new Error('The server sent a descriptor for a channel of queues');
    return openChannel(handle, names, config, scope);
  } catch (err) {
    handle?.close();
    throw new FlowIpcError(SessionError.RESOURCE_UNAVAILABLE, 'Cannot open our end of the channel', {
      cause: err,
    });
  }
}

function openChannel(
  handle: NativeHandle | null,
  names: QueueNames,
  { handles, queues }: ChannelConfig,
  scope: SessionScope,
): Channel {
  if (!queues) return new Channel(new NativeSocketStream(handle!.release()), { handles });
  const pipes = openQueues(scope, queues, names);
  if (!handle) return new Channel({ blobs: pipes });
  try {
    const stream = new NativeSocketStream(handle.release());
    return new Channel({ blobs: pipes, handles: { sender: stream, receiver: stream } });
  } catch (err) {
    pipes.sender.close();
    pipes.receiver.close();
    throw err;
  }
}
