// Refusals of what is to be decided, sent or read of a request that is there.
import { askedAt } from '../requests/requests.ts';
import { by, id } from './samples.ts';
import type { RefusalSamples } from './samples.ts';

export const refusalsOfDeciding = {
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
} satisfies Partial<RefusalSamples>;
