// Who is measured: names as they are printed, in the order of the tables.

export type Family = 'ours' | 'alternative' | 'floor';

export interface Subject {
  /** For example `raw-socket/async`. */
  name: string;
  /** The name that the code goes by, without the /async or /blocking. */
  code: string;
  family: Family;
  blocking: boolean;
  /** Clients are children (processes or threads) of the server. */
  spawns: boolean;
  /** Server and client are threads of one process. */
  oneProcess: boolean;
}

export const FLOOR = 'c-floor';

const OURS = [
  'raw-socket',
  'posix-mq',
  'bipc-mq',
  'structured-heap',
  'structured-shm-classic',
  'structured-shm-jemalloc',
];
const ALTERNATIVES = [
  'node-net',
  'child-process-json',
  'child-process-advanced',
  'message-port',
  'zeromq',
  'grpc',
];

const plain = { blocking: false, spawns: false, oneProcess: false };

export const SUBJECTS: readonly Subject[] = [
  { ...plain, name: FLOOR, code: FLOOR, family: 'floor', blocking: true },
  ...OURS.flatMap((code) =>
    [false, true].map((blocking): Subject => {
      const name = `${code}/${blocking ? 'blocking' : 'async'}`;
      return { ...plain, name, code, family: 'ours', blocking };
    }),
  ),
  ...ALTERNATIVES.map((code): Subject => {
    const oneProcess = code === 'message-port';
    return {
      ...plain,
      name: code,
      code,
      family: 'alternative',
      spawns: /^child|port$/.test(code),
      oneProcess,
    };
  }),
];

export const familyOf = (name: string): Family => SUBJECTS.find((subject) => subject.name === name)!.family;

/** `posix-mq` of `posix-mq/async`. */
export const layerOf = (name: string): string => SUBJECTS.find((subject) => subject.name === name)!.code;
