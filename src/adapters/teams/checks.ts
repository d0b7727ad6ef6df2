// The doctor's checks of Teams: the bot's own token, which proves that its registration, secret and tenant
// are right, the keys with which incoming messages are checked, and the places of the policy. No message is
// sent.
import type { ChatSubject } from '../chatPlatform.ts';
import type { Credentials } from '../entra/settings.ts';
import { TokenError } from '../entra/tokenError.ts';
import { channelAuthorities, isConnector } from './inbound/hosts.ts';
import type { Secret } from '../secret.ts';
import { field, parseJson } from '../../liveResponse/text/json.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { Caller } from '../checks/call.ts';
import { certificateLine } from '../checks/certificate.ts';
import { claimsOf } from '../checks/claims.ts';
import { fail, ok, skip, warn } from '../checks/line.ts';
import type { Line, Tell } from '../checks/line.ts';
import type { TeamsSettings } from './settings.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskWords } from '../store/journal/disk.ts';
import { codeOf } from '../clock.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { idsOn } from '../../liveResponse/request/request.ts';
import { surface } from './ids.ts';

export interface TeamsSubject extends ChatSubject {
  readonly settings: TeamsSettings;
}

export async function examineTeams(subject: TeamsSubject, caller: Caller, tell: Tell): Promise<void> {
  const { settings } = subject;
  if (settings.devNoAuth) {
    tell(
      warn(
        'teams.app',
        'LR_TEAMS_DEV_NO_AUTH: nobody is authenticated',
        'For development with the simulator only; set MicrosoftAppId and its secret for anything else.',
      ),
    );
    return;
  }
  const { type, appId = '', tenantId, cloud, allowedTenants } = settings;
  tell(
    ok(
      'teams.app',
      `${type}, application ${appId}${tenantId === undefined ? '' : ` of the tenant ${tenantId}`}, ${cloud === 'usGov' ? 'US government' : 'public cloud'}; members of ${allowedTenants.join(', ')} may use the bot${settings.door === 'direct' ? '; without botbuilder (LR_TEAMS_DOOR)' : ''}`,
    ),
  );
  if (settings.certificatePath !== undefined)
    tell(
      certificateLine(
        'teams.certificate',
        'MicrosoftAppCertificatePath',
        settings.certificatePath,
        caller.clock.now(),
      ),
    );
  const { line, token } = await tokenLine(subject, appId);
  tell(line);
  tell(
    await metadataLine(
      subject.openIdMetadata ?? channelAuthorities[cloud].openIdMetadata,
      channelAuthorities[cloud].issuer,
      caller,
    ),
  );
  await examineTeamsPlaces(
    {
      policy: subject.policy,
      dataDir: subject.dataDir,
      token,
      ...(subject.origins === undefined ? {} : { origins: subject.origins }),
    },
    caller,
    tell,
  );
}

async function tokenLine(
  { settings, tokensOf }: TeamsSubject,
  appId: string,
): Promise<{ readonly line: Line; readonly token?: Secret }> {
  const check = 'teams.token';
  const authority = channelAuthorities[settings.cloud];
  const credentials = credentialsOf(settings, appId);
  if (credentials === undefined)
    return {
      line: skip(
        check,
        'there is no credential to try',
        'Set MicrosoftAppPassword or MicrosoftAppCertificatePath.',
      ),
    };
  try {
    const token = await tokensOf(credentials, authority.login).getToken(`${authority.audience}/.default`);
    const claims = token === undefined ? undefined : claimsOf(token.value.reveal());
    if (claims?.appId !== undefined && claims.appId.toLowerCase() !== appId) {
      return {
        line: fail(
          check,
          `the token is of the application ${claims.appId}, not of MicrosoftAppId`,
          'Set MicrosoftAppId to the application whose identity this machine has.',
        ),
      };
    }
    return {
      line: ok(check, 'obtained: the registration and its credential fit together'),
      ...(token === undefined ? {} : { token: token.value }),
    };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const next =
      error.code === 'unreachable'
        ? `Let this machine reach ${authority.login} over https.`
        : 'Check MicrosoftAppId, MicrosoftAppPassword (the secret’s value, not its id), MicrosoftAppTenantId and MicrosoftAppType (docs/teams-setup.md, step 1).';
    return { line: fail(check, inTeamsWords(error.message), next) };
  }
}

/** The sentences were written for Defender's settings. */
function inTeamsWords(sentence: string): string {
  return sentence
    .replaceAll('AZURE_CLIENT_ID', 'MicrosoftAppId')
    .replaceAll('AZURE_TENANT_ID', 'MicrosoftAppTenantId')
    .replaceAll('AZURE_CLIENT_CERTIFICATE_PATH', 'MicrosoftAppCertificatePath');
}

