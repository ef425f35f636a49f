// One end of a stream over a message queue: the queue and the mark, owned together.
import type { MessageQueue } from '@flow-ipc/native';
import { FlowIpcError, TransportError } from '../util/errors.js';
import type { SharedName } from '../util/shared-name.js';
import { CONTROL_SIZE } from './control.js';
import { type MqKind, type PersistentMqHandle, RELEASE } from './persistent-mq-handle.js';
import { type MqEndName, type MqNames, Sentinel } from './sentinel.js';

export class MqEnd {
  readonly kind: MqKind;
  readonly absoluteName: SharedName;
  readonly maxMsgSize: number;
  readonly queue: MessageQueue;
  readonly #sentinel: Sentinel;

  /** Takes the handle over; when this throws, the handle is as it was. See BlobStreamMqSender for the errors. */
  constructor(handle: PersistentMqHandle, end: MqEndName) {
    if (handle.maxMsgSize < CONTROL_SIZE) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        `A stream needs a queue of messages of ${CONTROL_SIZE} bytes or more, not ${handle.maxMsgSize}`,
      );
    }
    this.kind = handle.kind;
    this.absoluteName = handle.absoluteName;
    this.maxMsgSize = handle.maxMsgSize;
    this.#sentinel = new Sentinel(handle.constructor as unknown as MqNames, handle.absoluteName, end);
    this.queue = handle[RELEASE]();
  }

  /** Also removes the names, unless the other end has done so. */
  close(): void {
    this.#sentinel.takeDown();
    this.queue.close();
  }
}
