// `npm run package:teams`: writes the two app packages that are uploaded to Teams, filled in from the settings of the bot. Exit code 0 once
// both are written, 2 when something has to be set or named first.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { zipSync } from 'fflate';
import { commandFor } from './adapters/ownCommands.ts';
import { packageFile, packageVersion } from './adapters/packageFiles.ts';
import { whyItFailed } from './adapters/store/fileTrouble.ts';

const usage = `usage: ${commandFor('teams-package', '[options]')}
  --out DIR           where the packages are written (teams-package)
  --developer NAME    whom Teams names as the developer, 32 characters at most
  --website URL       the developer's page, https
  --env FILE          NAME=value lines to take MicrosoftAppId from (.env, if it is there)
`;

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The manifest's schema allows the developer's name no more characters. */
const longestName = 32;
/** Fixed, so that the same settings make the same bytes. */
const mtime = new Date(2026, 0, 1);
const variants = [
  ['live-response-bot.zip', 'manifest.json', 'for every tenant'],
  ['live-response-bot-slash.zip', 'manifest.slash.json', 'with native slash commands (a preview feature of Teams)'],
] as const;

function readArguments() {
  return parseArgs({
    options: {
      out: { type: 'string', default: 'teams-package' },
      developer: { type: 'string', default: 'Incident response team' },
      website: { type: 'string', default: 'https://www.example.com/' },
      env: { type: 'string' },
      help: { type: 'boolean' },
    },
  }).values;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

function main(): number {
  let values: ReturnType<typeof readArguments>;
  try {
    values = readArguments();
  } catch (error) {
    return complain(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const file = values.env ?? '.env';
  const settings: Readonly<Record<string, string | undefined>> = values.env === undefined && !existsSync(file) ? process.env : { ...parseEnv(readFileSync(file, 'utf8')), ...process.env };
  const appId = settings['MicrosoftAppId']?.trim().toLowerCase() ?? '';
  if (!guid.test(appId)) return complain('MicrosoftAppId is missing or not a GUID: set it, or put it into .env. It is the application (client) id of the bot’s registration.');
  if (!URL.canParse(values.website) || new URL(values.website).protocol !== 'https:') return complain('--website must be an https URL: Teams shows it as the developer’s page.');

  const fill: Readonly<Record<string, string>> = { version: packageVersion(), appId, botId: appId, developer: values.developer.slice(0, longestName), website: values.website };
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const source = (name: string): Uint8Array => new Uint8Array(readFileSync(packageFile('manifest', 'teams', name)));
  for (const [name, template, what] of variants) {
    const manifest = Buffer.from(source(template)).toString('utf8').replace(/\{\{(\w+)\}\}/g, (whole, key: string) => JSON.stringify(fill[key] ?? whole).slice(1, -1));
    writeFileSync(join(out, name), zipSync({ 'manifest.json': new TextEncoder().encode(manifest), 'color.png': source('color.png'), 'outline.png': source('outline.png') }, { mtime }));
    process.stdout.write(`${join(values.out, name)}: ${what}\n`);
  }
  process.stdout.write('Upload one of them: Teams, Apps, Manage your apps, Upload an app; or the Teams admin center for everybody.\n');
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.exitCode = complain(`The packages cannot be written: ${whyItFailed(error)}`);
}
