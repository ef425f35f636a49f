// Random interleavings of everything both ends can do, against a model that says what each must see.
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import type { MsgIn } from '../src/index.js';
import type { Body } from './generated/test-body.capnp.js';
import { answer, ask, closeAll, outcome, pair, type TestChannel, turn, twoPipePair } from './harness.js';

afterEach(closeAll);

const RUNS = process.env.FLOW_IPC_LONG ? 2000 : 150;

type Kind = 'ask' | 'answer' | 'bulk';
const KINDS: Kind[] = ['ask', 'answer', 'bulk'];

type Step =
  | { do: 'notify'; end: 0 | 1; kind: Kind }
  | { do: 'request'; end: 0 | 1; responses: number; openEnded: boolean }
  | { do: 'undoRequest'; end: 0 | 1 }
  | { do: 'expect'; end: 0 | 1; kind: Kind; once: boolean }
  | { do: 'undo'; end: 0 | 1; kind: Kind }
  | { do: 'pass' };

const endOf = fc.constantFrom<0 | 1>(0, 1);
const kindOf = fc.constantFrom(...KINDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('notify' as const), end: endOf, kind: kindOf }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      end: endOf,
      responses: fc.nat(3),
      openEnded: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undoRequest' as const), end: endOf }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('expect' as const),
      end: endOf,
      kind: fc.constantFrom<Kind>('answer', 'bulk'),
      once: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('undo' as const),
      end: endOf,
      kind: fc.constantFrom<Kind>('answer', 'bulk'),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'pass' as const }) },
);

/** One end as it should be: everything is handled in order of sending, one message after the other. */
class Model {
  readonly seen: string[] = [];
  readonly unexpected: number[] = [];
  readonly #cache: { kind: Kind; id: number }[] = [];
  readonly #expected = new Map<Kind, boolean>();
  readonly #waiting = new Map<number, boolean>();
  lastId = 0;

  request(openEnded: boolean): void {
    this.#waiting.set(this.lastId, openEnded);
  }

  undoRequest(id: number): boolean {
    return this.#waiting.delete(id);
  }

  expect(kind: Kind, once: boolean): boolean {
    if (this.#expected.has(kind)) return false;
    this.#expected.set(kind, once);
    for (const message of this.#cache.splice(0)) this.unsolicited(message.kind, message.id);
    return true;
  }

  undo(kind: Kind): boolean {
    return this.#expected.delete(kind);
  }

  unsolicited(kind: Kind, id: number): void {
    const once = this.#expected.get(kind);
    if (once === undefined) {
      this.#cache.push({ kind, id });
      return;
    }
    if (once) this.#expected.delete(kind);
    this.seen.push(`${kind} ${id}`);
  }

  response(id: number, to: number): void {
    const openEnded = this.#waiting.get(to);
    if (openEnded === undefined) {
      this.unexpected.push(id);
      return;
    }
    if (!openEnded) this.#waiting.delete(to);
    this.seen.push(`response ${id} to ${to}`);
  }

  get cached(): number {
    return this.#cache.length;
  }
}

/** What the model says is on its way to each end. */
type InFlight = (to: Model, from: Model) => void;

it.each([
  ['one pipe', pair],
  ['two pipes', twoPipePair],
] as const)(
  'what both ends see is what the model says (%s)',
  async (_, makePair) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const models = [new Model(), new Model()] as const;
        const seen: [string[], string[]] = [[], []];
        const unexpected: [number[], number[]] = [[], []];
        const remote: [number[], number[]] = [[], []];
        const options = (end: 0 | 1) => ({
          onUnexpectedResponse: (m: MsgIn<typeof Body>) => unexpected[end].push(m.id),
          onRemoteUnexpectedResponse: (id: number) => remote[end].push(id),
        });
        const channels = makePair(options(0), options(1));
        const queues: [InFlight[], InFlight[]] = [[], []];
        const lastRequest: [number, number] = [0, 0];

        // Either end serves requests as they come: as many responses as the number in it says.
        const serve = (end: 0 | 1) => {
          const channel: TestChannel = channels[end];
          channel.expectMsgs('ask', (request) => {
            seen[end].push(`ask ${request.id}`);
            for (let n = request.body.ask.numberNumber; n > 0; n--) channel.send(answer(channel, n), request);
          });
          models[end].expect('ask', false);
        };
        serve(0);
        serve(1);

        const deliver = async () => {
          // Responses are sent as requests are handled, so there may be something in flight again.
          while (queues[0].length + queues[1].length > 0) {
            for (const end of [0, 1] as const) {
              for (const arrive of queues[end].splice(0)) arrive(models[end], models[1 - end]!);
            }
          }
          await turn();
          await turn();
        };
        const asked = (end: 0 | 1, id: number, responses: number) => {
          queues[1 - end]!.push((server) => {
            server.unsolicited('ask', id);
            for (let n = 0; n < responses; n++) {
              const responseId = ++server.lastId;
              queues[end].push((client) => client.response(responseId, id));
            }
          });
        };

        for (const s of steps) {
          if (s.do === 'pass') {
            await deliver();
            continue;
          }
          const channel = channels[s.end];
          const model = models[s.end];
          // What was sent first is handled first; a step after it finds it done.
          await deliver();
          switch (s.do) {
            case 'notify': {
              const id = ++model.lastId;
              if (s.kind === 'ask') asked(s.end, id, 0);
              else queues[1 - s.end]!.push((peer) => peer.unsolicited(s.kind, id));
              channel.send(
                s.kind === 'ask'
                  ? ask(channel, 0)
                  : s.kind === 'answer'
                    ? answer(channel, 0)
                    : channel.buildMsg('bulk'),
              );
              break;
            }
            case 'request': {
              const id = ++model.lastId;
              model.request(s.openEnded);
              asked(s.end, id, s.responses);
              const got = channel.asyncRequest(
                ask(channel, s.responses),
                (r) => seen[s.end].push(`response ${r.id} to ${r.originatingId}`),
                { openEnded: s.openEnded },
              );
              expect(got).toBe(id);
              lastRequest[s.end] = id;
              break;
            }
            case 'undoRequest':
              expect(channel.undoExpectResponses(lastRequest[s.end])).toBe(
                model.undoRequest(lastRequest[s.end]),
              );
              break;
            case 'expect': {
              const note = (m: MsgIn<typeof Body>) => seen[s.end].push(`${m.which} ${m.id}`);
              const call = () =>
                s.once ? channel.expectMsg(s.kind, note) : channel.expectMsgs(s.kind, note);
              expect(outcome(call) === undefined).toBe(model.expect(s.kind, s.once));
              break;
            }
            case 'undo':
              expect(channel.undoExpectMsgs(s.kind)).toBe(model.undo(s.kind));
          }
        }
        await deliver();
        await turn();
        for (const end of [0, 1] as const) {
          expect(seen[end]).toEqual(models[end].seen);
          expect(unexpected[end]).toEqual(models[end].unexpected);
          expect(remote[1 - end]).toEqual(models[end].unexpected);
          expect(channels[end].counters.cachedMessages).toBe(models[end].cached);
          expect(channels[end].error).toBeUndefined();
        }
        closeAll();
      }),
      { numRuns: RUNS },
    );
  },
  300_000,
);
