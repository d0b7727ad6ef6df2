// What today’s policy lets run at a moment, told without any of the product’s own rules.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type { TestApp } from '../apps/testApp.ts';
import { grantOf } from '../requests/requests.ts';
import type { Edit, Said } from './policyHistories.ts';
import { apprGroup, respGroup } from './policyHistories.ts';

const minute = 60_000;

/** How old a reading may be that something is sent on. */
const window = 30_000;

/** The policy as a list of edits, and what directory and library said when. */
interface Known {
  readonly inForce: readonly Edit[];
  readonly said: ReadonlyMap<string, readonly { readonly at: number; readonly said: Said }[]>;
  readonly scripts: readonly { readonly at: number; readonly hashes: ReadonlyMap<string, string> }[];
}

/** Why what is being sent at this moment must not run; nothing of the product's own rules is asked. */
export function oracle(app: TestApp, comment: string, { inForce, said, scripts }: Known): readonly string[] {
  const now = app.clock.now();
  const elapsed = app.clock.elapsed();
  const within = <T extends { readonly at: number }>(states: readonly T[]): readonly T[] =>
    states.filter((_state, at) => (states[at + 1]?.at ?? Infinity) >= elapsed - window);
  const mayBeIn = (group: string): boolean =>
    within(said.get(group) ?? []).some((state) => state.said === 'yes');
  const sending = app.store
    .all()
    .filter((request) => stageOf(request).state === 'submitting' && comment.startsWith(`lr:${request.id}:`));
  if (sending.length !== 1) return [`${comment} is no request that is being sent`];
  const has = (edit: Edit): boolean => inForce.includes(edit);
  return sending.flatMap((request) => {
    const {
      requester: { id: asker },
      terms,
      recipe,
      place,
      reason,
    } = request.asked;
    const { commands } = request.subject;
    const grant = grantOf(request);
    const approver = grant.votes[0].by.id;
    const rules: readonly (readonly [string, boolean])[] = [
      ['the requester is gone', has('requesterGone') && asker === 'responder1'],
      ['the approver is gone', has('approverGone') && approver === 'approver1'],
      ['they are one person', has('merged') && asker === 'responder1' && approver === 'approver1'],
      ['nobody approves their own', asker === approver],
      ['a stricter tier', has('collectHigh') && recipe === 'collect' && terms.tier === 'standard'],
      ['no reason', has('reason') && reason === undefined],
      ['the device', has('never') && request.targets[0].device.name.startsWith('hosta')],
      [
        'the recipe',
        recipe === 'dump' &&
          has('otherDump') !==
            (commands[0]?.type === 'RunScript' && commands[0].scriptName === 'collect.ps1'),
      ],
      ['the command', has('noGet') && recipe === undefined],
      ['a lead approves', (has('leadApproves') || terms.approveRole === 'lead') && approver !== 'responder2'],
      ['a lead asks', has('leadAsks') && asker !== 'responder2'],
      [
        'too late',
        now >= grant.at + Math.min(terms.runWithin, has('shortRun') ? 5 * minute : Infinity) ||
          grant.at >= terms.expiresAt,
      ],
      ['the place', has('placeGone') && place === 'console:incidents'],
      ['the requester is not in the group', asker === 'responder1' && !mayBeIn(respGroup)],
      ['the approver is not in the group', approver === 'approver1' && !mayBeIn(apprGroup)],
      [
        'the content',
        commands.some(
          (one) =>
            one.type === 'RunScript' &&
            !within(scripts).some(
              ({ hashes }) =>
                hashes.get(one.scriptName) ===
                (grant.content !== undefined && 'files' in grant.content
                  ? grant.content.files.find(({ name }) => name === one.scriptName)?.sha256
                  : undefined),
            ),
        ),
      ],
    ];
    return rules.flatMap(([why, broken]) =>
      broken ? [`${request.id} ran although: ${why} (${inForce.join()})`] : [],
    );
  });
}