function credentialsOf(
  { type, password, certificatePath, tenantId, cloud }: TeamsSettings,
  clientId: string,
): Credentials | undefined {
  if (type === 'UserAssignedMSI') return { kind: 'managedIdentity', clientId };
  const tenant = type === 'MultiTenant' ? channelAuthorities[cloud].sharedTenant : (tenantId ?? '');
  if (password !== undefined) return { kind: 'secret', tenantId: tenant, clientId, secret: password };
  return certificatePath === undefined
    ? undefined
    : { kind: 'certificate', tenantId: tenant, clientId, path: certificatePath };
}

async function metadataLine(url: string, issuer: string, caller: Caller): Promise<Line> {
  const check = 'teams.keys';
  const { host } = new URL(url);
  const answer = await call(caller, { method: 'GET', url: new URL(url) });
  if (!isAnswer(answer))
    return fail(
      check,
      `${host} gives no answer (${answer.why}), so no message of Teams could be checked`,
      'Let this machine reach it over https (proxy, firewall, DNS).',
    );
  const value = answer.body?.value;
  if (
    answer.status !== 200 ||
    typeof field(value, 'jwks_uri') !== 'string' ||
    field(value, 'issuer') !== issuer
  ) {
    return fail(
      check,
      `${host} answers ${answer.status}, without the keys that messages of Teams are checked with`,
      'Something between here and Teams answers in its place: look at proxies, and at ChannelService.',
    );
  }
  return ok(check, `${host} tells the keys that messages of Teams are checked with`);
}

const placeCheck = 'teams.place';
const addIt =
  'Add the app to that team or chat and mention it once; "/lr whoami" there prints the id for the policy.';

interface TeamsPlaces {
  readonly policy: Policy | undefined;
  readonly dataDir: string;
  /** Undefined where none could be had. */
  readonly token: Secret | undefined;
  /** Origins of connectors next to Microsoft's, for tests. */
  readonly origins?: readonly string[];
}

/**
 * The places that the policy names: where a running bot has heard from one, a small reading with its own
 * token shows whether the bot is still in it. Where it has heard nothing, nobody can know from here.
 */
async function examineTeamsPlaces(
  { policy, dataDir, token, origins = [] }: TeamsPlaces,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  const places = idsOn(
    surface,
    (policy?.places ?? []).map(({ place }) => place),
  );
  if (places.length === 0) return;
  const known = heardFrom(dataDir);
  if (typeof known === 'string') {
    tell(
      warn(
        placeCheck,
        `where the bot has been heard from could not be read: ${known}`,
        'Run the doctor as the bot\u2019s user.',
      ),
    );
    return;
  }
  for (const place of places) {
    const serviceUrl = known.get(place);
    if (serviceUrl === undefined)
      tell(
        skip(
          placeCheck,
          `no message of ${place} has reached the bot yet, so nobody can tell from here whether it is in it`,
          addIt,
        ),
      );
    else if (token === undefined) tell(skip(placeCheck, `${place} not looked at`, 'Fix teams.token first.'));
    // The file says where our token would go.
    else if (!isConnector(serviceUrl, origins))
      tell(
        fail(
          placeCheck,
          `${place} is noted with an address that is not Microsoft\u2019s`,
          'Remove teams-conversations.json from the data folder; the bot learns it again.',
        ),
      );
    else tell(await look(place, serviceUrl, token, caller));
  }
}

async function look(place: string, serviceUrl: string, token: Secret, caller: Caller): Promise<Line> {
  const url = new URL(
    `v3/conversations/${encodeURIComponent(place)}/pagedmembers?pageSize=1`,
    serviceUrl.endsWith('/') ? serviceUrl : `${serviceUrl}/`,
  );
  const answer = await call(caller, {
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${token.reveal()}` },
  });
  if (!isAnswer(answer))
    return fail(
      placeCheck,
      `${place} cannot be looked at: ${answer.why}`,
      'Let this machine reach Teams over https (proxy, firewall, DNS).',
    );
  if (answer.status === 200) return ok(placeCheck, `the bot is in ${place}`);
  const code = field(field(answer.body?.value, 'error'), 'code');
  const said = `Teams answers ${answer.status}${typeof code === 'string' ? ` ${code.slice(0, 60)}` : ''}`;
  if (answer.status === 403 || answer.status === 404)
    return fail(placeCheck, `the bot is not in ${place} (${said}), so no card can stand there`, addIt);
  return warn(
    placeCheck,
    `${place} cannot be looked at: ${said}`,
    'Run the doctor again; if it stays so, look at teams.token.',
  );
}

/** Each place with its service URL, or why that could not be read. */
function heardFrom(dataDir: string): ReadonlyMap<string, string> | string {
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'teams-conversations.json'), 'utf8');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? new Map() : diskWords(error);
  }
  const file = parseJson(text)?.value;
  // The bot writes it as a text with its authentication code; only the bot needs to believe it.
  const inner = field(file, 'text');
  const places = field(typeof inner === 'string' ? parseJson(inner)?.value : file, 'places');
  if (typeof places !== 'object' || places === null) return new Map();
  return new Map(
    Object.entries(places).flatMap(([id, one]): [string, string][] => {
      const url = field(one, 'serviceUrl');
      return typeof url === 'string' ? [[id, url]] : [];
    }),
  );
}
