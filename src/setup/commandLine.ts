// How the programs of this product are called from here: by npm in a checkout, by the one command of the package elsewhere.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../adapters/packageFiles.ts';

const here = dirname(fileURLToPath(import.meta.url));
const doctorFile = join(here, '..', 'doctorCli.js');
/** In a bundle there is one file with a first word. */
const isCheckout = existsSync(join(here, '..', '..', '..', 'scripts', 'build.js'));

/** What is handed to Node to run the doctor. */
export function doctorArguments(): readonly string[] {
  return existsSync(doctorFile) ? [doctorFile] : [process.argv[1] ?? '', 'doctor'];
}

/**
 * By npx the file is named, not the package alone: that name npx would look up at the registry, where it may be somebody else's.
 */
function packaged(): string {
  return process.env['npm_command'] === 'exec' ? `npx ./live-response-bot-${packageVersion()}.tgz` : 'live-response-bot';
}

/** @param envFile when it is not the one of the folder that the command is typed in */
export function commandFor(word: 'start' | 'doctor' | 'setup' | 'teams-package' | 'library' | 'acceptance', envFile: string | undefined, rest = ''): string {
  const npm = word === 'start' ? 'npm start' : `npm run ${word === 'teams-package' ? 'package:teams' : word}`;
  const tail = rest === '' ? '' : isCheckout ? ` -- ${rest}` : ` ${rest}`;
  return `${envFile === undefined ? '' : `LR_ENV_FILE=${envFile} `}${isCheckout ? npm : `${packaged()} ${word}`}${tail}`;
}
