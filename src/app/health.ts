// Health of the process, for /healthz and /readyz: what must be restarted, what may take no
// deliveries, and what only goes badly.
import { surfaceKey } from '../liveResponse/request/request.ts';
import { stamp } from '../../cards/clip.ts';
import { rightSentence } from '../../cards/messages/rights.ts';
import { sessionsIn } from '../bot/workers/transition.ts';
import type { Check } from '../adapters/http/server.ts';
import type { Anchoring } from '../adapters/store/journal/anchors.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Workers } from '../bot/workers/workers.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Chats } from './chats.ts';
import type { Clock } from '../liveResponse/ports.ts';

export interface HealthParts {
  readonly store: Store;
  readonly loop: Workers;
  readonly policy: Policy;
  /** Why its file cannot be used; undefined while it can. */
  readonly policyTrouble: () => string | undefined;
  readonly chats: Pick<Chats, 'checks'>;
  readonly anchoring: Pick<Anchoring, 'trouble'>;
  readonly clock: Clock;
  readonly phase: () => 'starting' | 'running' | 'stopping';
}

/** A card takes this long now and then; after that it is said. Milliseconds. */
const cardsMayTake = 60_000;
/**
 * Running sessions that could not be read for so long are not followed, whatever the reason. Milliseconds.
 */
const followingMayTake = 2 * 60_000;

export class Health {
  readonly #parts: HealthParts;
  #behindSince: number | undefined;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** One check for each worker; one that is not well asks the supervisor for a restart. */
  alive(): readonly Check[] {
    return this.#parts.loop.workers().map(({ name, purpose, stuck, lastRun, nextRun }) => {
      const times = `${purpose}; last run ${lastRun === undefined ? 'none yet' : stamp(lastRun)}, next ${nextRun === undefined ? 'under way' : stamp(nextRun)}`;
      return {
        name: `worker ${name}`,
        ok: stuck === undefined,
        why: stuck === undefined ? times : `${stuck} (${times}). The process must be restarted.`,
      };
    });
  }

  #defender(): string | undefined {
    const view = this.#parts.loop.outlook.defender();
    if (!view.readable) return `${view.why} (since ${stamp(view.since)})`;
    const stuck = sessionsIn(this.#parts.store.open(), ['queued']).find(
      ({ session: { stage } }) => stage.waitsFor === 'unavailable' || stage.waitsFor === 'unauthorized',
    );
    if (stuck === undefined) return undefined;
    const { error } = stuck.session.stage;
    const right = error === undefined ? undefined : rightSentence(error);
    return `approved requests wait, because Defender ${right === undefined ? 'cannot be reached' : `does not let the bot in: ${right}`}`;
  }

  #following(): string | undefined {
    const { store, loop, clock } = this.#parts;
    const readAt = loop.following.readAt();
    if (readAt === undefined || clock.elapsed() - readAt <= followingMayTake) return undefined;
    const running = sessionsIn(store.open(), ['running']).length;
    if (running === 0) return undefined;
    return `${running} running sessions have not been read since ${stamp(clock.now() - (clock.elapsed() - readAt))}`;
  }

  #cards(): Check {
    const { loop, clock } = this.#parts;
    const behind = loop.cardSync.behind();
    this.#behindSince = behind === 0 ? undefined : (this.#behindSince ?? clock.elapsed());
    const long = this.#behindSince !== undefined && clock.elapsed() - this.#behindSince > cardsMayTake;
    return {
      name: 'cards',
      ok: !long,
      why: `${behind} behind${long ? `, some of them since ${stamp(clock.now() - (clock.elapsed() - (this.#behindSince ?? 0)))}` : ''}`,
    };
  }

  #places(): string | undefined {
    const closed = this.#parts.loop.cardSync.closed();
    if (closed.length === 0) return undefined;
    return `cards cannot be written in ${closed.map(({ surface, place, since, why }) => `${surfaceKey(surface, place)} (since ${stamp(since)}: ${why})`).join('; ')}`;
  }

  #process(): Check {
    const now = this.#parts.phase();
    return {
      name: 'process',
      ok: now === 'running',
      blocks: true,
      ...(now === 'running' ? {} : { why: now }),
    };
  }

  ready(): readonly Check[] {
    const { store, loop, policy, policyTrouble, chats, anchoring } = this.#parts;
    const trouble = store.trouble();
    const broken = store.auditBreak();
    const freeze = store.freeze();
    const failing = loop
      .workers()
      .filter(({ lastError, stuck }) => lastError !== undefined || stuck !== undefined);
    return [
      this.#process(),
      trouble === undefined
        ? { name: 'journal', ok: true }
        : {
            name: 'journal',
            ok: false,
            blocks: true,
            why: `${trouble} Nothing is approved or sent until it can be written again.`,
          },
      // An old break is for an auditor to look at; incident response continues.
      { name: 'audit', ok: true, ...(broken === undefined ? {} : { why: broken }) },
      check('anchors', anchoring.trouble()),
      check('defender', this.#defender()),
      check('following', this.#following()),
      check(
        'workers',
        failing.length === 0
          ? undefined
          : failing.map(({ name, stuck, lastError }) => `${name}: ${stuck ?? lastError ?? ''}`).join('; '),
      ),
      check('clock', loop.clockWatch.trouble()),
      {
        name: 'policy',
        ok: policyTrouble() === undefined,
        why:
          policyTrouble() ??
          `${policy.people.length} people, ${policy.recipes.size} recipes, ${policy.places.length} places`,
      },
      {
        name: 'submissions',
        ok: true,
        ...(freeze === undefined ? {} : { why: `frozen by ${freeze.by}: ${freeze.why}` }),
      },
      this.#cards(),
      check('places', this.#places()),
      ...chats.checks(),
    ];
  }
}

function check(name: string, why: string | undefined): Check {
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}
