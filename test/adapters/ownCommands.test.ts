// Command lines in messages: each works where the program runs. Each way of running is a folder of its own
// here; the real package is tried by test/package/run.ts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandFor, commandIn } from '../../src/adapters/ownCommands.ts';
import type { Running } from '../../src/adapters/ownCommands.ts';
import { root } from '../support/root.ts';

let top = '';
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'lr-own-'));
});
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});

function folder(...names: readonly string[]): string {
  const made = join(top, ...names);
  mkdirSync(made, { recursive: true });
  return made;
}

function running(more: Partial<Running>): Running {
  return {
    root: join(top, 'elsewhere', 'bundle'),
    entry: join(top, 'elsewhere', 'bundle', 'src', 'cli.js'),
    folder: folder('here'),
    path: ['/usr/bin'],
    version: '9.9.9',
    ...more,
  };
}

/** A folder as npx makes one in its cache, for a file. */
function byNpx(name: string, described: string | undefined, more: Partial<Running> = {}): Running {
  const made = folder('cache', '_npx', name);
  if (described !== undefined) writeFileSync(join(made, 'package.json'), described);
  return running({
    root: join(made, 'node_modules', 'live-response-bot', 'bundle'),
    entry: join(made, 'node_modules', '.bin', 'live-response-bot'),
    ...more,
  });
}
const fromFile = (file: string): string =>
  JSON.stringify({ dependencies: { 'live-response-bot': `file:${file}` } });

describe('a command is named', () => {
  test('by npm in a checkout, from what was built and from sources', () => {
    const checkout = folder('checkout');
    writeFileSync(join(folder('checkout', 'scripts'), 'build.js'), '');
    for (const where of [checkout, join(checkout, 'dist')]) {
      const one = running({ root: where, entry: join(checkout, 'dist', 'src', 'cli', 'audit.js') });
      expect([
        commandIn(one, 'start'),
        commandIn(one, 'doctor'),
        commandIn(one, 'audit', 'verify'),
        commandIn(one, 'teams-package', '--help'),
      ]).toEqual([
        'npm start',
        'npm run doctor',
        'npm run audit -- verify',
        'npm run package:teams -- --help',
      ]);
    }
    // The package that was made inside a checkout is none.
    expect(
      commandIn(
        running({
          root: join(checkout, 'bundle'),
          entry: join(checkout, 'bundle', 'src', 'cli.js'),
          folder: checkout,
        }),
        'audit',
        'verify',
      ),
    ).toBe('node ./bundle/src/cli.js audit verify');
    expect(commandFor('freeze', '"why"')).toBe('npm run freeze -- "why"');
  });

  test('by npx with the very file that npx was given, as it is written from the folder one is in', () => {
    const here = folder('here');
    expect(commandIn(byNpx('near', fromFile('../../../here/live-response-bot-9.9.9.tgz')), 'doctor')).toBe(
      'npx ./live-response-bot-9.9.9.tgz doctor',
    );
    expect(commandIn(byNpx('deep', fromFile('../../../here/files/a b.tgz')), 'audit', 'head')).toBe(
      "npx './files/a b.tgz' audit head",
    );
    expect(commandIn(byNpx('quote', fromFile('../../../here/12" \\ x/a.tgz')), 'start')).toBe(
      String.raw`npx './12" \ x/a.tgz' start`,
    );
    expect(commandIn(byNpx('far', fromFile('../../../there/renamed.tgz')), 'start')).toBe(
      `npx file:${join(top, 'there', 'renamed.tgz')} start`,
    );
    for (const described of [undefined, '{}', '{"dependencies":{"live-response-bot":"0.1.0"}}'])
      expect(commandIn(byNpx(`none${String(described?.length)}`, described, { folder: here }), 'setup')).toBe(
        'npx ./live-response-bot-9.9.9.tgz setup',
      );
  });

  test('by its name where a shell finds it, and by its path where not', () => {
    const bin = folder('usr', 'bin');
    expect(
      commandIn(
        running({ entry: join(bin, 'live-response-bot'), path: ['/usr/bin', bin] }),
        'library',
        'push',
      ),
    ).toBe('live-response-bot library push');
    expect(commandIn(running({ entry: join(bin, 'live-response-bot') }), 'library', 'push')).toBe(
      `${join(bin, 'live-response-bot')} library push`,
    );
    const linked = folder('here', 'node_modules', '.bin');
    expect(commandIn(running({ entry: join(linked, 'live-response-bot'), path: [linked] }), 'doctor')).toBe(
      './node_modules/.bin/live-response-bot doctor',
    );
    expect(commandIn(running({ entry: '/app/src/cli.js', root: '/app' }), 'audit', 'verify')).toBe(
      'node /app/src/cli.js audit verify',
    );
    expect(commandIn(running({ entry: '/my app/it’s/cli.js' }), 'start')).toBe(
      "node '/my app/it’s/cli.js' start",
    );
    expect(commandIn(running({ entry: "/it's/cli.js" }), 'start')).toBe(
      String.raw`node '/it'\''s/cli.js' start`,
    );
  });
});

test('no message of the product has a command of its own', () => {
  const own = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && name !== join('adapters', 'ownCommands.ts'),
  );
  // Only the head comments call programs as developers do; the help of the entry says that they may, and the
  // simulator is called by npm where it lacks files.
  const allowed = /In a checkout each is|run "npm run build"/;
  const wrong = own.flatMap((name) =>
    readFileSync(join(root, 'src', name), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        /npm (?:run|start)/.test(line) && !/^\s*(?:\/\/|\*|\/\*)/.test(line) && !allowed.test(line)
          ? [`${name}:${index + 1}: ${line.trim()}`]
          : [],
      ),
  );
  expect(wrong).toEqual([]);
  expect(own.length).toBeGreaterThan(100);
});

test('the printed command of a checkout is one that npm has', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  for (const word of [
    'start',
    'demo',
    'simulator',
    'setup',
    'doctor',
    'audit',
    'freeze',
    'acceptance',
    'library',
    'teams-package',
  ] as const)
    expect(Object.keys(scripts)).toContain(commandFor(word).replace(/^npm (?:run )?/, ''));
});
