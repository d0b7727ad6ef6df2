// People of Slack: how far Slack vouches for an account, and who is in a user group. Read from Slack, never
// from the payload; what cannot be read is refused.
import { idsOn } from '../../../liveResponse/request/request.ts';
import type { Person } from '../../../bot/policy/policy.ts';
import type { Account, Groups, LastKnown } from '../../../bot/ports.ts';
import { stoppingWaits } from '../../../bot/policy/people/people.ts';
import type { Freshness } from '../../../bot/policy/people/people.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Recency } from '../../../liveResponse/pacing/sharedReadings.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { within } from '../../clock.ts';
import { SlackFailure } from '../outbound/slackFailure.ts';
import { groupReadingsPerMinute, groupTurnWait, peopleMemory } from '../limits.ts';
import { platformName, slackGroups, surface } from '../ids.ts';
import { homesOf, isOurs, trustOf } from './channels.ts';
import type { Organisations, OurTeams, Verdict } from './channels.ts';
import type { Fields, WebApi } from '../outbound/webApi.ts';
import { parseJson, recordOf, textsOf } from '../../../liveResponse/text/json.ts';

export interface PeopleParts {
  readonly api: Pick<WebApi, 'call'>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Log;
  readonly ours: OurTeams;
  /** What Slack last said, for what only stops something. */
  readonly lastKnown?: LastKnown | undefined;
}

/** Slack's answers that say who somebody is not; all other failures say nothing of the person. */
const nobody = new Set(['user_not_found', 'user_not_visible']);
/** People and groups of which an answer is remembered; the one asked about longest ago is forgotten first. */
const most = 2_000;

