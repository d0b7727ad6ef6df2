// Rows of docs/outcomes.md for what is over: requests that were closed, and sessions that ended.
import type { Outcome } from '../../../src/liveResponse/action.ts';
import type { RequestEnding } from '../../../src/liveResponse/request/request.ts';
import type { SessionEnding, WaitCause } from '../../../src/liveResponse/request/session.ts';
import { action, denied, progress, start } from '../examples/exampleRequests.ts';
import {
  approved,
  busyAnswer,
  cancelled,
  claimed,
  deferred,
  ended,
  excerptRead,
  looked,
  noRight,
  sent,
} from '../examples/exampleSteps.ts';
import type { Row, Steps } from './outcomeRows.ts';
import { seen, works } from './outcomeRows.ts';
import { waits } from './outcomesUnderWay.ts';

const ada = { id: 'approver1', name: 'Ada Approver' };
const rita = { id: 'responder1', name: 'Rita Responder' };

const lapse = (cause: WaitCause): Row =>
  seen(
    `lapsed, ${cause}`,
    [
      approved,
      claimed,
      deferred(cause, cause === 'unauthorized' ? noRight('submit', 401) : busyAnswer),
      [{ type: 'lapsed' }, 32],
    ],
    cause === 'unauthorized' ? 'An administrator must' : 'If it is still needed',
  );
const refusedOf = (code: string): Steps => [
  approved,
  claimed,
  [{ type: 'refused', code, call: 'submit', status: 400 }, 3],
];
const causes = Object.keys(waits) as readonly WaitCause[];

export const endings: { readonly [Kind in (RequestEnding | SessionEnding)['kind']]: readonly Row[] } = {
  denied: [seen('denied', [denied(ada, 3, 'wrong host')], 'If it is still needed')],
  withdrawn: [seen('withdrawn', [approved, [{ type: 'withdrawn', by: rita }, 3]], 'If it is needed')],
  expired: [seen('expired', [[{ type: 'expired' }, 30]], 'If it is still needed')],
  lapsed: [
    seen('lapsed', [approved, [{ type: 'lapsed' }, 32]], 'If it is still needed'),
    ...causes.map(lapse),
  ],
  refused: [seen('refused', refusedOf('OsPlatformNotSupported'), 'Collect it')],
  abandoned: [seen('abandoned', [...looked, [{ type: 'abandoned', by: ada }, 20]], 'look in the portal')],
};

const both = [progress(0, 'Completed'), progress(1, 'Completed')] as const;
const half = [progress(0, 'Completed'), progress(1, 'Created')] as const;
const none = [progress(0, 'Created'), progress(1, 'Created')] as const;
const refusedByDevice = { hresult: 0x80070005, troubleshoot: 'its own note' };
const ours = {
  cancelledBy: 'live-response-bot',
  cancelComment: 'lr:lr-7k3f9q cancelled by Omar Other: wrong host',
};
const theirs = { cancelledBy: 'soc@corp.example', cancelComment: 'maintenance' };
const elsewhere = ended(action('Cancelled', half, theirs), 'cancelled');
const end = 'If it is still needed';
export const outcomes: { readonly [One in Outcome]: readonly Row[] } = {
  succeeded: [
    seen('succeeded', [...sent, ended(action('Succeeded', both), 'succeeded')], 'Get the file'),
    seen(
      'succeeded, an exit code',
      [...sent, excerptRead('x', { exitCode: 5 }), ended(action('Succeeded', both), 'succeeded')],
      'Read its output',
    ),
    seen(
      'succeeded, script errors',
      [...sent, excerptRead('x', { errors: true }), ended(action('Succeeded', both), 'succeeded')],
      'Read its output',
    ),
    seen(
      'succeeded, not every command done',
      [...sent, ended(action('Succeeded', half), 'succeeded')],
      'Check the rows',
    ),
    seen(
      'succeeded, an error code',
      [...sent, ended(action('Succeeded', both, { hresult: 0x80070020 }), 'succeeded')],
      'Check the results',
    ),
    seen(
      'succeeded, an error with a command',
      [
        ...sent,
        ended(
          action('Succeeded', [
            { ...progress(0, 'Completed'), errors: ['Access denied'] },
            progress(1, 'Completed'),
          ]),
          'succeeded',
        ),
      ],
      'Check the results',
    ),
    seen(
      'succeeded, a note on trouble',
      [...sent, ended(action('Succeeded', both, { troubleshoot: 'its own note' }), 'succeeded')],
      'Check the results',
    ),
    seen(
      'succeeded, cancel asked',
      [...sent, cancelled('accepted'), ended(action('Succeeded', both), 'succeeded')],
      'Get the file',
    ),
  ],
  failed: [
    seen(
      'failed',
      [...sent, ended(action('Failed', [progress(0, 'Failed'), progress(1, 'Created')]), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, no command named',
      [...sent, works, ended(action('Failed', none), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, no command named, an error code',
      [...sent, works, ended(action('Failed', none, refusedByDevice), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, cancel asked',
      [
        ...sent,
        cancelled('accepted'),
        ended(action('Failed', [progress(0, 'Failed'), progress(1, 'Created')]), 'failed'),
      ],
      'Fix the cause',
    ),
  ],
  timedOut: [
    seen(
      'timedOut, device offline',
      [...sent, ended(action('TimeOut', none), 'timedOut', 122)],
      'Check that it is online',
    ),
    seen(
      'timedOut, device offline, as new tenants do',
      [
        ...sent,
        ended(
          action('TimeOut', none, { createdAt: start + 120_000, updatedAt: start + 7_320_000 }),
          'timedOut',
          122,
        ),
      ],
      'Check that it is online',
    ),
    seen(
      'timedOut, a script',
      [
        ...sent,
        works,
        ended(action('TimeOut', [progress(0, 'Executing'), progress(1, 'Created')]), 'timedOut', 14),
      ],
      'Check on the device',
    ),
    seen(
      'timedOut, an error code',
      [...sent, ended(action('TimeOut', none, { hresult: 0x800705b4 }), 'timedOut', 122)],
      'Check that it is online',
    ),
    seen(
      'timedOut, cancel asked',
      [
        ...sent,
        works,
        cancelled('failed'),
        ended(action('TimeOut', [progress(0, 'Executing'), progress(1, 'Created')]), 'timedOut', 14),
      ],
      'Check on the device',
    ),
  ],
  cancelled: [
    seen(
      'cancelled, before it began',
      [...sent, cancelled('accepted'), ended(action('Cancelled', none, ours), 'cancelled')],
      end,
    ),
    seen(
      'cancelled, at work',
      [
        ...sent,
        works,
        cancelled('accepted'),
        ended(action('Cancelled', [progress(0, 'Executing'), progress(1, 'Created')], ours), 'cancelled'),
      ],
      end,
    ),
    seen(
      'cancelled, all completed',
      [...sent, cancelled('accepted'), ended(action('Cancelled', both, ours), 'cancelled')],
      'What they left',
    ),
    seen('cancelled elsewhere', [...sent, elsewhere], end),
    seen('cancelled elsewhere, and asked here', [...sent, cancelled('alreadyOver'), elsewhere], end),
  ],
};
