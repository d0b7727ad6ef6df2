// Asks for three tokens as the bot would, in a process of its own: MSAL's caches are the process's, and so is
// the trust in a test's CA.
import { EntraTokens } from '../../../src/adapters/entra/credentials.ts';
import type { Credentials } from '../../../src/adapters/entra/settings.ts';
import { TokenError } from '../../../src/adapters/entra/tokenError.ts';
import { Secret } from '../../../src/adapters/secret.ts';

interface Ask {
  readonly authority: string;
  readonly scope: string;
  readonly credentials: Omit<Credentials, 'secret'> & { readonly secret?: string };
}

const { authority, scope, credentials } = JSON.parse(process.argv[2] ?? '') as Ask;
const { secret, ...rest } = credentials;
const tokens = new EntraTokens({
  authority,
  timeoutMs: 20_000,
  retries: 0,
  credentials: { ...rest, ...(secret === undefined ? {} : { secret: new Secret(secret) }) } as Credentials,
});
try {
  const told: (string | undefined)[] = [];
  for (const renew of [false, false, true, false])
    told.push((await tokens.getToken(scope, renew))?.value.reveal());
  process.stdout.write(`${JSON.stringify({ tokens: told })}\n`);
} catch (error) {
  if (!(error instanceof TokenError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
}
