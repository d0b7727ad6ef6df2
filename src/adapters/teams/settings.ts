// Teams in the environment: a complete registration of the bot, or problems that name what is missing.
import type { Secret } from '../secret.ts';
import { readGuid } from '../config/environment.ts';
import type { Environment } from '../config/environment.ts';

export interface TeamsSettings {
  readonly type: 'SingleTenant' | 'UserAssignedMSI' | 'MultiTenant';
  /** Undefined only with `devNoAuth`. */
  readonly appId?: string;
  readonly password?: Secret;
  /** A PEM file with a certificate and its private key, instead of a password. */
  readonly certificatePath?: string;
  readonly tenantId?: string;
  /** Where the bot is registered, and so who signs what it receives. */
  readonly cloud: 'public' | 'usGov';
  /** Tenants whose members may use the bot; never empty unless `devNoAuth`. */
  readonly allowedTenants: readonly string[];
  /** Nothing is authenticated: local development with the simulator only. */
  readonly devNoAuth: boolean;
  /** The way to Teams: with botbuilder, the default, or without it. */
  readonly door?: 'botbuilder' | 'direct';
}

const types = ['SingleTenant', 'UserAssignedMSI', 'MultiTenant'] as const;
/** learn.microsoft.com/azure/bot-service/how-to-deploy-gov-cloud-high */
const govChannelService = 'https://botframework.azure.us';
/**
 * With any of these Teams is meant, so that a missing or empty id stops the start instead of leaving Teams
 * out.
 */
const registrationNames = [
  'MicrosoftAppId',
  'MicrosoftAppPassword',
  'MicrosoftAppCertificatePath',
  'MicrosoftAppType',
  'MicrosoftAppTenantId',
  'ChannelService',
] as const;

export const teamsNames = {
  names: ['LR_TEAMS_DEV_NO_AUTH', 'LR_TEAMS_DOOR', ...registrationNames, 'TEAMS_ALLOWED_TENANTS'],
  secrets: ['MicrosoftAppPassword'],
  meant: [...registrationNames, 'LR_TEAMS_DEV_NO_AUTH'],
} as const;

/** Undefined when Teams is not set up, or wrongly: then `env` holds the problems. */
export function readTeams(env: Environment, loopback: boolean): TeamsSettings | undefined {
  const allowed = env.list('TEAMS_ALLOWED_TENANTS').map((tenant) => tenant.toLowerCase());
  const appId = readGuid(env, 'MicrosoftAppId', 'an application id');
  const tenantId = readGuid(env, 'MicrosoftAppTenantId', 'a tenant id');
  const password = env.secret('MicrosoftAppPassword');
  const certificatePath = env.text('MicrosoftAppCertificatePath');
  const door = env.choice('LR_TEAMS_DOOR', ['botbuilder', 'direct'], 'botbuilder');
  if (env.flag('LR_TEAMS_DEV_NO_AUTH')) {
    if (!loopback)
      env.problem(
        'LR_TEAMS_DEV_NO_AUTH accepts anybody as anybody, so HOST must be 127.0.0.1. Remove one of them.',
      );
    if (env.anyOf('MicrosoftAppId', 'MicrosoftAppPassword', 'MicrosoftAppCertificatePath'))
      env.problem('LR_TEAMS_DEV_NO_AUTH contradicts MicrosoftAppId and its secret. Remove one or the other.');
    if (env.text('NODE_ENV') === 'production')
      env.problem('LR_TEAMS_DEV_NO_AUTH is for development, but NODE_ENV is production. Remove one of them.');
    return { type: 'MultiTenant', cloud: 'public', allowedTenants: allowed, devNoAuth: true, door };
  }
  if (!env.anyOf(...registrationNames)) {
    if (env.anyOf('TEAMS_ALLOWED_TENANTS'))
      env.warn('Teams is not set up: MicrosoftAppId is missing, so TEAMS_ALLOWED_TENANTS has no effect.');
    if (env.anyOf('LR_TEAMS_DOOR'))
      env.warn('Teams is not set up: MicrosoftAppId is missing, so LR_TEAMS_DOOR has no effect.');
    return undefined;
  }
  // The SDK silently takes anything it does not recognise for MultiTenant.
  const written = env.text('MicrosoftAppType') ?? 'SingleTenant';
  const type = types.find((one) => one === written);
  if (type === undefined)
    env.problem(
      `MicrosoftAppType is "${written}"; it must be exactly SingleTenant, UserAssignedMSI or MultiTenant.`,
    );
  if (env.text('MicrosoftAppId') === undefined)
    env.problem(
      'MicrosoftAppId is missing: the application (client) id of the bot’s registration. Without it the SDK would authenticate nobody.',
    );
  if (type !== 'UserAssignedMSI' && password === undefined && certificatePath === undefined)
    env.problem(
      'MicrosoftAppPassword is missing: a client secret of the bot’s registration (or MicrosoftAppCertificatePath, a PEM file).',
    );
  if (password !== undefined && certificatePath !== undefined)
    env.problem('MicrosoftAppPassword and MicrosoftAppCertificatePath are both set. Remove one of them.');
  if (type === 'UserAssignedMSI' && password !== undefined)
    env.problem('MicrosoftAppPassword must not be set with MicrosoftAppType=UserAssignedMSI. Remove it.');
  if (type === 'UserAssignedMSI' && certificatePath !== undefined)
    env.problem(
      'MicrosoftAppCertificatePath must not be set with MicrosoftAppType=UserAssignedMSI. Remove it.',
    );
  const channelService = env.text('ChannelService')?.replace(/\/$/, '');
  if (channelService !== undefined && channelService !== govChannelService)
    env.problem(
      `ChannelService is "${channelService}"; leave it out for the public cloud, or write ${govChannelService} for US government.`,
    );
  if (type !== 'MultiTenant' && env.text('MicrosoftAppTenantId') === undefined)
    env.problem('MicrosoftAppTenantId is missing: the tenant of the bot’s registration, a GUID.');
  if (type === 'MultiTenant' && allowed.length === 0)
    env.problem(
      'TEAMS_ALLOWED_TENANTS is missing: with MicrosoftAppType=MultiTenant it says whose members may use the bot.',
    );
  for (const tenant of allowed)
    if (!/^[0-9a-f-]{36}$/.test(tenant))
      env.problem(`TEAMS_ALLOWED_TENANTS holds "${tenant}"; tenant ids are GUIDs.`);
  if (type === undefined || appId === undefined) return undefined;
  const allowedTenants = allowed.length > 0 ? allowed : tenantId === undefined ? [] : [tenantId];
  const cloud = channelService === govChannelService ? 'usGov' : 'public';
  return {
    type,
    appId,
    cloud,
    allowedTenants,
    devNoAuth: false,
    door,
    ...(certificatePath === undefined ? {} : { certificatePath }),
    ...(password === undefined ? {} : { password }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}
