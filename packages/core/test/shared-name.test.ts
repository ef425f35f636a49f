// Names: concatenation, sanitising, string forms, and the conventional names.
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decomposeNonSessionResourceName,
  decomposeResourceName,
  FIRST_OR_ONLY,
  MAX_NAME_LENGTH,
  NAME_ROOT,
  NAME_SEPARATOR,
  nonSessionResourceName,
  ResourceType,
  resourceName,
  SENTINEL,
  SharedName,
} from '../src/index.js';

describe('SharedName', () => {
  it('concatenates with and without a separator', () => {
    expect(String(SharedName.ct('a').slash('b').plus('c').slash(3))).toBe('a_bc_3');
    expect(String(SharedName.ct(7).slash(new SharedName('x')).plus(new SharedName('_y')))).toBe('7_x_y');
    expect(String(new SharedName().slash('x'))).toBe('_x');
    expect(String(new SharedName('x_').slash(''))).toBe('x__');
    expect(String(new SharedName().plus('x'))).toBe('x');
  });

  it('is immutable', () => {
    const name = new SharedName('a');
    name.slash('b').plus('c').sanitize();
    expect(String(name)).toBe('a');
  });

  it('has the constants and resource types of the C++', () => {
    expect([NAME_SEPARATOR, NAME_ROOT, SENTINEL, FIRST_OR_ONLY, MAX_NAME_LENGTH]).toEqual([
      '_',
      'libipc',
      '0',
      '1',
      75,
    ]);
    expect(Object.values(ResourceType).sort()).toEqual(
      ['bipcQ', 'lclSock', 'mtx', 'posixQ', 'shm', 'sockStmAcc'].sort(),
    );
  });

  it('is absolute when it begins with a separator', () => {
    expect(new SharedName('_x').absolute).toBe(true);
    expect(new SharedName('x_').absolute).toBe(false);
    expect(new SharedName('').absolute).toBe(false);
    expect(new SharedName('x_').hasTrailingSeparator).toBe(true);
    expect(new SharedName('_x').hasTrailingSeparator).toBe(false);
  });

  it('compares by its characters', () => {
    const names = ['b', 'a_1', '', 'a', 'B'].map((text) => new SharedName(text));
    expect(names.sort(SharedName.compare).map(String)).toEqual(['', 'B', 'a', 'a_1', 'b']);
    expect(new SharedName('x').equals(SharedName.ct('x'))).toBe(true);
    expect(new SharedName('x').equals('x')).toBe(true);
    expect(new SharedName('x').equals('X')).toBe(false);
    expect(SharedName.compare('x', new SharedName('x'))).toBe(0);
  });

  it('shows its length and text, or null', () => {
    expect(inspect(new SharedName('_a_b'))).toBe('4|_a_b');
    expect(inspect(new SharedName())).toBe('null');
    expect(`${new SharedName('_a_b')}`).toBe('_a_b');
    expect(JSON.stringify({ name: new SharedName('_a') })).toBe('{"name":"_a"}');
    expect(new SharedName('é').length).toBe(2);
    expect(new SharedName().isEmpty).toBe(true);
    expect(new SharedName('é').isEmpty).toBe(false);
  });

  it.each([
    ['_libipc_shm_srv_1_cli_0', true],
    ['a__b', false],
    ['a/b', false],
    ['a\n', false],
    ['é', false],
    ['x'.repeat(75), true],
    ['x'.repeat(76), false],
    ['', true],
  ])('%j sanitized: %s', (text, ok) => expect(new SharedName(text).sanitized).toBe(ok));

  it.each([
    ['/a//b_/_c/', '_a_b_c_'],
    ['_____', '_'],
    [`${'x/'.repeat(37)}////`, 'x_'.repeat(37)],
    [`${'x'.repeat(75)}/`, undefined],
    ['a-b', undefined],
    ['a b', undefined],
    ['', ''],
  ])('%j sanitizes to %j', (text, expected) => {
    expect(new SharedName(text).sanitize()?.toString()).toBe(expected);
  });

  it('sanitizes to a sanitized name, which stays as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '/', '-'), maxLength: 90 }),
        (text) => {
          const name = new SharedName(text);
          const clean = name.sanitize();
          if (name.sanitized) expect(String(clean)).toBe(text);
          if (clean === undefined) {
            expect(text.includes('-') || text.replace(/[/_]+/g, '_').length > 75).toBe(true);
          } else {
            expect(clean.sanitized).toBe(true);
            expect(String(clean.sanitize())).toBe(String(clean));
          }
        },
      ),
    );
  });
});

describe('conventional names', () => {
  it('builds and takes apart the conventional names', () => {
    const scope = { srvApp: 'srv', srvNamespace: '31302', cliApp: 'cli', cliNamespace: '1' };
    const name = resourceName(ResourceType.SHM, scope, 'classic', 1);
    expect(String(name)).toBe('_libipc_shm_srv_31302_cli_1_classic_1');
    expect(decomposeResourceName(name)).toEqual({ type: 'shm', ...scope, rest: 'classic_1' });
    const listener = resourceName(ResourceType.SOCKET_STREAM_ACCEPTOR, { srvApp: 'srv', srvNamespace: '7' });
    expect(String(listener)).toBe('_libipc_sockStmAcc_srv_7_0_0');
    expect(decomposeResourceName(listener)).toMatchObject({ srvNamespace: '7', cliApp: '0', rest: '' });
  });

  it('takes apart what it has built, whatever the components', () => {
    const component = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(ResourceType)),
        fc.record({ srvApp: component, srvNamespace: component, cliApp: component, cliNamespace: component }),
        fc.array(component, { maxLength: 3 }),
        (type, scope, rest) => {
          const name = resourceName(type, scope, ...rest);
          expect(decomposeResourceName(name)).toEqual({ type, ...scope, rest: rest.join('_') });
          const global = nonSessionResourceName(type, ...rest);
          expect(decomposeNonSessionResourceName(global)).toEqual({ type, rest: rest.join('_') });
          expect(global.absolute && name.absolute).toBe(true);
        },
      ),
    );
  });

  it('builds and takes apart the names that belong to no session', () => {
    const sentinel = nonSessionResourceName(ResourceType.SHM, 'posixQ', 'sentinelSnd').plus('_my_queue');
    expect(String(sentinel)).toBe('_libipc_shm_0_0_0_posixQ_sentinelSnd_my_queue');
    expect(decomposeNonSessionResourceName(sentinel)).toEqual({
      type: 'shm',
      rest: 'posixQ_sentinelSnd_my_queue',
    });
    expect(String(nonSessionResourceName('mtx'))).toBe('_libipc_mtx_0_0_0');
  });

  it.each([
    '',
    '_libipc_shm_srv',
    '_other_shm_a_b_c_d',
    'libipc_shm_a_b_c_d',
    '_libipc_shm_a__c_d',
    '_libipc_shm_a_b_c_d_',
    'x_libipc_shm_a_b_c_d',
  ])('%j is not such a name', (text) => {
    expect(decomposeResourceName(text)).toBeUndefined();
    expect(decomposeNonSessionResourceName(text)).toBeUndefined();
  });
});
