// Audiences of tokens for Defender: which are documented, which work in the field although no page names
// them, and which are known not to. Pure. What nobody has reported is said to be unknown; then the calls
// decide.
import { commercialScope } from '../../adapters/defender/clouds.ts';

/** Application id of the resource "WindowsDefenderATP": the audience of tokens in Entra's newer format. */
export const defenderAppId = 'fc780465-2017-40d4-a0c5-307022471b92';

/**
 * Older names of the same API, of which tokens are taken (elastic/integrations#9449,
 * MicrosoftDocs/microsoft-365-docs#13126). Small letters, without a slash at the end.
 */
const fieldAudiences: readonly string[] = [
  'https://api.securitycenter.windows.com',
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
];

/** APIs next to Defender for Endpoint whose tokens it refuses, by host and by application id. */
const otherApis: Readonly<Record<string, string>> = {
  'https://api.security.microsoft.com':
    'the Microsoft 365 Defender API, whose host serves this API too but takes no tokens of its own name for it',
  '8ee8fdad-f234-4243-8f3b-15c294843740': 'the Microsoft 365 Defender API',
  'https://security.microsoft.com': 'the portal',
  'https://graph.microsoft.com': 'Microsoft Graph',
  'https://graph.microsoft.us': 'Microsoft Graph',
  '00000003-0000-0000-c000-000000000000': 'Microsoft Graph',
  'https://graph.windows.net': 'Azure AD Graph',
  'https://management.azure.com': 'Azure Resource Manager',
  'https://management.core.windows.net': 'Azure Resource Manager',
};

export type AudienceVerdict =
  /** `stated`: by DEFENDER_AUDIENCES alone. */
  | { readonly is: 'right'; readonly stated?: true }
  /** Another spelling or an older name: works by reports, not by documents. */
  | { readonly is: 'field'; readonly why: string }
  /** Of another API: Defender answers 403. */
  | { readonly is: 'wrong'; readonly of: string }
  | { readonly is: 'unknown' };

/**
 * @param audience the token's `aud` @param asked the resource the token was asked for, which is
 * DEFENDER_SCOPE without `/.default`
 * @param stated audiences of DEFENDER_AUDIENCES
 */
export function judgeAudience(
  audience: string,
  asked: string,
  stated: readonly string[] = [],
): AudienceVerdict {
  const trimmed = withoutSlash(audience);
  const plain = plainOf(audience);
  if (trimmed === resourceOf(commercialScope) || plain === defenderAppId) return { is: 'right' };
  if (governmentHost(plain) && plain === plainOf(asked)) return { is: 'right' };
  if (stated.some((one) => plainOf(one) === plain)) return { is: 'right', stated: true };
  const other =
    otherApis[plain] ??
    (/^https:\/\/(?:[a-z0-9-]+\.)+api\.security\.microsoft\.com$/.test(plain)
      ? otherApis['https://api.security.microsoft.com']
      : undefined);
  if (other !== undefined) return { is: 'wrong', of: other };
  if (plain === resourceOf(commercialScope))
    return { is: 'field', why: 'the documented audience in another spelling' };
  if (fieldAudiences.includes(plain)) return { is: 'field', why: 'an older name of the same API' };
  if (governmentHost(plain)) return { is: 'field', why: 'the audience of the API in a US government cloud' };
  // A gateway of one's own, with an audience of its own.
  if (plain === plainOf(asked) && !isMicrosofts(plain)) return { is: 'right' };
  return { is: 'unknown' };
}

/** `https://host/.default` without its end. */
export function resourceOf(scope: string): string {
  return withoutSlash(scope.replace(/\/+\.default$/i, ''));
}

/**
 * What two spellings of one audience have in common: no letter case, no slash at the end, no prefix before an
 * application id.
 */
export function plainOf(audience: string): string {
  return resourceOf(withoutSlash(audience.trim().toLowerCase())).replace(
    /^(?:api:\/\/|spn:)(?=[0-9a-f]{8}-[0-9a-f-]{27}$)/,
    '',
  );
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

function governmentHost(plain: string): boolean {
  return /^https:\/\/[a-z0-9-]+\.securitycenter\.microsoft\.us$/.test(plain);
}

function isMicrosofts(plain: string): boolean {
  const host = URL.canParse(plain) ? new URL(plain).hostname : '';
  return [
    '.microsoft.com',
    '.microsoft.us',
    '.windows.com',
    '.windows.net',
    '.azure.com',
    '.azure.us',
    '.onmicrosoft.com',
  ].some((suffix) => `.${host}`.endsWith(suffix));
}
