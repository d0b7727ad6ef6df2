// Row 2.8: Enterprise Grid. Every shape of users.info, allow-list and payload that Slack is known to send, as
// a cross product, each with the verdict that follows from three sentences:
// 1. A member is who users.info places in a workspace or organisation of the allow-list: by team_id, by
// enterprise_user.teams, or by the
// organisation, that of our own workspace being known from auth.test.
// 2. What the payload says of the person must be of our organisation or one of the person's own workspaces.
// 3. A flag (stranger, guest, bot, deactivated) refuses in every shape.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  readCommand,
  readMention,
  readPress,
  readSubmission,
} from '../../../src/adapters/slack/inbound/payloads.ts';
import { trustOf } from '../../../src/adapters/slack/identity/channels.ts';
import type { Fields } from '../../../src/adapters/slack/outbound/webApi.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';

/** Our workspace T1 is of the organisation E1, which has T2 and T3 too; T9 is of E9. */
const ours = 'T1';
const organisation = 'E1';

/**
 * users.info: what it says of where U1 belongs, and whether that is in T1, and whether it is in E1 at all.
 */
const placed: readonly (readonly [string, Fields, { readonly inT1: boolean; readonly inE1: boolean }])[] = [
  // One workspace, no Grid in the answer: T1 is known to be of E1.
  ['team_id ours', { team_id: 'T1' }, { inT1: true, inE1: true }],
  [
    'team_id ours, member of the organisation',
    { team_id: 'T1', enterprise_user: { id: 'W1', enterprise_id: 'E1', teams: ['T1'] } },
    { inT1: true, inE1: true },
  ],
  [
    'team_id missing, teams holds ours',
    { enterprise_user: { enterprise_id: 'E1', teams: ['T2', 'T1'] } },
    { inT1: true, inE1: true },
  ],
  [
    'team_id of another workspace, teams holds ours',
    { team_id: 'T2', enterprise_user: { enterprise_id: 'E1', teams: ['T2', 'T1'] } },
    { inT1: true, inE1: true },
  ],
  [
    'team_id of the organisation, teams holds ours',
    { team_id: 'E1', enterprise_user: { enterprise_id: 'E1', teams: ['T1'] } },
    { inT1: true, inE1: true },
  ],
  [
    'team_id null, teams holds ours, no enterprise_id',
    { team_id: null, enterprise_user: { teams: ['T1'] } },
    { inT1: true, inE1: true },
  ],
  // In the organisation, but not in our workspace.
  [
    'team_id of another workspace, teams without ours',
    { team_id: 'T2', enterprise_user: { enterprise_id: 'E1', teams: ['T2'] } },
    { inT1: false, inE1: true },
  ],
  [
    'team_id missing, teams without ours',
    { enterprise_user: { enterprise_id: 'E1', teams: ['T2'] } },
    { inT1: false, inE1: true },
  ],
  ['team_id of the organisation alone', { team_id: 'E1' }, { inT1: false, inE1: true }],
  ['teams missing', { team_id: 'T2', enterprise_user: { enterprise_id: 'E1' } }, { inT1: false, inE1: true }],
  [
    'teams that are no list',
    { enterprise_user: { enterprise_id: 'E1', teams: 'T1' } },
    { inT1: false, inE1: true },
  ],
  // Somebody else's, or nobody's word.
  [
    'another organisation',
    { team_id: 'T9', enterprise_user: { enterprise_id: 'E9', teams: ['T9'] } },
    { inT1: false, inE1: false },
  ],
  ['another workspace', { team_id: 'T9' }, { inT1: false, inE1: false }],
  ['another organisation’s id as team_id', { team_id: 'E9' }, { inT1: false, inE1: false }],
  ['nothing at all', {}, { inT1: false, inE1: false }],
];

