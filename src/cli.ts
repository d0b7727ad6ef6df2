#!/usr/bin/env node
// The one entry of the package: its first word names the program, what follows is for that program, and no
// word starts the bot. `--version` and `help` are answered here. Exit code 2 for a word that names nothing,
// else that of the program.
import { entryCommand } from './adapters/ownCommands.ts';
import type { Word } from './adapters/ownCommands.ts';
import { packageFile, packageVersion } from './adapters/packageFiles.ts';
import { nearest } from './bot/commands/lineReaders.ts';

interface Program {
  readonly what: string;
  readonly load: () => Promise<unknown>;
}

/** Loaded only when named: none of them pays for what the others need, and each runs when it is loaded. */
const programs: Readonly<Record<Word, Program>> = {
  start: {
    what: 'the bot, with the settings of the environment and of .env (this is also what no word does)',
    load: () => import('./main.ts'),
  },
  demo: {
    what: 'the main job as a story in the terminal; --chat slack or teams plays it in a chat that stands in for the real one',
    load: () => import('./cli/demo.ts'),
  },
  simulator: { what: 'a Defender tenant on this machine', load: () => import('./cli/simulator.ts') },
  setup: {
    what: 'asks for chat, tenant and people, and writes .env, the journal key and the policy',
    load: () => import('./cli/setup.ts'),
  },
  doctor: { what: 'what works and what to fix, line by line', load: () => import('./cli/doctor.ts') },
  audit: {
    what: 'the journal: proved, read, held against an export of the tenant',
    load: () => import('./cli/audit.ts'),
  },
  freeze: { what: 'stops all submissions from this machine', load: () => import('./cli/freeze.ts') },
  acceptance: {
    what: 'the main job once on a test device of your tenant, measured',
    load: () => import('./cli/acceptance.ts'),
  },
  library: {
    what: "the scripts of the tenant's library, compared and uploaded",
    load: () => import('./cli/library.ts'),
  },
  'teams-package': {
    what: 'the app packages to upload to Teams',
    load: () => import('./cli/teamsPackage.ts'),
  },
};
const others = { help: 'this list', '--version': 'the version of the package' } as const;

function help(): string {
  const rows = [
    ...Object.entries(programs).map(([word, { what }]) => [word, what] as const),
    ...Object.entries(others),
  ];
  const width = Math.max(...rows.map(([word]) => word.length)) + 2;
  return `usage: ${entryCommand()} [word] [options of that program]\n${rows.map(([word, what]) => `  ${word.padEnd(width)}${what}\n`).join('')}"${entryCommand()} WORD --help" tells the options of one. In a checkout each is "npm run WORD -- options" ("teams-package" is "npm run package:teams").\nThe guides (docs/...), .env.example and policy.example.yaml are in ${packageFile()}\n`;
}

const isWord = (word: string): word is Word => Object.hasOwn(programs, word);

async function main(): Promise<void> {
  const [word = 'start'] = process.argv.slice(2);
  if (word === 'help' || word === '--help' || word === '-h') {
    process.stdout.write(help());
    return;
  }
  if (word === '--version' || word === '-v' || word === 'version') {
    process.stdout.write(`${packageVersion()}\n`);
    return;
  }
  const program = isWord(word) ? programs[word] : undefined;
  if (program === undefined) {
    const near = nearest(word, [...Object.keys(programs), ...Object.keys(others)]);
    process.stderr.write(
      `live-response-bot has no program ${JSON.stringify(word)}.${near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`} "${entryCommand()} help" lists them all.\n`,
    );
    process.exitCode = 2;
    return;
  }
  // Each reads its own words as if it had been started itself.
  process.argv.splice(2, 1);
  await program.load();
}

await main();
