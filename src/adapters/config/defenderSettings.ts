// Settings of the Defender tenant: which one, its address, and the credential for it. One tenant per process.
import { clouds, cloudNames } from '../defender/clouds.ts';
import type { Secret } from '../secret.ts';
import { isPublicAddress } from '../outbound/addresses.ts';
import { bare, isGuid, isLoopback, readGuid, readUrl } from './environment.ts';
import type { Environment } from './environment.ts';

/** How tokens are fetched from Entra. */
export type AzureCredential =
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: Secret }
  | { readonly kind: 'certificate'; readonly clientId: string; readonly path: string }
  | { readonly kind: 'workloadIdentity'; readonly clientId: string; readonly tokenFile: string }
  /** `clientId` for a user-assigned identity; absent for the identity of the machine. */
  | { readonly kind: 'managedIdentity'; readonly clientId?: string }
  /**
   * The person signed in on this machine, for trying things out: Defender then names that person as the
   * requestor.
   */
  | { readonly kind: 'developer' };

export interface AzureSettings {
  readonly tenantId: string;
  readonly authority: string;
  readonly credential: AzureCredential;
}

/**
 * The tenant that the simulator inside the bot plays; the names are the simulator’s
 * (src/simulator/profiles.ts).
 */
export const simulatorProfiles = ['default', 'fresh'] as const;
export type SimulatorProfile = (typeof simulatorProfiles)[number];

export type DefenderSettings =
  /** Inside this process. */
  | {
      readonly kind: 'simulator';
      readonly speed: number;
      readonly profile: SimulatorProfile;
      readonly tenant: 'simulator';
    }
  | {
      readonly kind: 'tenant';
      /** Without a trailing slash. */
      readonly url: string;
      readonly loopback: boolean;
      /** Part of every digest. */
      readonly tenant: string;
      /** Somebody has stated that "Live response unsigned script execution" is on; the API does not say. */
      readonly unsignedAllowed: boolean;
      readonly auth:
        | { readonly kind: 'none' }
        | { readonly kind: 'azure'; readonly azure: AzureSettings; readonly scope: string };
    };

/**
 * Simulated seconds per second in the local console: a device that takes two and a half minutes takes fifteen
 * seconds, an approval's half hour three minutes.
 */
const consoleSpeed = 10;

const authKinds = [
  'auto',
  'none',
  'secret',
  'certificate',
  'workload-identity',
  'managed-identity',
  'developer',
] as const;

/** Undefined when it cannot be determined; then `env` has the problems. */
export function readDefender(env: Environment, console: boolean): DefenderSettings | undefined {
  const which = env.choice('LR_DEFENDER', ['auto', 'simulator', 'tenant'], 'auto');
  const named = ['DEFENDER_API_URL', 'DEFENDER_CLOUD', 'DEFENDER_SCOPE', 'DEFENDER_AUTH'].filter(
    (name) => env.text(name) !== undefined && env.text(name) !== 'auto',
  );
  const credentials = [
    'AZURE_TENANT_ID',
    'AZURE_CLIENT_ID',
    'AZURE_CLIENT_SECRET',
    'AZURE_CLIENT_CERTIFICATE_PATH',
  ].filter((name) => env.text(name) !== undefined);
  if (which === 'simulator' && named.length > 0) {
    env.problem(`LR_DEFENDER=simulator contradicts ${named.join(' and ')}. Remove one or the other.`);
    return undefined;
  }
  if (which === 'simulator' || (which === 'auto' && named.length + credentials.length === 0)) {
    if (env.text('DEFENDER_UNSIGNED_SCRIPTS') !== undefined)
      env.problem(
        'DEFENDER_UNSIGNED_SCRIPTS is for a Defender tenant; the simulator inside the bot goes by LR_SIMULATOR_PROFILE. Remove it.',
      );
    return {
      kind: 'simulator',
      speed: env.whole('LR_SPEED', console ? consoleSpeed : 1, 1, 1000),
      profile: env.choice('LR_SIMULATOR_PROFILE', simulatorProfiles, 'default'),
      tenant: 'simulator',
    };
  }
  if (env.text('LR_SPEED') !== undefined)
    env.problem(
      'LR_SPEED is for the simulator inside the bot; a Defender tenant has its own time. Remove it.',
    );
  if (env.text('LR_SIMULATOR_PROFILE') !== undefined)
    env.problem(
      'LR_SIMULATOR_PROFILE is for the simulator inside the bot; one of its own takes --profile. Remove it.',
    );
  return readTenant(env);
}

