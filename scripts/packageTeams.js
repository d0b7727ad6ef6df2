// `npm run package:teams`: writes the two app packages that are uploaded to Teams, filled in from the settings of the bot.
// Options: --out <folder>, --developer <name>, --website <https URL>, --env <file with NAME=value lines> (.env if it is there).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, parseEnv } from 'node:util';
import { zipSync } from 'fflate';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'manifest', 'teams');
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Fixed, so that the same settings make the same bytes. */
const mtime = new Date(2026, 0, 1);
const variants = [
  ['live-response-bot.zip', 'manifest.json', 'for every tenant'],
  ['live-response-bot-slash.zip', 'manifest.slash.json', 'with native slash commands (a preview feature of Teams)'],
];

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'teams-package' },
    developer: { type: 'string', default: 'Incident response team' },
    website: { type: 'string', default: 'https://www.example.com/' },
    env: { type: 'string' },
  },
});

function settings() {
  const file = values.env ?? '.env';
  if (values.env === undefined && !existsSync(file)) return process.env;
  return { ...parseEnv(readFileSync(file, 'utf8')), ...process.env };
}

function main() {
  const botId = settings().MicrosoftAppId?.trim() ?? '';
  if (!guid.test(botId)) {
    console.error('MicrosoftAppId is missing or not a GUID: set it, or put it into .env. It is the application (client) id of the bot’s registration.');
    return 2;
  }
  if (!URL.canParse(values.website) || new URL(values.website).protocol !== 'https:') {
    console.error('--website must be an https URL: Teams shows it as the developer’s page.');
    return 2;
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const fill = { version, appId: botId.toLowerCase(), botId: botId.toLowerCase(), developer: values.developer.slice(0, 32), website: values.website };
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  for (const [name, template, what] of variants) {
    const manifest = readFileSync(join(source, template), 'utf8').replace(/\{\{(\w+)\}\}/g, (_whole, key) => JSON.stringify(fill[key]).slice(1, -1));
    const bytes = (file) => new Uint8Array(readFileSync(join(source, file)));
    const zip = zipSync({ 'manifest.json': new TextEncoder().encode(manifest), 'color.png': bytes('color.png'), 'outline.png': bytes('outline.png') }, { mtime });
    writeFileSync(join(out, name), zip);
    console.log(`${join(values.out, name)}: ${what}`);
  }
  console.log('Upload one of them: Teams, Apps, Manage your apps, Upload an app; or the Teams admin center for everybody.');
  return 0;
}

process.exitCode = main();
