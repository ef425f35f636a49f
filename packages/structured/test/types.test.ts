// What compiles and what does not: kinds follow from the schema. The compiler is the test; running it is a formality.
import { describe, expectTypeOf, it } from 'vitest';
import type { KindOf, MsgIn, MsgOut, StructuredChannel } from '../src/index.js';
import type {
  AnswerReader,
  AskBuilder,
  AskReader,
  Body,
  BodyReader,
  BulkReader,
} from './generated/test-body.capnp.js';

type Channel = StructuredChannel<typeof Body>;
/** Never called: its body is only compiled. */
const compiled = (_: (channel: Channel, msg: MsgOut<typeof Body>) => unknown): void => {};

describe('the kinds of a channel', () => {
  it('are the members of its union', () => {
    expectTypeOf<KindOf<typeof Body>>().toEqualTypeOf<'ask' | 'answer' | 'bulk'>();
  });

  it('decide what a handler is given', () => {
    compiled((channel) => {
      channel.expectMsgs('ask', (message) => {
        expectTypeOf(message.which).toEqualTypeOf<'ask'>();
        expectTypeOf(message.body.ask).toEqualTypeOf<AskReader>();
        expectTypeOf(message.body.answer).toBeNever();
        // @ts-expect-error: an 'ask' has no answer to read
        return message.body.answer.number;
      });
      channel.expectMsg('bulk', async (message) => {
        expectTypeOf(message.body.bulk).toEqualTypeOf<BulkReader>();
      });
      // @ts-expect-error: no such kind
      channel.expectMsg('asks', () => {});
      // @ts-expect-error: no such kind
      channel.undoExpectMsgs('asks');
      // @ts-expect-error: the handler is for another kind
      channel.expectMsgs('ask', (message: MsgIn<typeof Body, 'answer'>) => message.release());
    });
  });

  it('decide what an iteration gives', () => {
    compiled(async (channel) => {
      for await (using message of channel.messages('answer')) {
        expectTypeOf(message.body.answer).toEqualTypeOf<AnswerReader>();
      }
      // @ts-expect-error: no such kind
      channel.messages('nothing');
      const message = await channel.message('ask', { timeoutMs: 1 });
      expectTypeOf(message.which).toEqualTypeOf<'ask'>();
    });
  });

  it('decide what a response is, when the request says which it expects', () => {
    compiled(async (channel, msg) => {
      const answer = await channel.request(msg, { expect: 'answer' });
      expectTypeOf(answer.body.answer).toEqualTypeOf<AnswerReader>();
      expectTypeOf(channel.syncRequest(msg, { expect: 'bulk' }).which).toEqualTypeOf<'bulk'>();
      for await (const part of channel.responses(msg, { expect: 'bulk' })) {
        expectTypeOf(part.body.bulk).toEqualTypeOf<BulkReader>();
      }
      const any = await channel.request(msg);
      expectTypeOf(any.which).toEqualTypeOf<'ask' | 'answer' | 'bulk' | undefined>();
      expectTypeOf(any.body).toExtend<BodyReader>();
      if (any.is('ask')) expectTypeOf(any.body.ask).toEqualTypeOf<AskReader>();
      // @ts-expect-error: no such kind
      void channel.request(msg, { expect: 'asks' });
    });
  });

  it('decide what a builder fills', () => {
    compiled((channel) => {
      channel.buildMsg('ask', (ask) => {
        expectTypeOf(ask).toEqualTypeOf<AskBuilder>();
        ask.number = 1;
      });
      // @ts-expect-error: an 'ask' has no parts
      channel.buildMsg('ask', (ask) => ask.initParts(1));
      // @ts-expect-error: no such kind
      channel.buildMsg('asks', () => {});
    });
  });

  it('do not stand in the way: a message of one kind is a message', () => {
    const takeAny = (_: MsgIn<typeof Body>): void => {};
    const takeBody = (_: BodyReader): void => {};
    compiled((channel, msg) => {
      channel.expectMsg('ask', (request) => {
        takeAny(request);
        takeBody(request.body);
        channel.send(msg, request);
        void channel.request(msg, { inResponseTo: request });
      });
      // @ts-expect-error: but not the other way round
      const ask: MsgIn<typeof Body, 'ask'> = {} as MsgIn<typeof Body>;
      return ask;
    });
  });
});
