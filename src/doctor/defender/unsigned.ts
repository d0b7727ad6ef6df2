// Unsigned scripts: whether the scripts that come with this program can run as they are. They are not
// signed, and new tenants have unsigned script execution off. The API does not report that switch. What can
// be known is that a file of the library is a shipped script byte by byte.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../adapters/packageFiles.ts';
import { isAnswer } from '../../adapters/checks/call.ts';
import type { CallDefender } from '../../adapters/checks/call.ts';
import type { ListedFile } from './library.ts';
import { ok, warn } from '../../adapters/checks/line.ts';
import type { Tell } from '../../adapters/checks/line.ts';

/**
 * The tenant's switch: `allowed` by DEFENDER_UNSIGNED_SCRIPTS; a Defender on this machine is a
 * simulator, which can be asked.
 */
export type UnsignedScripts = 'allowed' | 'unknown' | 'askSimulator';

export interface UnsignedSubject {
  readonly api: CallDefender;
  /** What the library holds; empty where it may not be listed. */
  readonly library: readonly ListedFile[];
  readonly unsigned: UnsignedScripts;
}

const check = 'defender.unsigned';
const either =
  'Sign them and upload them again (manifest/defender/README.md, "Sign it"), or turn on "Live response unsigned script execution": security.microsoft.com, Settings, Endpoints, Advanced features.';

export async function examineUnsigned(
  { api, library, unsigned }: UnsignedSubject,
  tell: Tell,
): Promise<void> {
  const shipped = unsignedAsShipped();
  const names = library
    .filter(({ name, sha256 }) => isPowerShell(name) && shipped.has(sha256.toLowerCase()))
    .map(({ name }) => name)
    .sort();
  if (names.length === 0) return;
  const they = `${names.join(', ')} ${names.length === 1 ? 'is the unsigned script' : 'are the unsigned scripts'} as shipped`;
  const stands = unsigned === 'askSimulator' ? await askSimulator(api) : unsigned;
  if (stands === 'allowed')
    tell(
      ok(
        check,
        `${they}, and unsigned scripts are allowed ${unsigned === 'allowed' ? '(DEFENDER_UNSIGNED_SCRIPTS)' : 'in this simulated tenant'}`,
      ),
    );
  else if (stands === 'off')
    tell(
      warn(
        check,
        `${they}, and this simulated tenant has unsigned scripts off, as new tenants do: they fail on the device`,
        `${either} Here that switch is the simulator's profile (docs/simulator.md).`,
      ),
    );
  else
    tell(
      warn(
        check,
        `${they}: they run only where unsigned script execution is on, and new tenants have it off`,
        `${either} Where it is on, say so with DEFENDER_UNSIGNED_SCRIPTS=allowed.`,
      ),
    );
}

/** SHA-256 (hex) of each PowerShell script next to the program that has no signature block. */
function unsignedAsShipped(): ReadonlySet<string> {
  const folder = packageFile('manifest', 'defender');
  const files = readdirSync(folder)
    .filter(isPowerShell)
    .map((name) => readFileSync(join(folder, name)));
  return new Set(
    files
      .filter((bytes) => !bytes.includes('# SIG # Begin signature block'))
      .map((bytes) => createHash('sha256').update(bytes).digest('hex')),
  );
}

const isPowerShell = (name: string): boolean => name.toLowerCase().endsWith('.ps1');

/** A simulator says how it is set; whatever else listens on this machine says nothing of it. */
async function askSimulator(api: CallDefender): Promise<'allowed' | 'off' | 'unknown'> {
  const answer = await api('GET', '/simulator/profile');
  const profile: unknown = isAnswer(answer) && answer.status === 200 ? answer.body?.value : undefined;
  const switched: unknown =
    typeof profile === 'object' && profile !== null && 'unsignedScripts' in profile
      ? profile.unsignedScripts
      : undefined;
  return switched === 'run' ? 'allowed' : switched === 'fail' ? 'off' : 'unknown';
}
