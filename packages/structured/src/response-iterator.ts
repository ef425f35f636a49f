// The responses to one open-ended request, iterated (feature 95).
import type { Backlog } from './backlog.js';
import { type EndOfIteration, MessageIterator } from './message-iterator.js';
import type { PatienceOptions } from './patience.js';

export class ResponseIterator<
  M extends Disposable & { readonly heldBytes: number },
> extends MessageIterator<M> {
  /** Id of the request. */
  readonly id: number;

  constructor(
    id: number,
    backlog: Backlog,
    patience: PatienceOptions,
    onClose: (why: EndOfIteration) => void,
  ) {
    super(backlog, patience, onClose);
    this.id = id;
  }
}
