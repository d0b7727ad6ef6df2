// How far Slack vouches for an account, and who is in a user group. Read from Slack, never from the payload; what cannot be read is refused.
import type { Account, Groups, Trust } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { asRecord } from './errors.ts';
import { peopleMemory } from './limits.ts';
import { createMemo } from './memo.ts';
import type { Fields, WebApi } from './webApi.ts';

export const surface = 'slack';

export interface People extends Groups {
  /** `teams` are ids of the workspaces the payload says the account belongs to. @throws SlackFailure */
  account(user: string, teams: readonly string[], fresh: boolean): Promise<Account>;
}

/** `allowed` holds workspace ids (T...) and, for Enterprise Grid, organisation ids (E...). */
export function createPeople(api: Pick<WebApi, 'call'>, clock: Pick<Clock, 'now' | 'elapsed'>, log: Log, allowed: readonly string[], homeTeam: string): People {
  const users = createMemo(clock, peopleMemory, async (user) => asRecord((await api.call('users.info', { user }))['user']));
  const members = createMemo(clock, peopleMemory, async (group) => {
    // The workspace is named because an app installed for a whole organisation must say which one it means.
    const answer = await api.call('usergroups.users.list', { usergroup: group, team_id: homeTeam });
    const list = answer['users'];
    if (!Array.isArray(list)) throw new Error(`Slack did not list the members of ${group}.`);
    return new Set(list.filter((one): one is string => typeof one === 'string'));
  });

  return {
    async account(user, teams, fresh) {
      const told = await users.get(user, fresh);
      const profile = asRecord(told['profile']);
      const name = [profile['display_name'], profile['real_name'], told['real_name'], told['name']].find((one): one is string => typeof one === 'string' && one !== '');
      const team = typeof told['team_id'] === 'string' ? told['team_id'] : homeTeam;
      return {
        surface,
        id: user,
        trust: trustOf(user, told, teams, allowed),
        details: [['Slack workspace', team]],
        ...(name === undefined ? {} : { name }),
      };
    },
    async includes(group, person, fresh) {
      const found = /^slack:(S[A-Z0-9]{2,30})$/.exec(group)?.[1];
      if (found === undefined) return false;
      const prefix = `${surface}:`;
      const accounts = person.accounts.flatMap((account) => (account.startsWith(prefix) ? [account.slice(prefix.length)] : []));
      if (accounts.length === 0) return false;
      try {
        const inGroup = await members.get(found, fresh);
        return accounts.some((account) => inGroup.has(account));
      } catch (error) {
        log.warn('slackGroupNotRead', { group, error });
        throw error;
      }
    },
  };
}

/** Default deny: `member` is left over when nothing speaks against it and the workspace is one of ours. */
export function trustOf(user: string, told: Fields, payloadTeams: readonly string[], allowed: readonly string[]): Trust {
  const is = (flag: string): boolean => told[flag] === true;
  if (told['id'] !== user) return 'anonymous';
  if (is('deleted')) return 'deactivated';
  if (is('is_bot') || is('is_workflow_bot') || user === 'USLACKBOT') return 'bot';
  if (is('is_stranger')) return 'external';
  if (is('is_restricted') || is('is_ultra_restricted') || is('is_invited_user')) return 'guest';
  const organisation = asRecord(told['enterprise_user']);
  const homes = [told['team_id'], organisation['enterprise_id']].filter((one): one is string => typeof one === 'string');
  if (!homes.some((home) => allowed.includes(home))) return 'foreignTenant';
  // A click out of another organisation's side of a shared channel names that organisation's workspace.
  const ours = payloadTeams.every((team) => allowed.includes(team) || homes.includes(team));
  return ours ? 'member' : 'foreignTenant';
}
