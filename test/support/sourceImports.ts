// The sources and what they import, read from the files themselves, for the tests of the architecture.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { root } from './root.ts';

export interface Import {
  readonly from: string;
  /** A path below the root, or a package name. */
  readonly to: string;
  readonly ours: boolean;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

export const files = ['src', 'cards'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name).split(sep).join('/')),
);

const pattern =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

export function importsOf(file: string, text = readFileSync(join(root, file), 'utf8')): readonly Import[] {
  return [...text.matchAll(pattern)].map((match) => {
    const name = match[2] ?? match[3] ?? '';
    const ours = name.startsWith('.');
    const to = ours
      ? normalize(join(dirname(file), name))
          .split(sep)
          .join('/')
      : name;
    return { from: file, to, ours, typeOnly: match[1] !== undefined, dynamic: match[3] !== undefined };
  });
}

export const imports = files.flatMap((file) => importsOf(file));

/** The one folder each package may be imported from. */
export const doors: Readonly<Record<string, string | readonly string[]>> = {
  botbuilder: 'src/adapters/teams/botbuilder/',
  'botframework-connector': 'src/adapters/teams/botbuilder/',
  'botframework-schema': 'src/adapters/teams/botbuilder/',
  jose: 'src/adapters/teams/direct/',
  '@slack/bolt': 'src/adapters/slack/',
  '@slack/web-api': 'src/adapters/slack/',
  '@slack/socket-mode': 'src/adapters/slack/',
  undici: 'src/adapters/outbound/',
  'https-proxy-agent': 'src/adapters/outbound/',
  '@azure/identity': 'src/adapters/entra/',
  '@azure/msal-node': 'src/adapters/entra/',
  lowdb: 'src/adapters/store/',
  zod: 'src/adapters/config/',
  yaml: 'src/adapters/config/',
  'prom-client': 'src/adapters/http/',
  adaptivecards: 'src/adapters/console/',
  pino: 'src/adapters/log.ts',
  // The simulator imports nothing of ours, so that the other one cannot lend it its own.
  fflate: ['src/simulator/', 'src/adapters/teams/appPackage.ts'],
  'csv-parse': 'src/adapters/store/',
  ws: 'src/demo/',
  '@clack/prompts': 'src/setup/terminal.ts',
};

export const shown = (one: Import) => `${one.from} -> ${one.to}`;
