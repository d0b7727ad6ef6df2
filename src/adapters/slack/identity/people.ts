// How far Slack vouches for an account, and who is in a user group. Read from Slack, never from the payload;
// what cannot be read is refused.
import { idsOn } from '../../../liveResponse/request/surfaceKey.ts';
import type { Account, Groups, LastKnown } from '../../../bot/ports.ts';
import { stoppingWaits } from '../../../bot/policy/people/people.ts';
import type { Freshness } from '../../../bot/policy/people/people.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { within } from '../../clock.ts';
import { SlackFailure } from '../outbound/slackFailure.ts';
import { groupReadingsPerMinute, groupTurnWait, peopleMemory } from '../limits.ts';
import { platformName, slackGroups, surface } from '../ids.ts';
import { homesOf, isOurs, trustOf } from './organisation.ts';
import type { Organisations, OurTeams, Verdict } from './organisation.ts';
import type { Fields, WebApi } from '../outbound/webApi.ts';
import { parseJson, recordOf, textsOf } from '../../../liveResponse/text/json.ts';

export { trustOf } from './organisation.ts';

export interface People extends Groups {
  /**
   * `teams` is what the payload says of where the account belongs, as `trustOf` reads it. @throws
   * SlackFailure, unless it is asked for a decision
   */
  account(user: string, teams: readonly string[], how: Freshness): Promise<Account>;
}

export interface PeopleOptions {
  /** The organisation of our workspace, where it has one. */
  readonly organisation?: string;
  /** What Slack last said, for what only stops something. */
  readonly lastKnown?: LastKnown;
  readonly sleep?: Clock['sleep'];
}

/** Slack's answers that say who somebody is not; all other failures say nothing of the person. */
const nobody = new Set(['user_not_found', 'user_not_visible']);

/** `allowed` holds workspace ids (T...) and, for Enterprise Grid, organisation ids (E...). */
export function createPeople(
  api: Pick<WebApi, 'call'>,
  clock: Pick<Clock, 'now' | 'elapsed'>,
  log: Log,
  allowed: readonly string[],
  homeTeam: string,
  options: PeopleOptions = {},
): People {
  const { organisation, sleep, lastKnown = new Map<string, string>() } = options;
  const ours: OurTeams = { allowed, home: homeTeam, ...(organisation === undefined ? {} : { organisation }) };
  const most = 2_000;
  const users = new SharedReadings({
    clock,
    life: peopleMemory,
    most,
    read: async (user: string) => recordOf((await api.call('users.info', { user }))['user']),
  });
  /** All groups of a workspace share one limit. */
  const groupReadings = new SlidingWindow([{ limit: groupReadingsPerMinute, ms: 60_000 }]);

  /** Waits for its turn, a moment and no longer: who waits for it is a person who pressed. */
  async function turn(group: string): Promise<void> {
    for (let waited = 0; !groupReadings.take(clock.elapsed());) {
      const wait = groupReadings.wait(clock.elapsed());
      if (sleep === undefined || waited + wait > groupTurnWait)
        throw new Error(
          `Slack lets the members of groups be listed ${groupReadingsPerMinute} times a minute, and they were; ${group} can be read in ${Math.ceil(wait / 1000)} s.`,
        );
      waited += wait;
      await sleep(wait);
    }
  }

  const members = new SharedReadings({
    clock,
    life: peopleMemory,
    most,
    read: async (group: string) => {
      await turn(group);
      // The workspace is named because an app installed for a whole organisation must say which one it means.
      const answer = await api.call('usergroups.users.list', { usergroup: group, team_id: homeTeam });
      const list = answer['users'];
      if (!Array.isArray(list)) throw new Error(`Slack did not list the members of ${group}.`);
      return new Set(list.filter((one): one is string => typeof one === 'string'));
    },
  });

  /** What Slack says now or said within the minute; undefined when it knows nobody of that id. */
  async function told(user: string, how: Freshness): Promise<Fields | undefined> {
    try {
      const reading = users.get(user, { recency: how !== 'remembered' });
      return await (how === 'nowOrLast' && sleep !== undefined
        ? within({ sleep }, stoppingWaits, 'users.info', reading)
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
  function unasked(
    user: string,
    teams: readonly string[],
    how: Freshness,
  ): Pick<Account, 'trust' | 'lastKnown'> {
    if (how === 'now') return { trust: 'unknown' };
    const last = lastSaid(lastKnown.get(`${surface} ${user}`));
    if (last !== undefined && last.verdict !== 'member') return { trust: last.verdict, lastKnown: true };
    if (!isOurs(teams, last?.homes ?? { teams: [] }, ours)) return { trust: 'foreignTenant' };
    return last === undefined ? { trust: 'unknown' } : { trust: 'member', lastKnown: true };
  }

  return {
    async account(user, teams, how) {
      let found: Fields | undefined;
      try {
        found = await told(user, how);
      } catch (error) {
        if (how === 'remembered') throw error;
        log.warn('slackPersonNotRead', { user, error });
        return { surface, platform: platformName, id: user, ...unasked(user, teams, how) };
      }
      const trust =
        found === undefined ? 'external' : trustOf(user, found, teams, allowed, organisation, homeTeam);
      // A no is not remembered: a person who has just become a member is one.
      if (trust !== 'member') users.forget(user);
      // What this one payload says is no property of the account.
      const verdict =
        found === undefined ? 'external' : trustOf(user, found, [], allowed, organisation, homeTeam);
      if (verdict !== 'anonymous')
        lastKnown.set(`${surface} ${user}`, JSON.stringify({ verdict, ...homesOf(found ?? {}) }));
      const profile = recordOf(found?.['profile']);
      const name = [
        profile['display_name'],
        profile['real_name'],
        found?.['real_name'],
        found?.['name'],
      ].find((one): one is string => typeof one === 'string' && one !== '');
      const team = typeof found?.['team_id'] === 'string' ? found['team_id'] : homeTeam;
      return {
        surface,
        platform: platformName,
        id: user,
        trust,
        details: [['Slack workspace', team]],
        ...(name === undefined ? {} : { name }),
      };
    },
    async includes(group, person, fresh = false) {
      const [found] = idsOn(slackGroups.prefix, [group]);
      if (found === undefined || !/^S[A-Z0-9]{2,30}$/.test(found)) return false;
      const accounts = idsOn(surface, person.accounts);
      if (accounts.length === 0) return false;
      try {
        const inGroup = await members.get(found, { recency: fresh });
        return accounts.some((account) => inGroup.has(account));
      } catch (error) {
        log.warn('slackGroupNotRead', { group, error });
        throw error;
      }
    },
  };
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
