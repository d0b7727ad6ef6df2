// The limits that differ between tenants: what is stated, and what sessions of the last months show, those of
// other tools and of the portal's API counted in. One small list call; a range where nobody can tell.
import { offlineQueueWords, sessionLimitWords } from '../../../cards/messages/waits.ts';
import { duration } from '../../../cards/clip.ts';
import { readAction, readPage } from '../../adapters/defender/wire.ts';
import { createdAtOr } from '../../liveResponse/action.ts';
import { sessionsAtOnce } from '../../liveResponse/pacing/callRates.ts';
import type { Learned } from '../../liveResponse/tenantLimits.ts';
import {
  differ,
  offlineQueueOf,
  queueShownByAction,
  sessionLimitOf,
} from '../../liveResponse/tenantLimits.ts';
import { isAnswer } from '../../adapters/checks/call.ts';
import type { CallDefender } from '../../adapters/checks/call.ts';
import { ok, skip, warn } from '../../adapters/checks/line.ts';
import type { Line, Tell } from '../../adapters/checks/line.ts';

export interface LimitsSubject {
  readonly api: CallDefender;
  /** Why actions cannot be listed, as far as the token says. */
  readonly lacking: string | undefined;
  /** LR_OFFLINE_QUEUE in milliseconds, where somebody set it. */
  readonly stated: number | undefined;
  /** LR_SESSIONS. */
  readonly sessions: number;
}

const check = 'defender.limits';
/** The newest of each are asked for; more tell nothing new. */
const asked = 20;
const path = `/api/machineactions?$filter=${encodeURIComponent("type eq 'LiveResponse' and status eq 'TimeOut'")}&$orderby=${encodeURIComponent('creationDateTimeUtc desc')}&$top=${asked}`;

export async function examineLimits(
  { api, lacking, stated, sessions }: LimitsSubject,
  tell: Tell,
): Promise<void> {
  const limit = sessionLimitWords(sessionLimitOf('', []), sessions);
  tell(
    lacking === undefined
      ? queueLine(await shownBy(api), stated)
      : skip(
          check,
          `how long a session for an offline device is kept was not asked, because ${lacking}`,
          'See its line above.',
        ),
  );
  tell(
    ok(
      'defender.sessions',
      sessions > sessionsAtOnce
        ? `${limit} One that the tenant refuses waits and is sent when another ends.`
        : limit,
    ),
  );
}

interface Shown {
  /** Milliseconds; the newest session that shows one. */
  readonly ms?: number;
  /** Sessions that show it, of those that timed out. */
  readonly by: number;
  readonly of: number;
  readonly at: number;
}

/** Undefined when it could not be asked. */
async function shownBy(api: CallDefender): Promise<Shown | undefined> {
  const listed = await api('GET', path);
  const items = isAnswer(listed) && listed.status < 300 ? readPage(listed.body?.value).items : undefined;
  if (items === undefined) return undefined;
  // A server that does not know the filter answers with everything.
  const actions = items
    .map(readAction)
    .flatMap((action) => (action?.type === 'LiveResponse' && action.status === 'TimeOut' ? [action] : []))
    .sort((a, b) => createdAtOr(b, 0) - createdAtOr(a, 0));
  const shown = actions.flatMap((action) => {
    const ms = queueShownByAction(action);
    return ms === undefined || action.updatedAt === undefined ? [] : [{ ms, at: action.updatedAt }];
  });
  const [newest] = shown;
  return {
    by: shown.filter(({ ms }) => ms === newest?.ms).length,
    of: actions.length,
    at: newest?.at ?? 0,
    ...(newest === undefined ? {} : { ms: newest.ms }),
  };
}

function queueLine(shown: Shown | undefined, stated: number | undefined): Line {
  const learned: readonly Learned[] =
    shown?.ms === undefined
      ? []
      : [{ what: 'offlineQueue', tenant: '', ms: shown.ms, how: 'timedOut', at: shown.at }];
  if (shown?.ms !== undefined && stated !== undefined && differ(shown.ms, stated)) {
    return warn(
      check,
      `LR_OFFLINE_QUEUE states ${duration(stated)}, but the newest session of this tenant that timed out without having begun did so after about ${duration(shown.ms)}`,
      `Set LR_OFFLINE_QUEUE=${shown.ms % 86_400_000 === 0 ? `${shown.ms / 86_400_000}d` : `${shown.ms / 3_600_000}h`}, or leave it out.`,
    );
  }
  const words = offlineQueueWords(offlineQueueOf('', learned, stated));
  if (shown === undefined)
    return ok(
      check,
      `${words}${stated === undefined ? ' The sessions that timed out could not be listed just now.' : ''}`,
    );
  if (stated !== undefined) return ok(check, words);
  return ok(
    check,
    shown.ms === undefined
      ? `${words} ${shown.of === 0 ? 'None has timed out of late.' : `None of the ${shown.of} that timed out of late shows it.`}`
      : `${words} ${shown.by} of the ${shown.of} newest that timed out ${shown.by === 1 ? 'shows' : 'show'} it.`,
  );
}
