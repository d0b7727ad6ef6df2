// Requests for the same commands on the same device, so that a script asked for twice does not run twice.
import { describe, expect, test } from '@jest/globals';
import { create } from '../../src/liveResponse/request/fold.ts';
import type { NewRequest } from '../../src/liveResponse/request/request.ts';
import type { FlatRequest } from '../support/requests/requests.ts';
import { asked, flat, hosta, newRequest } from '../support/requests/requests.ts';
import { areTwins, twinAmong, twinMemory } from '../../src/liveResponse/request/retry.ts';

/** Another request for the same, with these differences. */
function otherOne(changed: Partial<FlatRequest> = {}): NewRequest {
  return newRequest({ ...flat(asked), id: 'lr-222222', origin: 'console:2', ...changed });
}

describe('twins', () => {
  test('are two requests for the same commands on the same device, no matter who asked', () => {
    expect(areTwins(asked, otherOne())).toBe(true);
    const bySam = otherOne({ requester: { id: 'responder2', name: 'Sam' } });
    expect(areTwins(asked, bySam)).toBe(true);
  });

  test('a library file is the same in any letter case', () => {
    const upper = [{ type: 'RunScript', scriptName: 'MINIDUMP.ps1', args: 'OfficeClickToRun' }] as const;
    expect(areTwins(asked, otherOne({ commands: upper }))).toBe(true);
  });

  test.each<[string, Partial<FlatRequest>]>([
    ['the very same request', { id: asked.id }],
    ['another device', { device: { ...hosta, id: 'b'.repeat(40) } }],
    [
      'another argument',
      { commands: [{ type: 'RunScript', scriptName: 'minidump.ps1', args: 'officeclicktorun' }] },
    ],
    ['a retry of it', { continues: { id: asked.id, from: 0, before: [], mayRepeat: [] } }],
    ['one that was made from it by an older version', { origin: `again:${asked.id}` }],
  ])('are not: %s', (_what, changed) => {
    expect(areTwins(asked, otherOne(changed))).toBe(false);
    expect(areTwins(otherOne(changed), asked)).toBe(false);
  });

  test('a retry of a third request is a twin all the same', () => {
    expect(
      areTwins(asked, otherOne({ continues: { id: 'lr-333333', from: 0, before: [], mayRepeat: [] } })),
    ).toBe(true);
  });
});

test('among open requests the newest twin is found, and none where there is none', () => {
  const older = create(otherOne({ at: 5 }));
  const newer = create(otherOne({ id: 'lr-444444', at: 9 }));
  const elsewhere = create(otherOne({ id: 'lr-555555', at: 20, device: { ...hosta, id: 'b'.repeat(40) } }));
  expect(twinAmong([older, newer, elsewhere], asked)?.id).toBe('lr-444444');
  expect(twinAmong([newer, older, elsewhere], asked)?.id).toBe('lr-444444');
  expect(twinAmong([elsewhere], asked)).toBeUndefined();
});

test('a twin that ended is remembered for an hour', () => {
  expect(twinMemory).toBe(60 * 60 * 1_000);
});
