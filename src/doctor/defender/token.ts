// The token for Defender: whether it can be had, for which tenant and audience, and whether its roles are
// enough for each feature. What it lacks is known before any call is made, so that one missing grant is one
// red line and not one for each call that needs it.
import { TokenError } from '../../adapters/entra/tokenError.ts';
import type { Token, TokenSource } from '../../adapters/entra/credentials.ts';
import { commercialScope } from '../../adapters/defender/clouds.ts';
import type { CallKind } from '../../liveResponse/pacing/callRates.ts';
import { mayCall, rights } from '../../liveResponse/codes/permissions.ts';
import { judgeAudience, resourceOf } from './audience.ts';
import { claimsOf } from '../../adapters/checks/claims.ts';
import type { Claims } from '../../adapters/checks/claims.ts';
import { fail, ok, skip, warn } from '../../adapters/checks/line.ts';
import type { Line, Tell } from '../../adapters/checks/line.ts';

export interface TokenSubject {
  readonly tokens: TokenSource;
  readonly scope: string;
  /** Audiences that the settings state besides the known ones. */
  readonly audiences?: readonly string[];
  /** The tenant of the settings. */
  readonly tenant: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface TokenFindings {
  /** Undefined when there is none, although one is needed. */
  readonly token: Token | undefined;
  /** Why calls with it are not worth making; undefined when they are. */
  readonly blocked: string | undefined;
  /** Why this kind of call would be refused; undefined when nothing speaks against it. */
  readonly lacking: (kind: CallKind) => string | undefined;
}

export async function examineToken(subject: TokenSubject, tell: Tell): Promise<TokenFindings> {
  let token: Token | undefined;
  try {
    token = await subject.tokens.getToken(subject.scope);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const next =
      error.code === 'unreachable'
        ? 'Let this machine reach the sign-in host over https (proxy, firewall, DNS).'
        : 'Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the credential (docs/defender-setup.md, step 3).';
    tell(fail('defender.token', error.message, next));
    return { token: undefined, blocked: 'there is no token', lacking: () => undefined };
  }
  if (token === undefined) {
    tell(ok('defender.token', 'none is needed: DEFENDER_AUTH=none, to this machine only'));
    return { token, blocked: undefined, lacking: () => undefined };
  }
  const claims = claimsOf(token.value.reveal());
  if (claims === undefined) {
    tell(
      warn(
        'defender.token',
        'obtained, but it is not in a form that can be read here; the calls below tell what it is good for',
        'Nothing, if they are all ok.',
      ),
    );
    return { token, blocked: undefined, lacking: () => undefined };
  }
  examineLife(claims, token, subject.now, tell);
  const blocked = examineTenant(claims, subject, tell) ?? examineAudience(claims, subject, tell);
  return { token, blocked, lacking: blocked === undefined ? examineRoles(claims, tell) : () => undefined };
}

function examineLife({ expiresAt }: Claims, token: Token, now: number, tell: Tell): void {
  const left = (expiresAt ?? token.expiresAt) - now;
  if (left > 0)
    tell(
      ok('defender.token', `obtained; it ends in ${Math.round(left / 60_000)} min and is renewed by itself`),
    );
  else
    tell(
      warn(
        'defender.token',
        'obtained, but by our clock it has ended already',
        'See defender.clock: mostly the time of this machine is wrong.',
      ),
    );
}

function examineTenant(
  { tenantId, appId }: Claims,
  { tenant }: TokenSubject,
  tell: Tell,
): string | undefined {
  if (tenantId === undefined || tenantId.toLowerCase() === tenant.toLowerCase()) {
    tell(ok('defender.tenant', `tenant ${tenant}${appId === undefined ? '' : `, application ${appId}`}`));
    return undefined;
  }
  tell(
    fail(
      'defender.tenant',
      `the token is of the tenant ${tenantId}, the settings name ${tenant}`,
      'Set AZURE_TENANT_ID to the tenant the devices are in, and use a credential of an app registration there.',
    ),
  );
  return 'the token is of another tenant';
}

/**
 * A trap: the new hosts still want tokens for the legacy resource, and answer 403 Forbidden to those of their
 * own name
 * (learn.microsoft.com/defender-endpoint/api/exposed-apis-create-app-webapp). The government clouds have
 * resources of their own. Only what is known to be refused keeps the calls from being made: of the rest they
 * tell more than anybody's list.
 */
function examineAudience(
  { audience }: Claims,
  { scope, audiences = [] }: TokenSubject,
  tell: Tell,
): string | undefined {
  const check = 'defender.audience';
  if (audience === undefined) {
    tell(warn(check, 'the token does not say whom it is for', 'Nothing, if the lines below are ok.'));
    return undefined;
  }
  const asked = resourceOf(scope);
  const remove = `Remove DEFENDER_SCOPE: the default is ${commercialScope}${/\.securitycenter\.microsoft\.us$/i.test(asked) ? ', in this cloud that of the API’s own host' : ''}.`;
  const said = audience.replace(/\/+$/, '');
  const verdict = judgeAudience(audience, asked, audiences);
  switch (verdict.is) {
    case 'right':
      tell(
        ok(
          check,
          `the token is for ${said}${verdict.stated === true ? ', which DEFENDER_AUDIENCES states' : ''}`,
        ),
      );
      return undefined;
    case 'field':
      tell(
        warn(
          check,
          `the token is for ${said}, ${verdict.why}: Defender is known to take it, though the documents name ${resourceOf(commercialScope)}`,
          `Nothing, if the lines below are ok: DEFENDER_AUDIENCES=${said} says that it is meant so. Else: ${remove}`,
        ),
      );
      return undefined;
    case 'wrong':
      tell(
        fail(
          check,
          `the token is for ${said}, and Defender answers 403 to that, also on its new hosts: it is ${verdict.of}`,
          remove,
        ),
      );
      return 'the token is for the wrong audience';
    case 'unknown':
      tell(
        warn(
          check,
          `the token is for ${said}, of which nobody has told whether Defender takes it. Known are ${resourceOf(commercialScope)} and, in the US government clouds, the API’s own host`,
          `If a line below answers 401 or 403: ${remove} If all are ok, DEFENDER_AUDIENCES=${said} says that it is meant so.`,
        ),
      );
      return undefined;
  }
}

/** A line for each permission, and which kinds of call would be refused for want of one. */
function examineRoles({ roles, scopes }: Claims, tell: Tell): (kind: CallKind) => string | undefined {
  if (roles === undefined && scopes !== undefined) {
    tell(
      warn(
        'defender.roles',
        'the token acts for a person who is signed in here: what it may do follows that person’s roles, and Defender names that person as the requestor',
        'For anything but trying out, use an app registration (docs/defender-setup.md, step 1).',
      ),
    );
    return () => undefined;
  }
  const held = roles ?? [];
  const kinds = Object.keys(rights) as readonly CallKind[];
  const missing = new Set<string>();
  for (const role of new Set(
    kinds.map((kind) => rights[kind].anyOf.find((one) => held.includes(one)) ?? rights[kind].anyOf[0]),
  )) {
    const needing = kinds.filter((kind) => rights[kind].anyOf.includes(role));
    const uses = [
      ...new Set(
        needing
          .filter((kind) => held.includes(role) || !mayCall(kind, held))
          .map((kind) => rights[kind].neededTo),
      ),
    ].join('; ');
    const check = `defender.role.${role}`;
    if (held.includes(role)) {
      tell(ok(check, `granted: ${uses}`));
      continue;
    }
    // Both kinds of a "one of these" permission may be absent; the one that was reported first brings the
    // other's feature with it.
    const covered = needing.every((kind) => rights[kind].anyOf.some((one) => missing.has(one)));
    missing.add(role);
    const instead = covered ? ([...missing].find((one) => one !== role) ?? role) : undefined;
    tell(notGranted(role, { uses, instead, optional: needing.every((kind) => rights[kind].optional) }));
  }
  const needless = held.filter((role) => !kinds.some((kind) => rights[kind].anyOf.includes(role)));
  if (needless.length > 0)
    tell(
      warn(
        'defender.roles',
        `the token may also do what the bot never does: ${needless.join(', ')}`,
        'Take these permissions away from the app registration, or give the bot one of its own.',
      ),
    );
  return (kind) => (mayCall(kind, held) ? undefined : `the token lacks ${rights[kind].anyOf.join(' or ')}`);
}

/** @param absence `instead`: the permission that brings what this one allows */
function notGranted(
  role: string,
  {
    uses,
    instead,
    optional,
  }: { readonly uses: string; readonly instead: string | undefined; readonly optional: boolean },
): Line {
  const check = `defender.role.${role}`;
  if (instead !== undefined)
    return skip(check, 'not granted', `Nothing: what it allows comes with ${instead}.`);
  const found = `not granted, so the bot cannot ${uses}`;
  return optional
    ? warn(check, found, optionalNext)
    : fail(
        check,
        found,
        `Add the application permission ${role} of WindowsDefenderATP to the app registration and grant admin consent (manifest/defender/permissions.json); a new token has it.`,
      );
}

const optionalNext =
  'Nothing, if you can do without: Library.Manage also allows replacing scripts. Grant it to have scripts listed and their content verified.';
