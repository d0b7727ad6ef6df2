// Earlier versions of the program as test/fixtures/versions has them, laid out so that they run: with today's
// packages, before what stands around a test.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { root } from '../support/root.ts';

export const versionsFolder = join(root, 'test', 'fixtures', 'versions');

export const earlierVersions = ['unkeyed', 'keyed'] as const;
export type EarlierVersion = (typeof earlierVersions)[number];

export interface Earlier {
  /** Where its programs are: main.js, auditCli.js, freezeCli.js. */
  readonly programs: string;
  /** Its checkout, in which commands of the docs are run. */
  readonly folder: string;
  /** The text of its example policy. */
  readonly policy: string;
  readonly remove: () => void;
}

export function layOut(version: EarlierVersion): Earlier {
  const folder = mkdtempSync(join(tmpdir(), `lr-${version}-`));
  const files = JSON.parse(
    brotliDecompressSync(readFileSync(join(versionsFolder, `${version}.json.br`))).toString('utf8'),
  ) as Readonly<Record<string, string>>;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  // The console is spoken to by its API; its page was no module and is not kept.
  mkdirSync(join(folder, 'src', 'page'));
  // The names by which an operator calls them in the older checkout.
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      type: 'module',
      scripts: { audit: 'node src/auditCli.js', freeze: 'node src/freezeCli.js' },
    }),
  );
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return {
    folder,
    programs: join(folder, 'src'),
    policy: files['policy.example.yaml'] ?? '',
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
