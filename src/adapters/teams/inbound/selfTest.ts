// Self-test of authentication: a message without a proper token is sent to the bot's own port, and a bot that
// takes it must not be called ready.
import type { Keeper, Log } from '../../../liveResponse/ports.ts';
import { path } from './inboundRoute.ts';

/** Milliseconds for one request. */
const timeout = 5_000;

const probe = {
  type: 'message',
  id: 'self-test',
  channelId: 'msteams',
  serviceUrl: 'https://smba.trafficmanager.net/teams/',
  conversation: {
    id: 'self-test',
    conversationType: 'personal',
    tenantId: '00000000-0000-0000-0000-000000000000',
  },
  from: { id: '29:self-test', aadObjectId: '00000000-0000-0000-0000-000000000000' },
  recipient: { id: '28:self-test' },
  text: 'help',
};

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

export interface SelfTestOptions {
  readonly appId: string;
  /** Undefined without authentication: then nothing is tested. */
  readonly issuer: string | undefined;
  readonly log: Log;
}

export class SelfTest {
  readonly #options: SelfTestOptions;
  #failure: string | undefined = 'whether strangers are refused has not been tested yet';
  /** Where the HTTP server listens, once that is known. */
  #url: string | undefined;

  constructor(options: SelfTestOptions) {
    this.#options = options;
  }

  /** Tested again until it succeeds. */
  readonly keeper: Keeper = {
    name: 'teams authentication',
    trouble: () => (this.#url === undefined ? undefined : this.#failure),
    recover: async () => {
      if (this.#url !== undefined) await this.run(this.#url);
      return this.#failure === undefined;
    },
  };

  /** Why the bot must not be called ready; undefined once the last test succeeded. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async run(url: string): Promise<void> {
    const { appId, issuer, log } = this.#options;
    if (issuer === undefined) {
      log.warn('teamsWithoutAuthentication', {});
      return;
    }
    this.#failure = await selfTest(url, appId, issuer);
    this.#url = url;
    if (this.#failure !== undefined) log.error('teamsSelfTestFailed', { why: this.#failure });
  }
}

/**
 * Undefined when both requests were refused, otherwise what is wrong. `url` is where the HTTP server listens.
 */
async function selfTest(url: string, appId: string, issuer: string): Promise<string | undefined> {
  const unsigned = `${encoded({ alg: 'none', kid: 'self-test' })}.${encoded({ iss: issuer, aud: appId, serviceurl: probe.serviceUrl })}.`;
  for (const [what, header] of [
    ['without a token', undefined],
    ['with an unsigned token', `Bearer ${unsigned}`],
  ] as const) {
    try {
      const answer = await fetch(new URL(path, url), {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
        headers: {
          'content-type': 'application/json',
          ...(header === undefined ? {} : { authorization: header }),
        },
        body: JSON.stringify(probe),
      });
      await answer.body?.cancel();
      if (answer.status !== 401 && answer.status !== 403)
        return `a message ${what} was answered with ${answer.status} instead of being refused`;
    } catch (error) {
      return `the bot could not be reached at its own address (${error instanceof Error ? error.name : 'unknown'})`;
    }
  }
  return undefined;
}