function readTenant(env: Environment): DefenderSettings | undefined {
  const where = readWhere(env);
  if (where === undefined) return undefined;
  const { url, loopback, authority, scope } = where;
  const unsignedAllowed =
    env.choice('DEFENDER_UNSIGNED_SCRIPTS', ['unknown', 'allowed'], 'unknown') === 'allowed';
  const base = { kind: 'tenant', url, loopback, unsignedAllowed } as const;
  if (env.choice('DEFENDER_AUTH', authKinds, 'auto') === 'none') {
    if (!loopback) {
      env.problem(
        'DEFENDER_AUTH=none is for a Defender on 127.0.0.1 only. Remove it and give a credential, or set DEFENDER_API_URL to a local simulator.',
      );
      return undefined;
    }
    return { ...base, tenant: 'simulator', auth: { kind: 'none' } };
  }
  askForScope(env, where);
  const azure = readAzure(env, authority);
  return azure === undefined
    ? undefined
    : { ...base, tenant: azure.tenantId, auth: { kind: 'azure', azure, scope } };
}

/** The address of a tenant’s Defender, and its sign-in host. `url` has no trailing slash. */
export interface Where {
  readonly url: string;
  readonly loopback: boolean;
  readonly authority: string;
  readonly scope: string;
  /** It was given by an address that is not one of Microsoft’s. */
  readonly foreign: boolean;
}

/** From the cloud, or from an address that is given instead; undefined when that is wrong. */
export function readWhere(env: Environment): Where | undefined {
  const cloud = clouds[env.choice('DEFENDER_CLOUD', cloudNames, 'commercial')];
  const ownUrl = readUrl(env, 'DEFENDER_API_URL');
  const url = ownUrl ?? new URL(cloud.apiUrl);
  if (env.text('DEFENDER_API_URL') !== undefined && ownUrl === undefined) return undefined;
  if (ownUrl !== undefined) checkApiUrl(env, ownUrl);
  const foreign = ownUrl !== undefined && notTheApi[ownUrl.hostname] === undefined && !isMicrosoft(ownUrl);
  return {
    url: bare(url),
    loopback: isLoopback(url),
    authority: cloud.authority,
    scope: readScope(env) ?? cloud.scope,
    foreign,
  };
}

/** With the public scope, a foreign host would be sent a token that the real Defender accepts. */
export function askForScope(env: Environment, { foreign }: Where): void {
  if (foreign && env.text('DEFENDER_SCOPE') === undefined) {
    env.problem(
      'DEFENDER_API_URL is not a host of Microsoft. Set DEFENDER_SCOPE as well, or DEFENDER_AUTH=none if it is a simulator on 127.0.0.1.',
    );
  }
}

/** The portal and other APIs: what people paste from the address line or from another product’s setup. */
const notTheApi: Readonly<Record<string, string>> = {
  'security.microsoft.com': 'the portal',
  'securitycenter.microsoft.com': 'the portal',
  'securitycenter.windows.com': 'the portal',
  'graph.microsoft.com': 'Microsoft Graph',
  'login.microsoftonline.com': 'the sign-in host',
  'login.microsoftonline.us': 'the sign-in host',
};

/** A host that cannot be right, or a path that the bot adds itself. */
function checkApiUrl(env: Environment, url: URL): void {
  const shown = bare(url);
  const other = notTheApi[url.hostname];
  if (other !== undefined)
    env.problem(
      `DEFENDER_API_URL is ${shown}, which is ${other} and not the API. Remove it: the API is at ${clouds.commercial.apiUrl}, and DEFENDER_CLOUD names those of regions and government clouds.`,
    );
  else if (/\/api(?:\/|$)/i.test(url.pathname))
    env.problem(
      `DEFENDER_API_URL is ${shown}: the bot adds /api itself. Write DEFENDER_API_URL=${shown.replace(/\/api(?:\/.*)?$/i, '')}.`,
    );
  else if (isMicrosoft(url) && (url.port !== '' || url.pathname !== '/'))
    env.problem(
      `DEFENDER_API_URL is ${shown}: the hosts of Microsoft are reached without port and path. Write DEFENDER_API_URL=https://${url.hostname}.`,
    );
}

