// Keys of accounts, places and groups: a surface and an id in one text, and back.
import { describe, expect, test } from '@jest/globals';
import { idsOn, splitSurfaceKey, surfaceKey } from '../../../src/liveResponse/request/request.ts';

describe('a key', () => {
  test.each([
    ['slack:U1', 'slack', 'U1'],
    ['teams:19:abc@thread.tacv2', 'teams', '19:abc@thread.tacv2'],
    ['slack:', 'slack', ''],
    [':U1', '', 'U1'],
  ])('%s is of the surface %j and the id %j', (key, surface, id) => {
    expect(splitSurfaceKey(key)).toEqual([surface, id]);
    expect(surfaceKey(surface, id)).toBe(key);
  });

  test('without a colon is an id of no surface', () => {
    expect(splitSurfaceKey('U1')).toEqual(['', 'U1']);
  });
});

describe('the ids on one surface', () => {
  test('are those of its keys, in their order and without those of others', () => {
    const keys = ['slack:U2', 'teams:29:x', 'slack:U1', 'slackish:U3', 'U4', 'teams:slack:'];
    expect(idsOn('slack', keys)).toEqual(['U2', 'U1']);
    expect(idsOn('teams', keys)).toEqual(['29:x', 'slack:']);
    expect(idsOn('console', keys)).toEqual([]);
  });
});
