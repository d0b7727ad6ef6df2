// Who may approve, deny, withdraw, cancel, resend or drop a request in each of its states.
import { describe, expect, test } from '@jest/globals';
import { mayCancel, mayDeny, mayResend, mayWithdraw } from '../../../src/bot/policy/decisions.ts';
import type { Actor } from '../../../src/bot/policy/people/people.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { policy } from '../../support/policy.ts';
import { requests } from '../../support/requests/requests.ts';
import { averyActs, ollyActs, rileyActs, soon } from '../../support/deciders.ts';

type Who = 'requester' | 'approver' | 'onlooker';
const actors: Readonly<Record<Who, Actor>> = {
  requester: rileyActs,
  approver: averyActs,
  onlooker: ollyActs,
};

/** What each decision says in each state to requester, approver and onlooker; `-` is allowed. */
const matrix: readonly (readonly [
  string,
  (who: Actor, request: Request) => unknown,
  Readonly<Record<keyof typeof requests, readonly [string, string, string]>>,
])[] = [
  [
    'deny',
    (who, request) => mayDeny(who, request, soon),
    {
      awaitingApproval: ['ownRequest', '-', 'missingRole'],
      queued: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      submitting: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      looking: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      unknown: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      running: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      cancelling: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      cancelFailed: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      finished: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'withdraw',
    (who, request) => mayWithdraw(who, request),
    {
      awaitingApproval: ['-', '-', 'notYourRequest'],
      queued: ['-', '-', 'notYourRequest'],
      submitting: ['tooLate', 'tooLate', 'tooLate'],
      looking: ['tooLate', 'tooLate', 'tooLate'],
      unknown: ['tooLate', 'tooLate', 'tooLate'],
      running: ['tooLate', 'tooLate', 'tooLate'],
      cancelling: ['tooLate', 'tooLate', 'tooLate'],
      cancelFailed: ['tooLate', 'tooLate', 'tooLate'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'cancel',
    (who, request) => mayCancel(who, request),
    {
      awaitingApproval: ['tooEarly', 'tooEarly', 'tooEarly'],
      queued: ['tooEarly', 'tooEarly', 'tooEarly'],
      submitting: ['tooLate', 'tooLate', 'tooLate'],
      looking: ['tooLate', 'tooLate', 'tooLate'],
      unknown: ['tooLate', 'tooLate', 'tooLate'],
      running: ['-', '-', 'notYourRequest'],
      cancelling: ['alreadyCancelling', 'alreadyCancelling', 'notYourRequest'],
      cancelFailed: ['-', '-', 'notYourRequest'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'resend',
    (who, request) =>
      mayResend(who, request, { fingerprint: '1c9e04ab1c9e04ab', revision: request.revision }, { policy }),
    {
      awaitingApproval: ['tooEarly', 'tooEarly', 'tooEarly'],
      queued: ['tooEarly', 'tooEarly', 'tooEarly'],
      submitting: ['tooEarly', 'tooEarly', 'tooEarly'],
      looking: ['selfApproval', 'stillLooking', 'missingRole'],
      unknown: ['selfApproval', '-', 'missingRole'],
      running: ['tooLate', 'tooLate', 'tooLate'],
      cancelling: ['tooLate', 'tooLate', 'tooLate'],
      cancelFailed: ['tooLate', 'tooLate', 'tooLate'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
];

describe.each(matrix)('to %s', (_deed, decide, expected) => {
  test.each(Object.entries(expected))('what is %s: requester, approver, onlooker', (state, outcomes) => {
    const request = requests[state as keyof typeof requests];
    const found = (['requester', 'approver', 'onlooker'] as const).map((who) => {
      const refusal = decide(actors[who], request);
      return refusal === undefined ? '-' : (refusal as { refused: string }).refused;
    });
    expect(found).toEqual(outcomes);
  });
});
