// Programs that keep their capnp-ts classes: a channel between one of those and one of ours.
import { MessageBuilder } from '@flow-ipc/capnp';
import { Message, ObjectSize, Struct } from 'capnp-ts';
import { afterEach, expect, it } from 'vitest';
import { capnpTsType, fromCapnpTs, toCapnpTs } from '../src/capnp-ts/index.js';
import { StructuredChannel } from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';
import { channels, closeAll, HELLO, keep, metadata, turn } from './harness.js';

afterEach(closeAll);

// What capnp-ts's compiler makes of test-body.capnp, without what these tests do not use.
enum Body_Which {
  ASK = 0,
  ANSWER = 1,
  BULK = 2,
}
class TsAsk extends Struct {
  static override readonly _capnp = {
    displayName: 'Ask',
    id: 'ceb2ea8c246af59c',
    size: new ObjectSize(8, 0),
  };
  get number(): bigint {
    return Struct.getUint64(0, this);
  }
  set number(value: bigint) {
    Struct.setUint64(0, value, this);
  }
}
class TsItem extends Struct {
  static override readonly _capnp = {
    displayName: 'Item',
    id: 'ceb2ea8c246af59d',
    size: new ObjectSize(16, 0),
  };
}
class TsBulk extends Struct {
  static override readonly _capnp = {
    displayName: 'Bulk',
    id: 'bb26081bb4ad3806',
    size: new ObjectSize(0, 2),
  };
  setData(bytes: Uint8Array): void {
    Struct.initData(0, bytes.length, this).copyBuffer(bytes);
  }
  getData(): Uint8Array {
    return Struct.getData(0, this).toUint8Array();
  }
}
class TsBody extends Struct {
  static override readonly _capnp = {
    displayName: 'Body',
    id: 'd3c67e8f013f12be',
    size: new ObjectSize(8, 1),
  };
  get ask(): TsAsk {
    return Struct.getStruct(0, TsAsk, this);
  }
  initAsk(): TsAsk {
    Struct.setUint16(0, Body_Which.ASK, this);
    return Struct.initStructAt(0, TsAsk, this);
  }
  get answer(): TsAsk {
    return Struct.getStruct(0, TsAsk, this);
  }
  initAnswer(): TsAsk {
    Struct.setUint16(0, Body_Which.ANSWER, this);
    return Struct.initStructAt(0, TsAsk, this);
  }
  get bulk(): TsBulk {
    return Struct.getStruct(0, TsBulk, this);
  }
  initBulk(): TsBulk {
    Struct.setUint16(0, Body_Which.BULK, this);
    return Struct.initStructAt(0, TsBulk, this);
  }
  which(): Body_Which {
    return Struct.getUint16(0, this) as Body_Which;
  }
}

const Type = capnpTsType(TsBody, Body_Which);

function pair() {
  const [x, y] = channels();
  return [keep(new StructuredChannel(x, Type)), keep(new StructuredChannel(y, Body))] as const;
}

it('requests and responses go both ways, by kind', async () => {
  const [theirs, ours] = pair();
  theirs.expectMsgs('ASK', (request) => {
    expect(request.which).toBe('ASK');
    const response = new Message();
    response.initRoot(TsBody).initAnswer().number = toCapnpTs<TsBody>(request).ask.number + 1n;
    theirs.send(fromCapnpTs(theirs, response), request);
  });
  const response = await ours.request(
    ours.buildMsg('ask', (ask) => (ask.number = 41)),
    { expect: 'answer' },
  );
  expect(response.body.answer.number).toBe(42n);

  ours.expectMsg('ask', (request) => {
    ours.send(
      ours.buildMsg('answer', (answer) => (answer.number = request.body.ask.number * 2n)),
      request,
    );
  });
  const request = new Message();
  request.initRoot(TsBody).initAsk().number = 21n;
  const answer = await theirs.request(fromCapnpTs(theirs, request), { expect: 'ANSWER' });
  const body = toCapnpTs<TsBody>(answer);
  answer.release();
  expect([body.which(), body.answer.number]).toEqual([Body_Which.ANSWER, 42n]);
  body.answer.number = 5n;
  expect(body.answer.number).toBe(5n);
});

it('messages larger than a segment of theirs or ours arrive whole', async () => {
  const [theirs, ours] = pair();
  const data = Uint8Array.from({ length: 50_000 }, (_, i) => i * 7);
  const message = new Message();
  message.initRoot(TsBody).initBulk().setData(data);
  theirs.send(fromCapnpTs(theirs, message));
  const bulk = await ours.message('bulk');
  expect(Buffer.compare(bulk.body.bulk.data, data)).toBe(0);
  ours.send(ours.buildMsg('bulk', (b) => (b.data = data)));
  expect(Buffer.compare(toCapnpTs<TsBody>(await theirs.message('BULK')).bulk.getData(), data)).toBe(0);
});

it('damaged bytes, and those that would make capnp-ts work without end, never reach it', async () => {
  const hostile = async (body: Uint8Array) => {
    const [x, raw] = channels();
    const channel = keep(new StructuredChannel(x, Type));
    raw.sendBlob(HELLO);
    raw.sendBlob(metadata());
    raw.sendBlob(body);
    return channel.message('BULK');
  };
  // A bulk whose list has 2^29 - 1 elements of no size: capnp-ts would make a struct of each.
  const builder = new MessageBuilder();
  builder.initRoot(Body).initBulk().initParts(0);
  const bytes = builder.segments()[0]!.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(8 + 8 + 8 + 8 + 4, 0xfffffff8, true);
  const emptyElements = await hostile(bytes);
  expect(() => toCapnpTs(emptyElements)).toThrow(
    expect.objectContaining({ code: 'ERR_FLOW_IPC_CAPNP_AMPLIFICATION' }),
  );
  // A pointer that leads outside.
  view.setUint32(8 + 8 + 8 + 8 + 4, (1000 << 3) | 2, true);
  const outside = await hostile(bytes);
  expect(() => toCapnpTs(outside)).toThrow(
    expect.objectContaining({ code: 'ERR_FLOW_IPC_CAPNP_OUT_OF_BOUNDS' }),
  );
  await turn();
});

it('a class without a union is refused', () => {
  expect(() => capnpTsType(TsItem, Body_Which)).toThrow(TypeError);
});
