// Membership of Entra groups through Microsoft Graph, for roles. Every failure is thrown: nobody gets a role
// on a guess.
import { EntraTokens } from './credentials.ts';
import type { Credentials } from './settings.ts';
import type { Person } from '../../bot/policy/policy.ts';
import type { Groups } from '../../bot/ports.ts';
import { SharedReadings } from '../../liveResponse/pacing/sharedReadings.ts';
import type { Recency } from '../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { idsOn } from '../../liveResponse/request/request.ts';
import { jsonOf } from '../outbound/http.ts';
import type { HttpClient, HttpAnswer } from '../outbound/http.ts';
import { entraGroups, knownBy } from './groupIds.ts';
import type { TokenSource } from './credentials.ts';
import { field, textsOf } from '../../liveResponse/text/json.ts';

/** How long an answer is used where nothing is decided; a decision asks again. Milliseconds. */
export const groupsFor = 60_000;
/** Milliseconds for one question; a press waits for it. */
const pressTimeoutMs = 2_500;
const maxBytes = 65_536;
const mostKept = 10_000;
/** learn.microsoft.com/graph/api/user-checkmembergroups: at most so many groups a call. */
export const groupsPerCall = 20;
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Graph hosts (learn.microsoft.com/graph/deployments). */
export const graphHosts = {
  public: 'https://graph.microsoft.com',
  usGov: 'https://graph.microsoft.us',
} as const;

export interface EntraGroupsOptions {
  readonly http: HttpClient;
  /** Application permissions User.Read.All and GroupMember.Read.All, with admin consent. */
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Origin of Graph; its `.default` scope is asked for. */
  readonly graph: string;
  /** Milliseconds for one question; by default as long as a press may wait. */
  readonly timeoutMs?: number;
}

export class EntraGroups implements Groups {
  readonly #options: EntraGroupsOptions;
  /** By account: groups that are asked about together are sent in one call. */
  readonly #readings: SharedReadings<string, ReadonlySet<string>>;

  constructor(options: EntraGroupsOptions) {
    this.#options = options;
    this.#readings = new SharedReadings({
      clock: options.clock,
      life: groupsFor,
      most: mostKept,
      read: (account, groups) => this.#read(account, [...groups]),
    });
  }

  /**
   * Nested groups count. `group` is `entra:<object id>`; a person is known to Entra by the object id of the
   * Teams account.
   */
  async includes(group: string, person: Person, fresh: Recency = false): Promise<boolean> {
    const id = idsOn(entraGroups.prefix, [group])[0]?.toLowerCase() ?? '';
    if (!guid.test(id))
      throw new Error(`${group.slice(0, 80)} is not an Entra group; write entra: and its object id`);
    const accounts = idsOn(knownBy, person.accounts).map((account) => account.toLowerCase());
    const answers = await Promise.all(
      accounts.map((account) => this.#readings.get(account, { recency: fresh, want: id })),
    );
    return answers.some((groups) => groups.has(id));
  }

  /** The groups among these that the account is in, nested ones included. */
  async #read(account: string, groups: readonly string[]): Promise<ReadonlySet<string>> {
    try {
      const found = new Set<string>();
      for (let at = 0; at < groups.length; at += groupsPerCall)
        for (const group of await this.#ask(groups.slice(at, at + groupsPerCall), account)) found.add(group);
      return found;
    } catch (error) {
      this.#options.log.warn('entraGroupUnread', { group: groups.join(' '), error });
      throw error;
    }
  }

  async #ask(groups: readonly string[], account: string): Promise<readonly string[]> {
    if (!guid.test(account)) throw new Error('the Teams account of this person is not an Entra object id');
    let answer = await this.#send(groups, account, false);
    if (answer.status === 401) answer = await this.#send(groups, account, true);
    // The person is no longer in the directory, which is an answer.
    if (answer.status === 404) return [];
    if (answer.status !== 200)
      throw new Error(
        `Graph answered ${answer.status}${answer.status === 403 ? ': it needs the application permissions User.Read.All and GroupMember.Read.All' : ''}`,
      );
    const list = field(jsonOf(answer)?.value, 'value');
    if (!Array.isArray(list)) throw new Error('Graph answered without a list of groups');
    return textsOf(list).map((one) => one.toLowerCase());
  }

  /** learn.microsoft.com/graph/api/user-checkmembergroups: transitive. */
  async #send(groups: readonly string[], account: string, renew: boolean): Promise<HttpAnswer> {
    const { http, tokens, graph } = this.#options;
    const token = await tokens.getToken(`${graph}/.default`, renew);
    return http.send({
      method: 'POST',
      url: new URL(`/v1.0/users/${account}/checkMemberGroups`, graph),
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` }),
      },
      body: JSON.stringify({ groupIds: groups }),
      timeoutMs: this.#options.timeoutMs ?? pressTimeoutMs,
      maxBytes,
    });
  }
}

export interface EntraService {
  readonly credentials: Credentials;
  /** Sign-in host. */
  readonly authority: string;
  /** Graph's origin, for tests; that of the sign-in host's cloud by default. */
  readonly graph?: string;
}

/** Graph's origin in the cloud of a sign-in host; the public cloud's where there is none. */
export function graphOf(authority: string | undefined): string {
  return authority?.endsWith('.us') === true ? graphHosts.usGov : graphHosts.public;
}

/** The groups that roles may name, read with the credentials of the settings. */
export function openEntraGroups(
  { credentials, authority, graph }: EntraService,
  http: HttpClient,
  clock: Clock,
  log: Log,
): Groups {
  return new EntraGroups({
    http,
    tokens: new EntraTokens({ credentials, authority, way: http }),
    clock,
    log,
    graph: graph ?? graphOf(authority),
  });
}