export class People implements Groups {
  readonly #parts: PeopleParts;
  readonly #lastKnown: LastKnown;
  /** All groups of a workspace share one limit. */
  readonly #groupReadings = new SlidingWindow([{ limit: groupReadingsPerMinute, ms: 60_000 }]);
  readonly #users: SharedReadings<string, Fields>;
  readonly #members: SharedReadings<string, ReadonlySet<string>>;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
    this.#lastKnown = parts.lastKnown ?? new Map<string, string>();
    const memory = { clock: parts.clock, life: peopleMemory, most };
    this.#users = new SharedReadings({
      ...memory,
      read: async (user) => recordOf((await parts.api.call('users.info', { user }))['user']),
    });
    this.#members = new SharedReadings({ ...memory, read: (group) => this.#readMembers(group) });
  }

  /**
   * `teams` is what the payload says of where the account belongs, as `trustOf` reads it.
   * @throws SlackFailure, unless it is asked for a decision
   */
  async account(user: string, teams: readonly string[], how: Freshness): Promise<Account> {
    const { ours, log } = this.#parts;
    let found: Fields | undefined;
    try {
      found = await this.#told(user, how);
    } catch (error) {
      if (how === 'remembered') throw error;
      log.warn('slackPersonNotRead', { user, error });
      return { surface, platform: platformName, id: user, ...this.#unasked(user, teams, how) };
    }
    const trust = found === undefined ? 'external' : trustOf(user, found, teams, ours);
    // A no is not remembered: a person who has just become a member is one.
    if (trust !== 'member') this.#users.forget(user);
    // What this one payload says is no property of the account.
    const verdict = found === undefined ? 'external' : trustOf(user, found, [], ours);
    if (verdict !== 'anonymous')
      this.#lastKnown.set(`${surface} ${user}`, JSON.stringify({ verdict, ...homesOf(found ?? {}) }));
    const name = nameOf(found);
    const team = typeof found?.['team_id'] === 'string' ? found['team_id'] : ours.home;
    return {
      surface,
      platform: platformName,
      id: user,
      trust,
      details: [['Slack workspace', team]],
      ...(name === undefined ? {} : { name }),
    };
  }

  async includes(group: string, person: Person, fresh: Recency = false): Promise<boolean> {
    const [found] = idsOn(slackGroups.prefix, [group]);
    if (found === undefined || !/^S[A-Z0-9]{2,30}$/.test(found)) return false;
    const accounts = idsOn(surface, person.accounts);
    if (accounts.length === 0) return false;
    try {
      const inGroup = await this.#members.get(found, { recency: fresh });
      return accounts.some((account) => inGroup.has(account));
    } catch (error) {
      this.#parts.log.warn('slackGroupNotRead', { group, error });
      throw error;
    }
  }

  /** What Slack says now or said within the minute; undefined when it knows nobody of that id. */
  async #told(user: string, how: Freshness): Promise<Fields | undefined> {
    try {
      const reading = this.#users.get(user, { recency: how !== 'remembered' });
      return await (how === 'nowOrLast'
        ? within(this.#parts.clock, stoppingWaits, 'users.info', reading)
        : reading);
    } catch (error) {
      if (error instanceof SlackFailure && nobody.has(error.slackError)) return undefined;
      throw error;
    }
  }

  /**
   * Without an answer of Slack nobody lets anything run; stopping something takes what it last said, and the
   * policy where it said nothing.
   */
  #unasked(user: string, teams: readonly string[], how: Freshness): Pick<Account, 'trust' | 'lastKnown'> {
    if (how === 'now') return { trust: 'unknown' };
    const last = lastSaid(this.#lastKnown.get(`${surface} ${user}`));
    if (last !== undefined && last.verdict !== 'member') return { trust: last.verdict, lastKnown: true };
    if (!isOurs(teams, last?.homes ?? { teams: [] }, this.#parts.ours)) return { trust: 'foreignTenant' };
    return last === undefined ? { trust: 'unknown' } : { trust: 'member', lastKnown: true };
  }

  async #readMembers(group: string): Promise<ReadonlySet<string>> {
    await this.#turn(group);
    // The workspace is named because an app installed for a whole organisation must say which one it means.
    const answer = await this.#parts.api.call('usergroups.users.list', {
      usergroup: group,
      team_id: this.#parts.ours.home,
    });
    const list = answer['users'];
    if (!Array.isArray(list)) throw new Error(`Slack did not list the members of ${group}.`);
    return new Set(list.filter((one): one is string => typeof one === 'string'));
  }

  /** Waits for its turn, a moment and no longer: a person who pressed waits for it. */
  async #turn(group: string): Promise<void> {
    const { clock } = this.#parts;
    for (let waited = 0; !this.#groupReadings.take(clock.elapsed());) {
      const wait = this.#groupReadings.wait(clock.elapsed());
      if (waited + wait > groupTurnWait)
        throw new Error(
          `Slack lets the members of groups be listed ${groupReadingsPerMinute} times a minute, and they were; ${group} can be read in ${Math.ceil(wait / 1000)} s.`,
        );
      waited += wait;
      await clock.sleep(wait);
    }
  }
}

function nameOf(found: Fields | undefined): string | undefined {
  const profile = recordOf(found?.['profile']);
  return [profile['display_name'], profile['real_name'], found?.['real_name'], found?.['name']].find(
    (one): one is string => typeof one === 'string' && one !== '',
  );
}

function lastSaid(
  text: string | undefined,
): { readonly verdict: Verdict; readonly homes: Organisations } | undefined {
  if (text === undefined) return undefined;
  const { verdict, teams, organisation } = recordOf(parseJson(text)?.value);
  if (!verdicts.has(verdict as Verdict)) return undefined;
  return {
    verdict: verdict as Verdict,
    homes: {
      teams: textsOf(teams),
      ...(typeof organisation === 'string' ? { organisation } : {}),
    },
  };
}

const verdicts: ReadonlySet<Verdict> = new Set<Verdict>([
  'member',
  'guest',
  'external',
  'bot',
  'foreignTenant',
  'deactivated',
]);