const allowLists: readonly (readonly [
  string,
  readonly string[],
  (where: { readonly inT1: boolean; readonly inE1: boolean }) => boolean,
])[] = [
  ['T1', ['T1'], ({ inT1 }) => inT1],
  ['E1 alone', ['E1'], ({ inE1 }) => inE1],
  ['T1 and E1', ['T1', 'E1'], ({ inT1, inE1 }) => inT1 || inE1],
];

/** What a payload says of the person, and whether it may be so of somebody of ours. */
const payloads: readonly (readonly [string, readonly string[], boolean])[] = [
  [
    'slash command in our workspace',
    readCommand({ user_id: 'U1', channel_id: 'C1', team_id: 'T1', is_enterprise_install: 'false' })
      ?.teams ?? ['?'],
    true,
  ],
  [
    'slash command in our workspace, with the organisation',
    readCommand({ user_id: 'U1', channel_id: 'C1', team_id: 'T1', enterprise_id: 'E1' })?.teams ?? ['?'],
    true,
  ],
  [
    'slash command in another workspace of the organisation',
    readCommand({
      user_id: 'U1',
      channel_id: 'C1',
      team_id: 'T3',
      enterprise_id: 'E1',
      is_enterprise_install: 'true',
    })?.teams ?? ['?'],
    true,
  ],
  [
    'slash command of an installation for the whole organisation',
    readCommand({ user_id: 'U1', channel_id: 'C1', enterprise_id: 'E1', is_enterprise_install: 'true' })
      ?.teams ?? ['?'],
    true,
  ],
  [
    'press in our workspace',
    readPress(
      {
        user: { id: 'U1', team_id: 'T1' },
        team: { id: 'T1', enterprise_id: 'E1' },
        container: { channel_id: 'C1' },
      },
      {},
    )?.teams ?? ['?'],
    true,
  ],
  [
    'press with team null',
    readPress(
      {
        user: { id: 'U1', team_id: 'T1' },
        team: null,
        enterprise: { id: 'E1' },
        is_enterprise_install: true,
        container: { channel_id: 'C1' },
      },
      {},
    )?.teams ?? ['?'],
    true,
  ],
  [
    'press with neither',
    readPress(
      {
        user: { id: 'U1' },
        team: null,
        enterprise: { id: 'E1' },
        is_enterprise_install: true,
        container: { channel_id: 'C1' },
      },
      {},
    )?.teams ?? ['?'],
    true,
  ],
  [
    'press out of another workspace of the organisation',
    readPress(
      {
        user: { id: 'U1', team_id: 'T3' },
        team: { id: 'T3', enterprise_id: 'E1' },
        container: { channel_id: 'C1' },
      },
      {},
    )?.teams ?? ['?'],
    true,
  ],
  [
    'form',
    readSubmission({
      user: { id: 'U1', team_id: 'T1' },
      team: { id: 'T1' },
      enterprise: { id: 'E1' },
      view: {
        id: 'V1',
        private_metadata: JSON.stringify({ r: 'lr-7f3k2q', v: 1, f: 'x', w: 'deny', c: 'C1' }),
      },
    })?.teams ?? ['?'],
    true,
  ],
  [
    'mention',
    readMention(
      {
        team_id: 'T1',
        enterprise_id: 'E1',
        event: { user: 'U1', channel: 'C1', ts: '1', text: '<@U0BOT> x', user_team: 'T1', source_team: 'T1' },
      },
      'U0BOT',
    )?.teams ?? ['?'],
    true,
  ],
  [
    'mention that names the organisation',
    readMention(
      {
        team_id: 'T1',
        enterprise_id: 'E1',
        event: { user: 'U1', channel: 'C1', ts: '1', text: '<@U0BOT> x', user_team: 'E1', source_team: 'E1' },
      },
      'U0BOT',
    )?.teams ?? ['?'],
    true,
  ],
  // The other side of a shared channel.
  [
    'press out of another organisation',
    readPress(
      {
        user: { id: 'U1', team_id: 'T9' },
        team: { id: 'T1', enterprise_id: 'E1' },
        enterprise: { id: 'E1' },
        container: { channel_id: 'C1' },
      },
      {},
    )?.teams ?? ['?'],
    false,
  ],
  [
    'mention out of another organisation',
    readMention(
      {
        team_id: 'T1',
        enterprise_id: 'E1',
        event: { user: 'U1', channel: 'C1', ts: '1', text: '<@U0BOT> x', user_team: 'T9', source_team: 'T9' },
      },
      'U0BOT',
    )?.teams ?? ['?'],
    false,
  ],
  [
    'slash command in another organisation',
    readCommand({ user_id: 'U1', channel_id: 'C1', team_id: 'T9', enterprise_id: 'E9' })?.teams ?? ['?'],
    false,
  ],
];

