// Addresses of Defender for Endpoint and its sign-in in each cloud
// (learn.microsoft.com/defender-endpoint/api/exposed-apis-list and …/gov).

export interface Endpoint {
  /** Origin and optional path, without a trailing slash. */
  readonly apiUrl: string;
  /** Sign-in host of Entra ID. */
  readonly authority: string;
  readonly scope: string;
}

const login = 'https://login.microsoftonline.com';
const loginUs = 'https://login.microsoftonline.us';

/**
 * The new hosts still require tokens for the legacy resource: with any other audience they answer 403
 * (learn.microsoft.com/defender-endpoint/api/exposed-apis-create-app-webapp). So the host is new and the
 * scope is old.
 */
export const commercialScope = 'https://api.securitycenter.microsoft.com/.default';

const regional = (prefix: string): Endpoint => ({
  apiUrl: `https://${prefix}api.security.microsoft.com`,
  authority: login,
  scope: commercialScope,
});
/**
 * Microsoft documents no scope for the government clouds; the API’s own host works in the field.
 */
const government = (host: string, authority: string): Endpoint => ({
  apiUrl: `https://${host}`,
  authority,
  scope: `https://${host}/.default`,
});

export const clouds = {
  commercial: regional(''),
  us: regional('us.'),
  eu: regional('eu.'),
  uk: regional('uk.'),
  au: regional('au.'),
  swa: regional('swa.'),
  ina: regional('ina.'),
  aea: regional('aea.'),
  gcc: government('api-gcc.securitycenter.microsoft.us', login),
  'gcc-high': government('api-gov.securitycenter.microsoft.us', loginUs),
  dod: government('api-gov.securitycenter.microsoft.us', loginUs),
} as const satisfies Readonly<Record<string, Endpoint>>;

export type Cloud = keyof typeof clouds;
export const cloudNames = Object.keys(clouds) as readonly Cloud[];

export function isCloud(name: string): name is Cloud {
  return Object.hasOwn(clouds, name);
}

/**
 * A custom endpoint: a simulator, a gateway, a cloud we do not know. Omitted parts are those of the
 * commercial cloud.
 */
export function customEndpoint(
  apiUrl: string,
  options: { readonly scope?: string; readonly authority?: string } = {},
): Endpoint {
  return {
    apiUrl: apiUrl.replace(/\/+$/, ''),
    authority: options.authority ?? login,
    scope: options.scope ?? commercialScope,
  };
}
