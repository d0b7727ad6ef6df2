// Who may knock: botbuilder's own token validation, set up so that it can never be off by accident, and a cheap look at a token before it.
import { ConfigurationBotFrameworkAuthentication } from 'botbuilder';
import type { ConfigurationBotFrameworkAuthenticationOptions } from 'botbuilder';
import { AuthenticationConfiguration, AuthenticationError } from 'botframework-connector';
import type { BotFrameworkAuthentication, ServiceClientCredentialsFactory } from 'botframework-connector';
import type { TeamsSettings } from '../config/chatSettings.ts';
import { readCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { channelAuthorities } from './hosts.ts';

/** Addresses of the cloud that issues tokens. Tests hand in their own; they are never settings, because whoever sets them owns the bot. */
export interface TeamsAuthority {
  readonly openIdMetadataUrl: string;
  readonly tokenIssuer: string;
  readonly loginUrl: string;
  readonly oauthScope: string;
  /** Signs outgoing calls; botbuilder's own by default. */
  readonly credentials?: ServiceClientCredentialsFactory;
}

export interface TeamsIdentity {
  /** Empty without authentication, which is what botbuilder calls an absent id. */
  readonly appId: string;
  readonly authentication: BotFrameworkAuthentication;
  readonly audience: string;
  /** The issuer tokens of the channel must name; undefined without authentication. */
  readonly issuer: string | undefined;
}

/** @throws when botbuilder would not check tokens although the settings ask for it */
export async function createIdentity(settings: TeamsSettings, authority?: TeamsAuthority): Promise<TeamsIdentity> {
  if (settings.devNoAuth) {
    return { appId: '', authentication: new ConfigurationBotFrameworkAuthentication({}), audience: channelAuthorities.public.audience, issuer: undefined };
  }
  const { appId, password, certificatePath, cloud } = settings;
  if (appId === undefined || appId === '') throw new Error('MicrosoftAppId is missing: without it botbuilder would take messages from anybody.');
  const channel = channelAuthorities[cloud];
  const options: ConfigurationBotFrameworkAuthenticationOptions = {
    MicrosoftAppId: appId,
    MicrosoftAppType: settings.type,
    ...(settings.tenantId === undefined ? {} : { MicrosoftAppTenantId: settings.tenantId }),
    ...(password === undefined ? {} : { MicrosoftAppPassword: password.reveal() }),
    ...(certificatePath === undefined ? {} : certificateOptions(await readCertificate(certificatePath))),
    ...(authority === undefined ? (cloud === 'usGov' ? { ChannelService: 'https://botframework.azure.us' } : {}) : parameters(authority)),
  };
  // Without a validator of claims, botbuilder refuses the tokens of skills, that is, of other bots.
  const authentication = new ConfigurationBotFrameworkAuthentication(options, authority?.credentials, new AuthenticationConfiguration([]));
  const identity = { appId, authentication, audience: authority?.oauthScope ?? channel.audience, issuer: authority?.tokenIssuer ?? channel.issuer };
  await mustCheck(identity);
  return identity;
}

function certificateOptions({ thumbprint, privateKey }: Certificate): ConfigurationBotFrameworkAuthenticationOptions {
  return { CertificateThumbprint: thumbprint, CertificatePrivateKey: privateKey };
}

/** Setting one of these turns all of botbuilder's defaults off, so they go in together or not at all. */
function parameters(authority: TeamsAuthority): ConfigurationBotFrameworkAuthenticationOptions {
  return {
    ToChannelFromBotLoginUrl: authority.loginUrl,
    ToChannelFromBotOAuthScope: authority.oauthScope,
    ToBotFromChannelTokenIssuer: authority.tokenIssuer,
    OAuthUrl: authority.oauthScope,
    ToBotFromChannelOpenIdMetadataUrl: authority.openIdMetadataUrl,
    ToBotFromEmulatorOpenIdMetadataUrl: authority.openIdMetadataUrl,
    CallerId: 'urn:botframework:azure',
  };
}

async function mustCheck({ authentication }: TeamsIdentity): Promise<void> {
  try {
    await authentication.authenticateRequest({ type: 'message', channelId: 'msteams' } as Parameters<BotFrameworkAuthentication['authenticateRequest']>[0], '');
  } catch (error) {
    if (error instanceof AuthenticationError) return;
    throw error;
  }
  throw new Error('botbuilder accepts messages without a token with these settings; refusing to start.');
}

/** Lower limits first: longer headers are no tokens of the channel's. */
const longestToken = 8_192;

/**
 * Whether a header is worth botbuilder's while: a Bearer token with an RSA signature, said to be of the channel's issuer. What botbuilder
 * would answer with a 500 (alg none), and the paths for emulators and skills that this bot does not offer, end here.
 */
export function looksLikeChannelToken(header: string | undefined, issuer: string): boolean {
  if (header === undefined || header.length > longestToken) return false;
  const [, head, payload] = /^Bearer ([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(header) ?? [];
  const { alg, kid } = part(head);
  return typeof alg === 'string' && /^RS(?:256|384|512)$/.test(alg) && typeof kid === 'string' && part(payload)['iss'] === issuer;
}

function part(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
