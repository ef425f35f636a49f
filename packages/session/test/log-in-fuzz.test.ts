// The parsers of the log-in under mutation: a million messages, each taken or refused with a code.
import { CapnpError, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { FlowIpcError, ownProcessCredentials } from '@flow-ipc/core';
import { expect, it } from 'vitest';
import { ShmType } from '../src/generated/common.capnp.js';
import { SessionMasterChannelMessageBody as Body } from '../src/generated/session-master-channel.capnp.js';
import { checkLogIn } from '../src/log-in-checks.js';
import { fillRequest, fillResponse, readResponse } from '../src/log-in-messages.js';
import { toldRefusal } from '../src/refusal.js';
import { CLI } from './harness.js';

// Refusals are made by the million: without their stack traces.
Error.stackTraceLimit = 0;
const MUTANTS = process.env.FLOW_IPC_LONG === '1' ? 10_000_000 : 1_000_000;

/** xorshift32: quick, and the same every time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const config = { handles: true, queues: undefined };

function message(fill: (body: Body.Builder) => void): Uint8Array {
  const builder = new MessageBuilder();
  fill(builder.initRoot(Body));
  return builder.segments()[0]!.slice();
}

const messages = [
  message((body) =>
    fillRequest(body.initLogInReq(), { appName: 'cli', shmType: ShmType.none, config, channels: 1 }),
  ),
  message((body) => fillResponse(body.initLogInRsp(), '17', 2)),
  message((body) => {
    const refusal = body.initLogInRefusal();
    refusal.code = 'ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT';
    refusal.message = 'no';
  }),
];
const server = { ...CLI, name: 'srv', allowedClients: ['cli'] };
const rules = { server, clients: [CLI], shmType: ShmType.none, config, maxClientChannels: 2 };

/** What either side does with the first message it gets. */
function take(segment: Uint8Array): string {
  const body = new MessageReader([segment]).getRoot(Body);
  switch (body.which) {
    case 'logInReq':
      return checkLogIn(body.logInReq, ownProcessCredentials(), rules).name;
    case 'logInRsp':
      return readResponse(body.logInRsp).clientNamespace;
    case 'logInRefusal':
      return toldRefusal(body.logInRefusal).code;
    default:
      return 'another kind';
  }
}

it(`${MUTANTS} mutants of log-in messages do no harm`, { timeout: 600_000 }, () => {
  const next = random(20_260_601);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < MUTANTS; i++) {
    const original = messages[i % messages.length]!;
    const copy = original.slice();
    for (let flips = 1 + next(3); flips > 0; flips--) copy[next(copy.length)]! ^= 1 << next(8);
    if (next(8) === 0) copy.fill(next(256), next(copy.length));
    const before = copy.slice();
    let outcome: string;
    try {
      outcome = take(copy) === 'another kind' ? 'other' : 'taken';
    } catch (err) {
      if (!(err instanceof FlowIpcError || err instanceof CapnpError)) throw err;
      outcome = (err as { code: string }).code;
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    // Nothing that reads may write.
    if (i % 64 === 0) expect(Buffer.compare(copy, before)).toBe(0);
  }
  expect(outcomes.get('taken')).toBeGreaterThan(MUTANTS / 100);
  for (const code of [
    'CONFIG_MISMATCH',
    'DISALLOWED_OR_UNKNOWN',
    'INCONSISTENT_CREDS',
    'LOG_IN_RESPONSE_BAD',
  ]) {
    expect(
      [...outcomes.keys()].some((key) => key.endsWith(code)),
      code,
    ).toBe(true);
  }
});