const flags: readonly (readonly [string, string])[] = [
  ['is_stranger', 'external'],
  ['is_restricted', 'guest'],
  ['is_ultra_restricted', 'guest'],
  ['is_invited_user', 'guest'],
  ['is_bot', 'bot'],
  ['deleted', 'deactivated'],
];

describe.each(allowLists)('with %s allowed', (_list, allowed, isMember) => {
  describe.each(placed)('users.info with %s', (_where, told, where) => {
    test.each(payloads)('and a payload of a %s', (_payload, teams, fits) => {
      // An account of another organisation may carry its own workspace in the payload: it is refused for
      // where it is, not for that.
      const expected = isMember(where) && fits ? 'member' : 'foreignTenant';
      expect(trustOf('U1', { id: 'U1', ...told }, teams, { allowed, organisation, home: ours })).toBe(
        expected,
      );
    });
    test.each(flags)('and the flag %s is refused in every payload', (flag, trust) => {
      expect(
        payloads.map(([, teams]) =>
          trustOf('U1', { id: 'U1', ...told, [flag]: true }, teams, { allowed, organisation, home: ours }),
        ),
      ).toEqual(payloads.map(() => trust));
    });
  });
});

test('row 2.8: a person who has an id of the organisation beside that of the workspace is one person, and nobody else', () => {
  const told = { id: 'U1', team_id: 'T1', enterprise_user: { id: 'W1', enterprise_id: 'E1', teams: ['T1'] } };
  for (const user of ['U1', 'W1'])
    expect(trustOf(user, told, ['T1'], { allowed: ['T1'], organisation, home: ours })).toBe('member');
  expect(trustOf('W2', told, ['T1'], { allowed: ['T1'], organisation, home: ours })).toBe('anonymous');
  expect(
    trustOf('W1', { ...told, enterprise_user: { ...told.enterprise_user, id: null } }, ['T1'], {
      allowed: ['T1'],
      organisation,
      home: ours,
    }),
  ).toBe('anonymous');
});

test('without an organisation of our own, an allow-list of an organisation lets in only whom users.info places there', () => {
  expect(trustOf('U1', { id: 'U1', team_id: 'T1' }, ['T1'], { allowed: ['E1'], home: 'T1' })).toBe(
    'foreignTenant',
  );
  expect(
    trustOf('U1', { id: 'U1', enterprise_user: { enterprise_id: 'E1', teams: ['T1'] } }, ['T1'], {
      allowed: ['E1'],
      home: 'T1',
    }),
  ).toBe('member');
});

describe('over the wire', () => {
  let room: SlackHarness;
  beforeEach(async () => {
    room = await openSlackHarness({ allowedTeams: ['E0ORG'] });
  });
  afterEach(() => room.close());

  test('an allow-list with the organisation alone accepts a member of our workspace', async () => {
    room.slack.world.user('U1', {
      team_id: 'T0OTHER',
      enterprise_user: { enterprise_id: 'E0ORG', teams: ['T0HOME', 'T0OTHER'] },
    } as never);
    await room.slack
      .person('U1')
      .command('C1', 'status', { payload: { enterprise_id: 'E0ORG', is_enterprise_install: 'true' } });
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands[0]?.account.trust).toBe('member');
  });
});
