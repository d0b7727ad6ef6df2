// Membership of Entra groups through Microsoft Graph, for roles. Whatever goes wrong is thrown: nobody gets a role on a guess.
import type { Person } from '../../bot/rules/policy.ts';
import type { Groups } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { jsonOf } from '../outbound/http.ts';
import type { Http, HttpAnswer } from '../outbound/http.ts';
import type { TokenSource } from './credentials.ts';

/** How long an answer holds where nothing is decided; a decision asks again. Milliseconds. */
export const groupsFor = 60_000;
/** Milliseconds for one question; a press waits for it. */
const pressTimeoutMs = 2_500;
const maxBytes = 65_536;
const mostKept = 10_000;
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Graph hosts (learn.microsoft.com/graph/deployments). */
export const graphHosts = { public: 'https://graph.microsoft.com', usGov: 'https://graph.microsoft.us' } as const;

export interface EntraGroupsOptions {
  readonly http: Http;
  /** Application permissions User.Read.All and GroupMember.Read.All, with admin consent. */
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Origin of Graph; its `.default` scope is asked for. */
  readonly graph: string;
  /** Milliseconds for one question; by default as long as a press may wait. */
  readonly timeoutMs?: number;
}

/** The prefix of a role member that is an Entra group. */
export const entraPrefix = 'entra:';

export class EntraGroups implements Groups {
  readonly #options: EntraGroupsOptions;
  readonly #known = new Map<string, { readonly answer: Promise<boolean>; readonly until: number }>();

  constructor(options: EntraGroupsOptions) {
    this.#options = options;
  }

  /** Nested groups count. `group` is `entra:<object id>`; a person is known to Entra by the object id of the Teams account. */
  async includes(group: string, person: Person, fresh = false): Promise<boolean> {
    const id = group.startsWith(entraPrefix) ? group.slice(entraPrefix.length).toLowerCase() : '';
    if (!guid.test(id)) throw new Error(`${group.slice(0, 80)} is not an Entra group; write entra: and its object id`);
    const accounts = person.accounts.flatMap((account) => (account.startsWith('teams:') ? [account.slice('teams:'.length).toLowerCase()] : []));
    for (const account of accounts) if (await this.#isIn(id, account, fresh)) return true;
    return false;
  }

  async #isIn(group: string, account: string, fresh: boolean): Promise<boolean> {
    const now = this.#options.clock.now();
    const key = `${account} ${group}`;
    const known = this.#known.get(key);
    if (!fresh && known !== undefined && known.until > now) return known.answer;
    const answer = this.#ask(group, account);
    this.#known.delete(key);
    this.#known.set(key, { answer, until: now + groupsFor });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKept && oldest !== undefined) this.#known.delete(oldest);
    try {
      return await answer;
    } catch (error) {
      // Failures are not kept: the next press asks again.
      this.#known.delete(key);
      this.#options.log.warn('entraGroupUnread', { group, error });
      throw error;
    }
  }

  async #ask(group: string, account: string): Promise<boolean> {
    if (!guid.test(account)) throw new Error('the Teams account of this person is not an Entra object id');
    let answer = await this.#send(group, account, false);
    if (answer.status === 401) answer = await this.#send(group, account, true);
    // The person is gone from the directory, which is an answer.
    if (answer.status === 404) return false;
    if (answer.status !== 200) throw new Error(`Graph answered ${answer.status}${answer.status === 403 ? ': it needs the application permissions User.Read.All and GroupMember.Read.All' : ''}`);
    const body = jsonOf(answer)?.value;
    const groups: unknown = typeof body === 'object' && body !== null && 'value' in body ? body.value : undefined;
    if (!Array.isArray(groups)) throw new Error('Graph answered without a list of groups');
    return groups.some((one: unknown) => typeof one === 'string' && one.toLowerCase() === group);
  }

  /** learn.microsoft.com/graph/api/user-checkmembergroups: transitive, at most 20 groups a call. */
  async #send(group: string, account: string, renew: boolean): Promise<HttpAnswer> {
    const { http, tokens, graph } = this.#options;
    const token = await tokens.getToken(`${graph}/.default`, renew);
    return http.send({
      method: 'POST',
      url: new URL(`/v1.0/users/${account}/checkMemberGroups`, graph),
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` }) },
      body: JSON.stringify({ groupIds: [group] }),
      timeoutMs: this.#options.timeoutMs ?? pressTimeoutMs,
      maxBytes,
    });
  }
}
