// Messages from capnp-ts to a channel and back, copied.
import { copyRoot, frameMessage, HeapAllocator, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { Message, type Struct } from 'capnp-ts';
import type { ChannelBase } from '../channel-base.js';
import type { MsgIn } from '../msg-in.js';
import type { MsgOut } from '../msg-out.js';
import type { CapnpTsType } from './capnp-ts-type.js';

// biome-ignore lint/suspicious/noExplicitAny: the enum's type matters to nobody here.
type AnyCapnpTsType<S extends Struct> = CapnpTsType<S, any>;

/** A message for the channel with a copy of what `message` holds now: later changes of it do not show. */
export function fromCapnpTs<T extends AnyCapnpTsType<Struct>>(
  channel: Pick<ChannelBase<T>, 'copyMsg'>,
  message: Message,
): MsgOut<T> {
  const segments = message._capnp.segments.map(
    ({ buffer, byteLength }) => new Uint8Array(buffer, 0, byteLength),
  );
  return channel.copyMsg(new MessageReader(segments, { traversalLimitWords: Number.POSITIVE_INFINITY }));
}

/**
 * The body of a received message as its capnp-ts class, in a copy that outlives the message. The copy is made, and
 * the bytes are checked, by our reader: capnp-ts never sees a damaged message, nor one that would make it work
 * without end. Throws CapnpError when it is one.
 */
export function toCapnpTs<S extends Struct>(message: MsgIn<AnyCapnpTsType<S>>): S {
  const { segments } = message;
  const total = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
  const copy = new MessageBuilder(new HeapAllocator({ firstBytes: Math.max(8, total) }));
  copyRoot(new MessageReader(segments), copy);
  return new Message(frameMessage(copy.segments()), false).getRoot(message.owner.type.struct) as S;
}
