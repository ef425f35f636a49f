// Both directions of a channel over two message queues.
import type { PipePair } from '../channel.js';
import { BlobStreamMqReceiver } from './blob-stream-mq-receiver.js';
import { BlobStreamMqSender, type MqStreamOptions } from './blob-stream-mq-sender.js';
import type { PersistentMqHandle } from './persistent-mq-handle.js';

/**
 * The pipes for mqsChannel() and mqsSocketStreamChannel(): sends on one queue and receives from the other, of the same kind
 * or not. Takes the handles over. When this throws because the incoming queue has a receiver already, the outgoing one
 * was taken over and is closed, with its name.
 */
export function mqPipes(
  handles: { out: PersistentMqHandle; in: PersistentMqHandle },
  options: MqStreamOptions = {},
): PipePair {
  const sender = new BlobStreamMqSender(handles.out, options);
  try {
    return { sender, receiver: new BlobStreamMqReceiver(handles.in, options) };
  } catch (err) {
    sender.close();
    throw err;
  }
}
