// Which device a name means, whether it may be touched, and where cards go.
import { describe, expect, test } from '@jest/globals';
import { mayUse, placesFor, resultsMode } from '../../../../src/bot/policy/places.ts';
import type { Place } from '../../../../src/bot/ports.ts';
import { chooseDevice, inScope } from '../../../../src/bot/policy/devices/scope.ts';
import type { Device } from '../../../../src/liveResponse/device/records.ts';
import { policy } from '../../../support/policy.ts';
import { hosta } from '../../../support/requests/requests.ts';

const device = (change: Partial<Device>): Device => ({ ...hosta, ...change });

const kiosk1 = device({ id: '1'.repeat(40), name: 'kiosk.corp.example' });
const kiosk2 = device({ id: '2'.repeat(40), name: 'kiosk.branch.example' });
const bare = device({ id: '3'.repeat(40), name: 'kiosk' });

const names: readonly (readonly [string, string, readonly Device[], object])[] = [
  ['an exact name', 'HOSTA.corp.example', [hosta], { device: hosta, leftOut: [] }],
  ['a short name of one device', 'hosta', [hosta], { device: hosta }],
  ['an id', 'A'.repeat(40), [hosta], { device: hosta }],
  ['a full name among two of one short name', 'kiosk.branch.example', [kiosk1, kiosk2], { device: kiosk2 }],
  [
    'a bare name next to longer ones',
    'kiosk',
    [kiosk1, bare, kiosk2],
    {
      refused: 'ambiguousDevice',
      candidates: [{ name: 'kiosk.corp.example' }, { name: 'kiosk' }, { name: 'kiosk.branch.example' }],
    },
  ],
  ['a bare name next to a longer one', 'KIOSK', [bare, kiosk1], { refused: 'ambiguousDevice' }],
  [
    'a bare name next to a record that is not onboarded',
    'kiosk',
    [bare, { ...kiosk1, onboarding: 'CanBeOnboarded' }],
    { device: bare, leftOut: [{ id: kiosk1.id, unfit: { why: 'notOnboarded' } }] },
  ],
  [
    'a bare record that was merged next to a longer name',
    'kiosk',
    [{ ...bare, mergedInto: kiosk1.id }, kiosk1],
    { device: kiosk1, leftOut: [{ id: bare.id, unfit: { why: 'merged', into: kiosk1.id } }] },
  ],
  [
    'two live ones and a dead one',
    'kiosk',
    [kiosk1, kiosk2, { ...bare, onboarding: 'unsupported' }],
    {
      refused: 'ambiguousDevice',
      candidates: [{ name: kiosk1.name }, { name: kiosk2.name }],
      leftOut: [{ id: bare.id }],
    },
  ],
  [
    'records of which none is alive',
    'kiosk',
    [
      { ...bare, onboarding: 'InsufficientInfo' },
      { ...kiosk1, os: 'Android 15' },
    ],
    { refused: 'unfitDevice', records: [{ unfit: { why: 'tooLittle' } }, { unfit: { why: 'system' } }] },
  ],
  ['a word that nobody knows', 'kiosk', [{ ...bare, onboarding: 'Hibernating' }], { device: bare }],
  [
    'a short name of two devices',
    'kiosk',
    [kiosk1, kiosk2],
    {
      refused: 'ambiguousDevice',
      candidates: [{ name: 'kiosk.corp.example' }, { name: 'kiosk.branch.example' }],
    },
  ],
  [
    'one full name twice, as after a new installation',
    'hosta.corp.example',
    [hosta, device({ id: 'b'.repeat(40) })],
    { refused: 'ambiguousDevice' },
  ],
  ['nothing', 'hostz', [], { refused: 'unknownDevice', name: 'hostz' }],
  ['a name that only begins alike', 'host', [hosta], { refused: 'unknownDevice', name: 'host' }],
];

describe('a name', () => {
  test.each(names)('of %s is decided', (_name, typed, found, expected) => {
    expect(chooseDevice(typed, found)).toMatchObject(expected);
  });
});