/**
 * The scope in the form that Entra expects, undefined where there is none. One slash more or less means
 * another resource, so nothing is corrected silently.
 */
function readScope(env: Environment): string | undefined {
  const text = env.text('DEFENDER_SCOPE');
  if (text === undefined) return undefined;
  const wrong = whyNoScope(text);
  if (wrong === undefined) return text;
  env.problem(
    `DEFENDER_SCOPE is "${text.slice(0, 200)}": ${wrong.why}. Write DEFENDER_SCOPE=${wrong.resource.replace(/\/+$/, '')}/.default, or leave it out for ${clouds.commercial.scope}.`,
  );
  return undefined;
}

/** What is wrong, and the resource that is probably meant. */
function whyNoScope(text: string): { readonly why: string; readonly resource: string } | undefined {
  if (/[\s,]/.test(text))
    return {
      why: 'it is one scope, without blanks and commas',
      resource: text.split(/[\s,]+/)[0]?.replace(/\/+\.default\/*$/i, '') ?? '',
    };
  if (/\/\.default\/+$/i.test(text))
    return { why: 'nothing stands after /.default', resource: text.replace(/\/+\.default\/+$/i, '') };
  if (!/\/\.default$/i.test(text))
    return {
      why: 'a scope ends with /.default',
      resource: /^[a-z]+:\/\//i.test(text) || isGuid(text) ? text : `https://${text}`,
    };
  const resource = text.slice(0, -'/.default'.length);
  if (!text.endsWith('/.default')) return { why: 'it ends with /.default in small letters', resource };
  if (isGuid(resource) || /^(?:https|api):\/\/[^/]/i.test(resource)) return undefined;
  return {
    why: 'it begins with https://, api:// or an application id',
    resource: `https://${resource.replace(/^[a-z]+:\/\//i, '')}`,
  };
}

/** Values of `aud` in tokens: URLs, api:// names and application ids. */
export function readAudiences(env: Environment): readonly string[] {
  return env.list('DEFENDER_AUDIENCES').flatMap((written) => {
    const entry = written.replace(/\/+\.default$/i, '').replace(/\/+$/, '');
    if (isGuid(entry) || (/^(?:https|api):\/\/[^/]/i.test(entry) && URL.canParse(entry))) return [entry];
    env.problem(
      `DEFENDER_AUDIENCES holds "${written.slice(0, 100)}", which is no audience: write it as it stands under "aud" in the token, such as https://api.securitycenter.windows.com, api://... or an application id.`,
    );
    return [];
  });
}

const hostLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** Endings under which anybody can register: all companies of a country. */
const sharedEnding = /^(?:co|com|net|org|gov|edu|ac)\.[a-z]{2}$/;

/** `*.corp.example` becomes the ending `.corp.example`; other names stay whole. */
export function readResultHosts(env: Environment): readonly string[] {
  return env.list('LR_RESULT_HOSTS').flatMap((written) => {
    const entry = written.toLowerCase();
    const wrong = whyNoHost(entry);
    if (wrong === undefined) return [entry.startsWith('*.') ? entry.slice(1) : entry];
    env.problem(
      `LR_RESULT_HOSTS holds "${written.slice(0, 100)}": ${wrong}. Write hosts as results.corp.example, or *.results.corp.example for everything below one.`,
    );
    return [];
  });
}

function whyNoHost(entry: string): string | undefined {
  const literal = entry.replace(/^\[(.*)\]$/, '$1');
  if (/^[\d.]+$/.test(entry) || literal.includes(':')) {
    if (entry.includes('/') || !isPublicAddress(literal))
      return 'it is no name, and no address of the public internet (IPv6 in brackets)';
    return literal.includes(':') && literal === entry ? 'an IPv6 address stands in brackets' : undefined;
  }
  if (/[/:@?#]/.test(entry)) return 'it is a host alone, without https://, port or path';
  const below = entry.startsWith('*.');
  const name = below ? entry.slice(2) : entry;
  if (name.includes('*')) return 'a star stands only for whole labels at the beginning';
  const labels = name.split('.');
  if (
    labels.length < 2 ||
    !labels.every((label) => hostLabel.test(label)) ||
    /^\d+$/.test(labels.at(-1) ?? '')
  )
    return 'it is no full host name';
  return below && sharedEnding.test(name) ? `anyone can have a host below ${name}` : undefined;
}

function isMicrosoft(url: URL): boolean {
  return [
    '.security.microsoft.com',
    '.securitycenter.microsoft.com',
    '.securitycenter.windows.com',
    '.securitycenter.microsoft.us',
  ].some((suffix) => url.hostname.endsWith(suffix));
}

/** A complete set of Entra credentials, or problems that name what is missing. */
export function readAzure(
  env: Environment,
  authority: string = clouds.commercial.authority,
): AzureSettings | undefined {
  const tenantId = readGuid(env, 'AZURE_TENANT_ID', 'a tenant id');
  if (env.text('AZURE_TENANT_ID') === undefined)
    env.problem('AZURE_TENANT_ID is missing: the id of the Entra tenant, a GUID.');
  const credential = readCredential(env);
  return tenantId === undefined || credential === undefined ? undefined : { tenantId, authority, credential };
}

function readCredential(env: Environment): AzureCredential | undefined {
  const clientId = readGuid(env, 'AZURE_CLIENT_ID', 'an application id');
  const secret = env.secret('AZURE_CLIENT_SECRET');
  const path = env.text('AZURE_CLIENT_CERTIFICATE_PATH');
  const tokenFile = env.text('AZURE_FEDERATED_TOKEN_FILE');
  const written = env.choice('DEFENDER_AUTH', authKinds, 'auto');
  // A Defender without authentication says nothing about the credential for Entra groups.
  const asked = written === 'none' ? 'auto' : written;
  if (asked === 'auto' && secret !== undefined && path !== undefined) {
    env.problem(
      'AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are both set. Remove one, or say which with DEFENDER_AUTH=secret or certificate.',
    );
    return undefined;
  }
  const kind =
    asked !== 'auto'
      ? asked
      : secret !== undefined
        ? 'secret'
        : path !== undefined
          ? 'certificate'
          : tokenFile !== undefined
            ? 'workload-identity'
            : undefined;
  if (kind === 'managed-identity')
    return { kind: 'managedIdentity', ...(clientId === undefined ? {} : { clientId }) };
  if (kind === 'developer') return { kind: 'developer' };
  if (env.text('AZURE_CLIENT_ID') === undefined)
    env.problem('AZURE_CLIENT_ID is missing: the application (client) id of the app registration, a GUID.');
  const given = <T>(name: string, value: T | undefined): T | undefined => {
    if (value === undefined) env.problem(`${name} is missing, which DEFENDER_AUTH=${kind ?? ''} needs.`);
    return value;
  };
  switch (kind) {
    case 'secret': {
      const found = given('AZURE_CLIENT_SECRET', secret);
      return clientId === undefined || found === undefined
        ? undefined
        : { kind: 'secret', clientId, secret: found };
    }
    case 'certificate': {
      const found = given('AZURE_CLIENT_CERTIFICATE_PATH', path);
      return clientId === undefined || found === undefined
        ? undefined
        : { kind: 'certificate', clientId, path: found };
    }
    case 'workload-identity': {
      const found = given('AZURE_FEDERATED_TOKEN_FILE', tokenFile);
      return clientId === undefined || found === undefined
        ? undefined
        : { kind: 'workloadIdentity', clientId, tokenFile: found };
    }
    default:
      env.problem(
        'There is no Azure credential. Set AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or DEFENDER_AUTH=managed-identity, workload-identity or developer.',
      );
      return undefined;
  }
}
