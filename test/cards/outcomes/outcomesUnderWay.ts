// Rows of docs/outcomes.md for what is not over: waiting, running, being cancelled.
import type { Blocker } from '../../../src/liveResponse/request/errorAnswer.ts';
import type { CancelAsked, WaitCause } from '../../../src/liveResponse/request/session.ts';
import { offlineQueueOf } from '../../../src/liveResponse/tenantLimits.ts';
import type { OfflineQueue } from '../../../src/liveResponse/tenantLimits.ts';
import { action, dump, freeze, progress, start } from '../examples/exampleRequests.ts';
import {
  approved,
  blockers,
  busy,
  cancelled,
  claimed,
  deferred,
  noRight,
  progressed,
  sent,
} from '../examples/exampleSteps.ts';
import type { Row, Steps } from './outcomeRows.ts';
import { seen, works } from './outcomeRows.ts';

const wait = (cause: WaitCause): Steps => [approved, [{ type: 'waiting', cause }, 3]];
const notSent = 'If it cannot be sent';

export const waits: { readonly [Cause in WaitCause]: readonly Row[] } = {
  slot: [seen('slot', wait('slot'), notSent)],
  sessions: [seen('sessions', wait('sessions'), notSent)],
  deviceBusy: [seen('deviceBusy', wait('deviceBusy'), 'If it is yours'), ...holders()],
  throttled: [seen('throttled', [approved, claimed, deferred('throttled')], notSent)],
  frozen: [seen('frozen', wait('frozen'), notSent, { frozen: freeze('credential rotation') })],
  library: [
    seen('library', wait('library'), notSent),
    seen(
      'library, no right',
      [approved, [{ type: 'waiting', cause: 'library', error: noRight('library') }, 3]],
      'An administrator must',
    ),
  ],
  directory: [seen('directory', wait('directory'), 'The bot keeps trying')],
  unavailable: [seen('unavailable', [approved, claimed, deferred('unavailable')], 'The bot keeps trying')],
  unauthorized: [
    seen(
      'unauthorized',
      [approved, claimed, deferred('unauthorized', noRight('submit', 401))],
      'An administrator must',
    ),
  ],
};

function holders(): readonly Row[] {
  const by: { readonly [By in Blocker['by']]: readonly Row[] } = {
    request: [
      seen('deviceBusy, request', busy(blockers.request), 'It is sent when'),
      seen('deviceBusy, undecided request', busy(blockers.undecided), 'Somebody must decide'),
    ],
    action: [seen('deviceBusy, action', busy(blockers.action), 'It is sent when')],
    unseen: [seen('deviceBusy, unseen', busy(blockers.unseen), 'If one is yours')],
    notRead: [seen('deviceBusy, notRead', busy(blockers.notRead), 'If it is yours')],
  };
  return Object.values(by).flat();
}
const follow = 'The bot follows it';
const queueUnknown: OfflineQueue = offlineQueueOf('', []);
const parkedSteps: Steps = [
  ...sent,
  [{ type: 'waitingForDevice', waiting: { since: start + 120_000, until: start + 259_320_000 } }, 13],
];
const ifItWakes = 'If it wakes';
export const running: readonly Row[] = [
  seen('Pending', sent, follow, { offlineQueue: queueUnknown }),
  seen('Pending, the queue known', sent, follow, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'setting' },
  }),
  seen('Pending, parked', parkedSteps, ifItWakes, { offlineQueue: queueUnknown }),
  seen('Pending, parked, the queue stated', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'setting' },
  }),
  seen('Pending, parked, the queue shown by a session', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'sessions', how: 'timedOut', at: start },
  }),
  seen('Pending, parked, kept over 2 hours', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 259_200_000, by: 'sessions', how: 'stillWaiting', at: start },
  }),
  seen('InProgress', [...sent, works], follow),
  seen(
    'InProgress, no command at work yet',
    [...sent, progressed(action('InProgress', [progress(0, 'Created'), progress(1, 'Created')]))],
    follow,
  ),
  seen(
    'InProgress, a command failed',
    [...sent, progressed(action('InProgress', [progress(0, 'Failed'), progress(1, 'Created')]))],
    'then this card',
  ),
  seen(
    'InProgress, all completed',
    [...sent, progressed(action('InProgress', [progress(0, 'Completed'), progress(1, 'Completed')]))],
    'Download links follow',
  ),
  seen(
    'a status of the future',
    [...sent, progressed(action('Hibernating', [progress(0, 'Created'), progress(1, 'Created')]))],
    follow,
  ),
  seen(
    'other commands than approved',
    [
      approved,
      claimed,
      [{ type: 'lost' }, 3],
      [
        {
          type: 'found',
          action: action('InProgress', []),
          deadline: start + 4_800_000,
          differs: [{ type: 'RunScript', scriptName: 'other.ps1' }, ...dump.slice(1)],
        },
        4,
      ],
    ],
    'Cancel it',
  ),
  seen(
    'another device than approved',
    [
      ...sent,
      progressed(
        action('InProgress', [progress(0, 'Created'), progress(1, 'Created')], { machineId: 'f'.repeat(40) }),
      ),
    ],
    'Cancel it',
  ),
];

export const cancels: { readonly [Answer in CancelAsked['answer']]: readonly Row[] } = {
  sent: [seen('sent', [...sent, works, cancelled('sent')], 'A command that has started')],
  accepted: [seen('accepted', [...sent, works, cancelled('accepted')], 'A command that has started')],
  alreadyOver: [seen('alreadyOver', [...sent, works, cancelled('alreadyOver')], 'How it ended follows')],
  failed: [
    seen('failed', [...sent, works, cancelled('failed')], 'press Cancel again'),
    seen(
      'failed, no right',
      [...sent, works, cancelled('failed', 5, noRight('cancel'))],
      'An administrator must',
    ),
  ],
  noEffect: [
    seen(
      'noEffect',
      [...sent, works, cancelled('accepted'), cancelled('noEffect', 11)],
      'Press Cancel again',
    ),
  ],
};
