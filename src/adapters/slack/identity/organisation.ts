// Membership of Slack accounts in our organisation, in every form in which Slack gives it: one workspace, or
// Enterprise Grid with many.
import type { Trust } from '../../../bot/ports.ts';
import type { Fields } from '../outbound/webApi.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

export type Verdict = Exclude<Trust, 'unknown'>;

/** Where an account belongs, as users.info says: workspaces (T...) and the organisation (E...). */
export interface Organisations {
  readonly teams: readonly string[];
  readonly organisation?: string;
}

export interface OurTeams {
  /** From the settings: workspaces and organisations. */
  readonly allowed: readonly string[];
  /** The workspace the app is installed in, and its organisation. */
  readonly home: string;
  readonly organisation?: string | undefined;
}

/** More than this are not kept: an account of a very large organisation. */
const mostTeams = 100;

export function homesOf(told: Fields): Organisations {
  const member = recordOf(told['enterprise_user']);
  const listed: readonly unknown[] = Array.isArray(member['teams']) ? member['teams'] : [];
  const teams = [told['team_id'] ?? recordOf(told['profile'])['team'], ...listed].filter(isId);
  // An app installed for the whole organisation gets the organisation in place of a workspace.
  const organisation = [member['enterprise_id'], told['enterprise_id'], told['team_id']].find(
    (one): one is string => isId(one) && one.startsWith('E'),
  );
  return {
    teams: [...new Set(teams)].slice(0, mostTeams),
    ...(organisation === undefined ? {} : { organisation }),
  };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[TE][A-Z0-9]{1,30}$/.test(value);
}

/**
 * An organisation that is allowed allows its workspaces; that of our own workspace is known without
 * users.info saying it.
 */
function isMember(
  { teams, organisation }: Organisations,
  { allowed, home, organisation: ourOrganisation }: OurTeams,
): boolean {
  if (organisation !== undefined && allowed.includes(organisation)) return true;
  if (teams.some((team) => allowed.includes(team))) return true;
  return ourOrganisation !== undefined && allowed.includes(ourOrganisation) && teams.includes(home);
}

/**
 * Whether nothing in a payload names somebody else's workspace: a click out of another organisation's side of
 * a shared channel does. Each entry is an id, or `T.../E...`: a workspace with the organisation that the
 * payload says it is of.
 */
export function isOurs(
  payloadTeams: readonly string[],
  { teams, organisation }: Organisations,
  { allowed, home, organisation: ourOrganisation }: OurTeams,
): boolean {
  const known = new Set([
    ...allowed,
    home,
    ...teams,
    ...[organisation, ourOrganisation].flatMap((one) => one ?? []),
  ]);
  return payloadTeams.every((entry) => entry.split('/').some((id) => known.has(id)));
}

/** Default deny: `member` is left over when nothing speaks against it and the workspace is one of ours. */
export function trustOf(
  user: string,
  told: Fields,
  payloadTeams: readonly string[],
  ours: OurTeams,
): Verdict {
  const is = (flag: string): boolean => told[flag] === true;
  // In a workspace of Enterprise Grid a person may have an older id of that workspace as well
  // as the organisation's.
  if (told['id'] !== user && recordOf(told['enterprise_user'])['id'] !== user) return 'anonymous';
  if (is('deleted')) return 'deactivated';
  if (is('is_bot') || is('is_workflow_bot') || is('is_connector_bot') || user === 'USLACKBOT') return 'bot';
  if (is('is_stranger')) return 'external';
  if (is('is_restricted') || is('is_ultra_restricted') || is('is_invited_user')) return 'guest';
  const homes = homesOf(told);
  return isMember(homes, ours) && isOurs(payloadTeams, homes, ours) ? 'member' : 'foreignTenant';
}
