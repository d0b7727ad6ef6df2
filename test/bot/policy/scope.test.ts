// Which device a name means, whether it may be touched, where cards go, and what each refusal says.
import { describe, expect, test } from '@jest/globals';
import { mayUse, placesFor, resultsMode } from '../../../src/bot/policy/places.ts';
import type { Place } from '../../../src/bot/ports.ts';
import { explain } from '../../../src/bot/policy/refusals/refusal.ts';
import type { Refusal } from '../../../src/bot/policy/refusals/refusal.ts';
import { chooseDevice, inScope } from '../../../src/bot/policy/devices/scope.ts';
import type { Device } from '../../../src/liveResponse/device/records.ts';
import { hiddenCharacter } from '../../../src/liveResponse/text/visible.ts';
import { policy } from '../../support/policy.ts';
import { askedAt, hosta } from '../../support/requests.ts';

const device = (change: Partial<Device>): Device => ({ ...hosta, ...change });

describe('a name', () => {
  const kiosk1 = device({ id: '1'.repeat(40), name: 'kiosk.corp.example' });
  const kiosk2 = device({ id: '2'.repeat(40), name: 'kiosk.branch.example' });
  const bare = device({ id: '3'.repeat(40), name: 'kiosk' });
  const table: readonly (readonly [string, string, readonly Device[], object])[] = [
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
  test.each(table)('of %s is decided', (_name, typed, found, expected) => {
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

describe('every refusal', () => {
  const id = 'lr-7f3k2q';
  const by = { id: 'approver1', name: 'Avery Approver' };
  const candidates = Array.from({ length: 10 }, (_, index) => ({
    id: String(index).repeat(40),
    name: `kiosk${index}\u202E`,
    os: 'Windows11',
    health: 'Active',
  }));
  const all: { readonly [Kind in Refusal['refused']]: readonly Extract<Refusal, { refused: Kind }>[] } = {
    unlisted: [{ refused: 'unlisted', account: 'slack:U0' }],
    ambiguousPerson: [{ refused: 'ambiguousPerson', account: 'slack:U0', people: ['a', 'b'] }],
    notMember: (['guest', 'external', 'bot', 'anonymous', 'foreignTenant', 'deactivated'] as const).map(
      (trust) => ({ refused: 'notMember', trust }),
    ),
    identityUnread: [
      { refused: 'identityUnread', platform: 'Slack' },
      { refused: 'identityUnread', platform: 'Teams', undone: 'approved', pressed: true },
    ],
    missingRole: [
      { refused: 'missingRole', deed: 'approve', need: ['approver'], unread: [] },
      { refused: 'missingRole', deed: 'see', need: [], unread: ['slack:S1', 'entra:x'] },
      { refused: 'missingRole', deed: 'approve', need: ['approver', 'lead'], unread: [], all: true },
    ],
    selfApproval: [
      { refused: 'selfApproval', id, deed: 'approve' },
      { refused: 'selfApproval', id, deed: 'resend' },
    ],
    ownRequest: [{ refused: 'ownRequest', id }],
    notYourRequest: [
      { refused: 'notYourRequest', id, deed: 'cancel', requester: by, role: 'approver', unread: [] },
    ],
    nobodyCanApprove: [{ refused: 'nobodyCanApprove', role: 'approver' }],
    placeNotAllowed: [
      { refused: 'placeNotAllowed', place: 'slack:C0', direct: false },
      { refused: 'placeNotAllowed', place: 'slack:D0', direct: true },
    ],
    unknownRecipe: [{ refused: 'unknownRecipe', recipe: 'dump' }],
    commandNotAllowed: [{ refused: 'commandNotAllowed', command: 'RunScript' }],
    wrongSystem: [
      {
        refused: 'wrongSystem',
        recipe: 'collect',
        systems: 'Windows',
        device: 'web1\u202E',
        os: 'Ubuntu',
        family: 'Linux',
        fits: [{ line: 'collect-unix web1', whole: true }],
      },
      {
        refused: 'wrongSystem',
        recipe: 'collect',
        systems: 'Windows',
        device: 'web1',
        os: 'Ubuntu',
        family: 'Linux',
        fits: [],
      },
    ],
    reasonRequired: [{ refused: 'reasonRequired', tier: 'high' }],
    notInLibrary: [
      {
        refused: 'notInLibrary',
        name: 'colect.ps1',
        suggestions: ['collect.ps1'],
        line: 'run hosta collect.ps1',
      },
      { refused: 'notInLibrary', name: 'colect.ps1', suggestions: ['collect.ps1'] },
      { refused: 'notInLibrary', name: 'nope.exe', suggestions: [] },
      { refused: 'notInLibrary', name: 'minidump.ps1', suggestions: [], recipe: 'dump' },
    ],
    unknownDevice: [
      { refused: 'unknownDevice', name: 'hostz' },
      { refused: 'unknownDevice', name: '_hosta_' },
      ...(['recipe', 'command', 'file', 'request'] as const).map((meant) => ({
        refused: 'unknownDevice' as const,
        name: 'lr-7f3k2q',
        meant,
      })),
    ],
    requestAsDevice: [{ refused: 'requestAsDevice', id, device: 'hosta.corp.example' }],
    noRequestId: (['recipe', 'command', 'file', 'fingerprint', 'device'] as const).flatMap((meant) =>
      [
        [],
        [{ id, status: 'Running' }],
        [
          { id, status: 'Running' },
          { id: 'lr-8g4m3r', status: 'Queued' },
        ],
      ].map((requests) => ({
        refused: 'noRequestId' as const,
        verb: 'cancel',
        word: 'hosta',
        meant,
        requests,
      })),
    ),
    ambiguousDevice: [
      { refused: 'ambiguousDevice', name: 'kiosk', candidates },
      {
        refused: 'ambiguousDevice',
        name: 'kiosk',
        candidates: candidates.map((one) => ({
          ...one,
          name: 'kiosk',
          group: 'Branch kiosks',
          lastReportAt: askedAt,
          duplicate: true,
        })),
        leftOut: Array.from({ length: 5 }, (_, n) => ({
          id: String(n).repeat(40),
          name: 'kiosk',
          unfit: { why: 'merged' as const, into: 'a'.repeat(40) },
        })),
      },
      {
        refused: 'ambiguousDevice',
        name: 'kiosk0',
        candidates: candidates
          .slice(0, 2)
          .map((one, n) => ({ ...one, name: n === 0 ? 'kiosk0' : 'kiosk0.corp.example' })),
      },
    ],
    unfitDevice: (['notOnboarded', 'tooLittle', 'unsupported', 'system', 'merged'] as const).flatMap(
      (why) => {
        const unfit = why === 'merged' ? { why, into: 'b'.repeat(40) } : { why };
        const record = {
          id: 'a'.repeat(40),
          name: 'kiosk0',
          os: 'Android',
          health: 'Active',
          lastReportAt: askedAt,
          unfit,
        };
        const into = { id: 'b'.repeat(40), name: 'kiosk9', os: 'Windows11', health: 'Active' };
        return [[record], [record, record]].flatMap((records) => [
          { refused: 'unfitDevice' as const, name: 'kiosk0', records },
          ...(why === 'merged' && records.length === 1
            ? [
                { refused: 'unfitDevice' as const, name: 'kiosk0', records, into },
                {
                  refused: 'unfitDevice' as const,
                  name: 'kiosk0',
                  records,
                  into: { ...into, unfit: { why: 'notOnboarded' as const } },
                },
              ]
            : []),
        ]);
      },
    ),
    devicesPartlyRead: [
      { refused: 'devicesPartlyRead', name: 'kiosk', candidates },
      { refused: 'devicesPartlyRead', name: 'kiosk', candidates: [] },
    ],
    outOfScope: [
      { refused: 'outOfScope', device: 'dc1', cause: { rule: 'never', by: 'tag', value: 'no-lr' } },
      { refused: 'outOfScope', device: 'x', cause: { rule: 'notAllowed', tags: [] } },
      {
        refused: 'outOfScope',
        device: 'x',
        cause: { rule: 'notAllowed', group: 'Servers', tags: ['a', 'b'] },
      },
    ],
    unknownRequest: [{ refused: 'unknownRequest', id }],
    alreadyApproved: [
      { refused: 'alreadyApproved', id, by, at: askedAt, you: false },
      { refused: 'alreadyApproved', id, by, at: askedAt, you: true },
      ...(['queued', 'submitting', 'unknown', 'running', 'finished'] as const).flatMap((state) =>
        (['approve', 'deny'] as const).map((deed) => ({
          refused: 'alreadyApproved' as const,
          id,
          by,
          at: askedAt,
          you: false,
          state,
          deed,
        })),
      ),
    ],
    notAgain: (
      [
        'notEnded',
        'complete',
        'takenBack',
        'mayHaveRun',
        'foundLate',
        'mustNot',
        'hopeless',
        'noSuchIndex',
      ] as const
    ).map((why) => ({
      refused: 'notAgain',
      id,
      why,
      ...(why === 'notEnded' ? { state: 'running' as const } : {}),
    })),
    twin: [
      {
        refused: 'twin',
        twin: 'lr-8g4m3r',
        device: 'hosta.corp.example',
        status: 'Running',
        by: 'you',
        ago: 3 * 60_000,
        places: ['console:incidents'],
        line: 'dump hosta x --reason "..." --separate',
      },
    ],
    tooManyPending: [
      {
        refused: 'tooManyPending',
        of: 'person',
        tier: 'high',
        most: 3,
        own: ['lr-8g4m3r', 'lr-8g4m3s', 'lr-8g4m3t'],
        others: 0,
      },
      {
        refused: 'tooManyPending',
        of: 'person',
        tier: 'high',
        most: 30,
        own: Array.from({ length: 30 }, (_, n) => `lr-8g4m${n + 10}`),
        others: 0,
      },
      ...[[], ['lr-8g4m3r'], ['lr-8g4m3r', 'lr-8g4m3s']].map((own) => ({
        refused: 'tooManyPending' as const,
        of: 'device' as const,
        tier: 'high',
        most: 2,
        own,
        others: 2 - own.length,
        device: 'hosta.corp.example',
      })),
    ],
    goneOn: [{ refused: 'goneOn', id, as: 'lr-8g4m3r' }],
    alreadyOver: [
      { refused: 'alreadyOver', id, how: 'denied by Avery Approver', at: askedAt },
      { refused: 'alreadyOver', id, how: 'expired without an approval', at: askedAt, retry: true },
    ],
    staleCard: [{ refused: 'staleCard', id }],
    textTooLong: [{ refused: 'textTooLong', undone: 'denied', length: 612, max: 500 }],
    wrongFingerprint: [{ refused: 'wrongFingerprint', id }],
    notVisible: [
      { refused: 'notVisible', id },
      { refused: 'notVisible', id, unread: ['entra:group-1'] },
    ],
    shortFingerprint: [
      { refused: 'shortFingerprint', id },
      { refused: 'shortFingerprint', id, typed: true },
    ],
    contentDeparted: [
      {
        refused: 'contentDeparted',
        id,
        departure: {
          why: 'changed',
          changes: [{ name: 'minidump.ps1', from: 'a'.repeat(64), to: 'b'.repeat(64), updatedAt: 0 }],
        },
      },
      {
        refused: 'contentDeparted',
        id,
        departure: {
          why: 'changed',
          changes: [
            { name: 'minidump.ps1', from: 'a'.repeat(64) },
            { name: 'tool.exe', to: 'b'.repeat(64) },
          ],
        },
      },
      { refused: 'contentDeparted', id, departure: { why: 'nowRead' } },
      { refused: 'contentDeparted', id, departure: { why: 'noLongerRead' } },
    ],
    expired: [{ refused: 'expired', id, at: askedAt }],
    policyStricter: (['approve', 'resend'] as const).flatMap((deed) => [
      {
        refused: 'policyStricter' as const,
        id,
        deed,
        code: 'tierStricter',
        detail: 'tier high now, tier standard when it was asked for',
        ended: true,
      },
      { refused: 'policyStricter' as const, id, deed, code: 'samePerson', ended: false },
    ]),
    groupsUnread: (['approve', 'resend'] as const).map((deed) => ({
      refused: 'groupsUnread' as const,
      id,
      deed,
      groups: ['entra:x', 'slack:S1'],
    })),
    tooLate: [
      ...(['submitting', 'unknown', 'running', 'finished'] as const).flatMap((state) =>
        (['withdraw', 'cancel'] as const).map((deed) => ({ refused: 'tooLate' as const, id, deed, state })),
      ),
      ...(['running', 'finished'] as const).map((state) => ({
        refused: 'tooLate' as const,
        id,
        deed: 'resend' as const,
        state,
      })),
    ],
    tooEarly: (['cancel', 'resend', 'drop'] as const).flatMap((deed) =>
      (['queued', 'submitting'] as const).map((state) => ({ refused: 'tooEarly' as const, id, deed, state })),
    ),
    stillLooking: [{ refused: 'stillLooking', id, looks: 1, of: 6 }],
    alreadyCancelling: [{ refused: 'alreadyCancelling', id, by, at: askedAt }],
    frozen: [{ refused: 'frozen', by: 'Avery Approver', why: 'odd approvals', at: askedAt }],
    alreadyFrozen: [{ refused: 'alreadyFrozen', by: 'Avery Approver', why: 'odd approvals', at: askedAt }],
    notFrozen: [{ refused: 'notFrozen' }],
    frozenSince: [{ refused: 'frozenSince', by: 'Omar', why: 'odd', at: 0 }],
    noResult: (
      [
        'notYet',
        'notSent',
        'notKnown',
        'neverRan',
        'noSuchIndex',
        'noFile',
        'noOutput',
        'failed',
        'forgotten',
        'notHandedOut',
      ] as const
    ).flatMap((why) => [
      { refused: 'noResult' as const, id, why },
      { refused: 'noResult' as const, id, why, index: 1 },
    ]),
    noSuchPage: [
      { refused: 'noSuchPage', id, pages: 1 },
      { refused: 'noSuchPage', id, pages: 3 },
    ],
    storeUnavailable: [{ refused: 'storeUnavailable' }],
    defenderUnavailable: [{ refused: 'defenderUnavailable', detail: 'HTTP 503' }],
    noRight: [
      { refused: 'noRight', error: { call: 'machines', code: 'refused', status: 403, target: 'a-b' } },
      { refused: 'noRight', error: { call: 'link', code: 'unauthorized', status: 401 } },
    ],
  };
  const each = Object.values(all)
    .flat()
    .map((refusal) => [refusal.refused, refusal] as const);

  test.each(each)('%s says what and the next step in at most four sentences', (_kind, refusal) => {
    const said = explain(refusal, '/ir');
    expect(said.endsWith('.')).toBe(true);
    expect(said).not.toMatch(/undefined|\/lr| {2}|\.\.$/);
    expect(said.length).toBeGreaterThan(40);
    expect(said.length).toBeLessThan(900);
    expect(hiddenCharacter(said)).toBeUndefined();
  });

  test('tells the time, the first approver and the id as people read them', () => {
    expect(explain({ refused: 'alreadyApproved', id, by, at: askedAt, you: false })).toBe(
      'lr-7f3k2q was approved already by Avery Approver at 22:13 UTC; there is nothing more to do.',
    );
  });

  test('never tells the right fingerprint', () => {
    expect(explain({ refused: 'wrongFingerprint', id })).not.toMatch(/[0-9a-f]{8}/);
  });
});
