// `npm run package:teams`: writes the two app packages that are uploaded to Teams, filled in from the
// settings of the bot. Exit code 0 once both are written, 2 when something has to be set or named first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isGuid } from '../adapters/config/environment.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { appPackages, usualDeveloper, usualWebsite } from '../adapters/teams/appPackage.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';

const usage = `usage: ${commandFor('teams-package', '[options]')}
  --out DIR           where the packages are written (teams-package)
  --developer NAME    whom Teams names as the developer, 32 characters at most
  --website URL       the developer's page, https
  --env FILE          NAME=value lines to take MicrosoftAppId from (.env, if it is there)
`;

function readArguments() {
  return parseArgs({
    options: {
      out: { type: 'string', default: 'teams-package' },
      developer: { type: 'string', default: usualDeveloper },
      website: { type: 'string', default: usualWebsite },
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
  const settings: Record<string, string | undefined> = {
    ...process.env,
    ...(values.env === undefined ? {} : { LR_ENV_FILE: values.env }),
  };
  const { wrong } = readDotEnv(settings);
  const appId = settings['MicrosoftAppId']?.trim().toLowerCase() ?? '';
  // A secret's file that cannot be read does not matter here, but a file of settings that cannot is why the
  // id is missing.
  if (appId === '' && wrong !== undefined) return complain(wrong);
  if (!isGuid(appId))
    return complain(
      'MicrosoftAppId is missing or not a GUID: set it, or put it into .env. It is the application (client) id of the bot’s registration.',
    );
  if (!URL.canParse(values.website) || new URL(values.website).protocol !== 'https:')
    return complain('--website must be an https URL: Teams shows it as the developer’s page.');

  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  for (const { name, what, bytes } of appPackages({
    appId,
    developer: values.developer,
    website: values.website,
  })) {
    writeFileSync(join(out, name), bytes);
    process.stdout.write(`${join(values.out, name)}: ${what}\n`);
  }
  process.stdout.write(
    'Upload one of them: Teams, Apps, Manage your apps, Upload an app; or the Teams admin center for everybody.\n',
  );
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.exitCode = complain(`The packages cannot be written: ${whyItFailed(error)}`);
}