describe('the scope', () => {
  const table: readonly (readonly [string, Partial<Device>, object | undefined])[] = [
    ['an allowed group', {}, undefined],
    ['an allowed group in another case', { group: 'WORKSTATIONS' }, undefined],
    ['an allowed tag', { group: 'Servers', tags: ['LR-OK'] }, undefined],
    ['an allowed name', { group: 'Kiosks', name: 'kiosk.branch.example' }, undefined],
    [
      'nothing that is allowed',
      { group: 'Servers', tags: ['x'] },
      { rule: 'notAllowed', group: 'Servers', tags: ['x'] },
    ],
    ['a short name where a full one is allowed', { group: 'Kiosks', name: 'kiosk' }, { rule: 'notAllowed' }],
    [
      'a forbidden tag beside an allowed group',
      { tags: ['NO-LR'] },
      { rule: 'never', by: 'tag', value: 'NO-LR' },
    ],
    [
      'a forbidden group beside an allowed tag',
      { group: 'Domain Controllers', tags: ['lr-ok'] },
      { rule: 'never', by: 'group' },
    ],
    [
      'a forbidden short name in any domain',
      { name: 'dc1.other.example' },
      { rule: 'never', by: 'name', value: 'dc1' },
    ],
  ];
  test.each(table)('decides about %s', (_name, change, cause) => {
    const refusal = inScope(policy, device(change));
    if (cause === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toMatchObject({ refused: 'outOfScope', cause });
  });

  test('allows a device for one of its tags, and forbids it for one, by any entry of the lists', () => {
    const tags = ['lr-ok', 'no-lr'];
    const lists = {
      allow: { groups: [], tags: ['x', 'lr-ok'], names: [] },
      never: { groups: [], tags: ['y', 'no-lr'], names: [] },
    };
    const scoped = { ...policy, devices: lists };
    const unit = { id: hosta.id, name: hosta.name, os: hosta.os, health: hosta.health };
    expect(inScope(scoped, { ...unit, tags: ['pilot', 'lr-ok'] })).toBeUndefined();
    expect(inScope(scoped, { ...unit, tags })).toMatchObject({ cause: { rule: 'never', by: 'tag' } });
    expect(inScope(scoped, { ...unit, tags: ['pilot'] })).toStrictEqual({
      refused: 'outOfScope',
      device: hosta.name,
      cause: { rule: 'notAllowed', tags: ['pilot'] },
    });
  });

  test('that lists nothing allows nothing, and "*" allows every group but those that are never touched', () => {
    const none = { groups: [], tags: [], names: [] };
    expect(inScope({ ...policy, devices: { allow: none, never: none } }, hosta)).toMatchObject({
      refused: 'outOfScope',
    });
    const all = { ...policy, devices: { allow: { ...none, groups: ['*'] }, never: policy.devices.never } };
    const groupless: Device = {
      id: hosta.id,
      name: hosta.name,
      os: hosta.os,
      health: hosta.health,
      tags: hosta.tags,
    };
    expect(inScope(all, groupless)).toBeUndefined();
    expect(inScope(all, device({ tags: ['no-lr'] }))).toMatchObject({ refused: 'outOfScope' });
    expect(inScope(policy, groupless)).toMatchObject({ cause: { rule: 'notAllowed', tags: ['pilot'] } });
  });
});

describe('places', () => {
  const place = (surface: string, id: string, change: Partial<Place> = {}): Place => ({
    surface,
    id,
    direct: false,
    external: false,
    ...change,
  });

  test('a request asked in an approvals place gets a card there and in every other approvals place, each with its mention', () => {
    expect(placesFor(policy, place('console', 'incidents'))).toEqual([
      { surface: 'console', place: 'incidents', results: 'card', notify: 'console:avery' },
      { surface: 'slack', place: 'C0SOC', results: 'card', notify: 'slack:S0APPR' },
    ]);
  });

  test('a request asked alone with the bot gets a private card there and public ones where approvals are given', () => {
    expect(placesFor(policy, place('slack', 'D0RILEY', { direct: true }))).toEqual([
      { surface: 'slack', place: 'D0RILEY', results: 'private' },
      { surface: 'console', place: 'incidents', results: 'card', notify: 'console:avery' },
      { surface: 'slack', place: 'C0SOC', results: 'card', notify: 'slack:S0APPR' },
    ]);
  });

  test('an unlisted place gets no card', () => {
    expect(placesFor(policy, place('slack', 'C0RANDOM')).map((one) => one.place)).toEqual([
      'incidents',
      'C0SOC',
    ]);
  });

  test('results stay private in shared, direct and unlisted places', () => {
    expect(resultsMode(policy, place('slack', 'C0SOC'))).toBe('card');
    expect(resultsMode(policy, place('slack', 'C0SOC', { external: true }))).toBe('private');
    expect(resultsMode(policy, place('slack', 'D0', { direct: true }))).toBe('private');
    expect(resultsMode(policy, place('slack', 'C0RANDOM'))).toBe('private');
    expect(resultsMode(policy, place('console', 'soc-private'))).toBe('private');
  });

  test('a Teams place keeps the colons of its id', () => {
    const teams = {
      ...policy,
      places: [{ place: 'teams:19:abc@thread.tacv2', approvals: true, results: 'card' as const }],
    };
    expect(mayUse(teams, place('teams', '19:abc@thread.tacv2'))).toBeUndefined();
    expect(placesFor(teams, place('teams', '19:abc@thread.tacv2'))).toEqual([
      { surface: 'teams', place: '19:abc@thread.tacv2', results: 'card' },
    ]);
  });
});
