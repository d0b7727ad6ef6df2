// Teams: the bot's own token, which is what its registration, secret and tenant have to be right for, and the
// keys with which incoming messages are checked; then the places of the policy. No message is sent.
import type { ChatSubject } from '../chatPlatform.ts';
import type { Credentials } from '../entra/settings.ts';
import { TokenError } from '../entra/tokenError.ts';
import { channelAuthorities } from './inbound/hosts.ts';
import type { Secret } from '../secret.ts';
import { field } from '../../liveResponse/text/json.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { Caller } from '../checks/call.ts';
import { certificateLine } from '../checks/certificate.ts';
import { claimsOf } from '../checks/claims.ts';
import { fail, ok, skip, warn } from '../checks/line.ts';
import type { Line, Tell } from '../checks/line.ts';
import { examineTeamsPlaces } from './placeChecks.ts';
import type { TeamsSettings } from './settings.ts';

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
