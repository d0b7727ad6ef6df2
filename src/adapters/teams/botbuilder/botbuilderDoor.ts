// Connection to Teams with botbuilder, the default: its own token validation, set up so that it can never be
// off by accident, and its client for calls.
import { ConfigurationBotFrameworkAuthentication } from 'botbuilder';
import type { ConfigurationBotFrameworkAuthenticationOptions } from 'botbuilder';
import {
  AuthenticationConfiguration,
  AuthenticationError,
  MicrosoftAppCredentials,
  ServiceClientCredentialsFactory,
} from 'botframework-connector';
import type { BotFrameworkAuthentication, ServiceClientCredentials } from 'botframework-connector';
import type { TeamsSettings } from '../settings.ts';
import type { HttpClient } from '../../outbound/http.ts';
import { readCertificate } from '../certificate.ts';
import type { Certificate } from '../certificate.ts';
import { channelAuthorities } from '../inbound/hosts.ts';
import type { Incoming, TeamsAuthority, TeamsDoor } from '../protocol.ts';
import { callsOf } from './botbuilderCalls.ts';

/**
 * The keys of the channel are fetched while a message waits; botbuilder alone would wait forever.
 * Milliseconds.
 */
const keysWithin = 5_000;

/**
 * `credentials` signs outgoing calls; botbuilder's own by default. `http` is asked why nothing gets out, once
 * nothing did.
 * @throws when botbuilder would not check tokens although the settings ask for it
 */
export async function openBotbuilderDoor(
  settings: TeamsSettings,
  authority?: TeamsAuthority,
  credentials?: ServiceClientCredentialsFactory,
  http?: HttpClient,
): Promise<TeamsDoor> {
  if (settings.devNoAuth) {
    const authentication = new ConfigurationBotFrameworkAuthentication({});
    return {
      appId: '',
      issuer: undefined,
      tokenProblem: () => Promise.resolve(undefined),
      calls: (serviceUrl) =>
        callsOf(authentication, { appId: '', audience: channelAuthorities.public.audience }, serviceUrl),
    };
  }
  const { appId = '', password, certificatePath, cloud, tenantId } = settings;
  const channel = channelAuthorities[cloud];
  const options: ConfigurationBotFrameworkAuthenticationOptions = {
    MicrosoftAppId: appId,
    MicrosoftAppType: settings.type,
    ...(tenantId === undefined ? {} : { MicrosoftAppTenantId: tenantId }),
    ...(password === undefined ? {} : { MicrosoftAppPassword: password.reveal() }),
    ...(certificatePath === undefined ? {} : certificateOptions(await readCertificate(certificatePath))),
    ...(authority === undefined
      ? cloud === 'usGov'
        ? { ChannelService: 'https://botframework.azure.us' }
        : {}
      : parameters(authority)),
  };
  const factory =
    credentials ?? (authority?.token === undefined ? undefined : new GivenToken(appId, authority.token));
  // Without a validator of claims, botbuilder refuses the tokens of skills, that is, of other bots.
  const authentication = new ConfigurationBotFrameworkAuthentication(
    options,
    factory,
    new AuthenticationConfiguration([]),
  );
  await mustCheck(authentication);
  return {
    appId,
    issuer: authority?.tokenIssuer ?? channel.issuer,
    tokenProblem: (message) => tokenProblem(authentication, message),
    calls: (serviceUrl) =>
      callsOf(
        authentication,
        { appId, audience: authority?.oauthScope ?? channel.audience },
        serviceUrl,
        http === undefined ? undefined : { http, login: authority?.loginUrl ?? channel.login },
      ),
  };
}

function certificateOptions({
  thumbprint,
  privateKey,
}: Certificate): ConfigurationBotFrameworkAuthenticationOptions {
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

async function mustCheck(authentication: BotFrameworkAuthentication): Promise<void> {
  try {
    await authentication.authenticateRequest(
      { type: 'message', channelId: 'msteams' } as Parameters<
        BotFrameworkAuthentication['authenticateRequest']
      >[0],
      '',
    );
  } catch (error) {
    if (error instanceof AuthenticationError) return;
    throw error;
  }
  throw new Error('botbuilder accepts messages without a token with these settings; refusing to start.');
}

async function tokenProblem(
  authentication: BotFrameworkAuthentication,
  { body, header }: Incoming,
): Promise<string | undefined> {
  const late = new Error('keys');
  let timer: NodeJS.Timeout | undefined;
  const judged = authentication.authenticateRequest(
    body as Parameters<BotFrameworkAuthentication['authenticateRequest']>[0],
    header,
  );
  // The loser of the race must not count as unhandled.
  judged.catch(() => undefined);
  try {
    await Promise.race([
      judged,
      new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(late), keysWithin))),
    ]);
    return undefined;
  } catch (error) {
    if (error === late) return 'keys';
    // botbuilder throws its own error for some faults and the JWT library's for others, a forged signature
    // among them.
    if (error instanceof AuthenticationError) return error.statusCode === 500 ? 'keys' : 'refused';
    const name =
      typeof error === 'object' && error !== null && 'name' in error && typeof error.name === 'string'
        ? error.name
        : 'refused';
    return name === 'FetchError' ? 'keys' : name;
  } finally {
    clearTimeout(timer);
  }
}

/** Signs with a token from elsewhere. */
class GivenToken extends ServiceClientCredentialsFactory {
  readonly #appId: string;
  readonly #token: () => Promise<string>;
  constructor(appId: string, token: () => Promise<string>) {
    super();
    this.#appId = appId;
    this.#token = token;
  }
  override isValidAppId(id: string): Promise<boolean> {
    return Promise.resolve(id === this.#appId);
  }
  override isAuthenticationDisabled(): Promise<boolean> {
    return Promise.resolve(false);
  }
  override createCredentials(): Promise<ServiceClientCredentials> {
    const credentials = new MicrosoftAppCredentials(this.#appId, 'unused');
    credentials.getToken = () => this.#token();
    return Promise.resolve(credentials);
  }
}
