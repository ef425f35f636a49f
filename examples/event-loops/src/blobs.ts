// Blobs of a channel in sync_io form, one by one as they come.
import type { FlowIpcError } from '@flow-ipc/core';
import type { Channel, EpollEventLoop, EpollWatch } from '@flow-ipc/core/sync-io';

export type LoopChannel = Channel<'blobs' | 'handles' | 'credentials', EpollWatch>;

/** Starts the channel in the loop. */
export function eachBlob(
  loop: EpollEventLoop,
  channel: LoopChannel,
  onBlob: (text: string) => void,
  onEnd: (error: FlowIpcError) => void,
): void {
  channel.replaceEventWaitHandles(loop.createHandle);
  channel.startSendOps(loop.eventWait);
  channel.startReceiveOps(loop.eventWait);
  const target = Buffer.alloc(channel.maxBlobSize);
  const next = (): void => {
    try {
      for (;;) {
        const size = channel.asyncReceiveBlob(target, (error, late) => {
          if (error) {
            onEnd(error);
            return;
          }
          onBlob(target.toString('utf8', 0, late));
          next();
        });
        if (typeof size !== 'number') return;
        onBlob(target.toString('utf8', 0, size));
      }
    } catch (err) {
      onEnd(err as FlowIpcError);
    }
  };
  next();
}
