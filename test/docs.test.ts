// The documents against the code: a map that nobody checks lies after a week.
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { slack } from '../cards/platformLimits.ts';
import { commandWords, forms, isCommandWord } from '../src/bot/commands/forms.ts';
import { cloudNames } from '../src/adapters/defender/clouds.ts';
import { knownNames } from '../src/adapters/config/settings.ts';
import { requestTransitions, sessionTransitions } from '../src/liveResponse/request/events.ts';
import { readGuards } from './guards/entries.ts';
import { root } from './support/root.ts';

const architecture = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');

/** The mermaid text of a lifecycle, derived from its table of transitions. */
function diagram(
  transitions: Readonly<Record<string, Readonly<Record<string, string>>>>,
  begins: string,
): string {
  const arrows = Object.entries(transitions).flatMap(([from, row]) => {
    const byTarget = new Map<string, string[]>();
    for (const [event, to] of Object.entries(row)) byTarget.set(to, [...(byTarget.get(to) ?? []), event]);
    return [...byTarget].map(([to, events]) => `    ${from} --> ${to}: ${events.join(', ')}`);
  });
  const ends = Object.entries(transitions).flatMap(([from, row]) =>
    Object.keys(row).length === 0 ? [`    ${from} --> [*]`] : [],
  );
  return ['stateDiagram-v2', `    [*] --> ${begins}`, ...arrows, ...ends].join('\n');
}

describe('docs/architecture.md', () => {
  test('shows the lives of a request and of a session as the tables of transitions have them', () => {
    expect(
      [...architecture.matchAll(/```mermaid\n(stateDiagram-v2[\s\S]*?)\n```/g)].map((one) => one[1]),
    ).toEqual([
      diagram(requestTransitions, 'awaitingApproval: asked'),
      diagram(sessionTransitions, 'queued: approved'),
    ]);
  });

  test('has a row for every folder with source files, and none for one that is gone', () => {
    const folders = new Set(
      ['src', 'cards'].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .map((name) => `${join(folder, dirname(name)).replaceAll('\\', '/')}/`),
      ),
    );
    const listed = [...architecture.matchAll(/^\| `((?:src|cards)\/(?:\w+\/)*)` \| \S/gm)].map(
      ([, name = '']) => name,
    );
    expect(listed.toSorted()).toEqual([...folders].toSorted());
  });

  test('follows the command through modules that exist', () => {
    const walk = /## One command[\s\S]*?\n## /.exec(architecture)?.[0] ?? '';
    const files = ['src', 'cards'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `/${folder}/${name.replaceAll('\\', '/')}`,
      ),
    );
    const exists = (name: string): boolean =>
      files.some((file) => file.endsWith(`/${name}.ts`) || file.endsWith(`/${name}`));
    const modules = [...walk.matchAll(/\((`[\w/`, ]+`)[,)]/g)].flatMap(([, names = '']) =>
      [...names.matchAll(/`([\w/]+)`/g)].map(([, name = '']) => name),
    );
    expect(modules.length).toBeGreaterThan(15);
    expect(modules.filter((name) => !exists(name))).toEqual([]);
  });

  test('finds a first line in every source file that says what is in it', () => {
    const files = ['src', 'cards'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    );
    expect(
      files.filter((file) => !/^(?:#!.*\n)?\/\/ \S.{15,}/.test(readFileSync(join(root, file), 'utf8'))),
    ).toEqual([]);
  });
});

describe('what the README says can be typed', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section = ''] = /## What you can type\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const lines = [...section.matchAll(/`(?:\/lr )?([^`]+)`/g)].map(([, line = '']) =>
    line.replaceAll('\\|', '|'),
  );
  const ours = lines.filter((line) => isCommandWord(line.split(' ')[0] ?? ''));

  test('is every form of the language, written as the grammar reads it', () => {
    expect(ours.toSorted()).toEqual(commandWords.map((word) => forms[word].usage).toSorted());
  });
});

describe('the pages people set the bot up by', () => {
  const pages = [
    'README.md',
    join('manifest', 'defender', 'README.md'),
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
  const named = (text: string): readonly string[] =>
    [...text.matchAll(/\b(?:LR_|DEFENDER_|AZURE_|SLACK_|TEAMS_|Microsoft(?:App))[A-Za-z_]+[A-Za-z]\b/g)].map(
      ([name]) => name,
    );

  test('name only settings that are read', () => {
    const wrong = pages.flatMap((page) =>
      named(readFileSync(join(root, page), 'utf8'))
        .filter((name) => !knownNames.includes(name))
        .map((name) => `${page}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test.each([
    ['defender-setup.md', /^(?:DEFENDER_|AZURE_)/],
    ['slack-setup.md', /^SLACK_/],
    ['teams-setup.md', /^(?:MicrosoftApp|TEAMS_|ChannelService)/],
  ])('%s names every setting of its part', (page, of) => {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    expect(knownNames.filter((name) => of.test(name) && !text.includes(name))).toEqual([]);
  });

  test('link to files that are there', () => {
    const missing = pages.flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((match) => join(root, page, '..', match[1] ?? ''))
        .filter((file) => !existsSync(file)),
    );
    expect(missing).toEqual([]);
  });

  test('describe every credential and cloud that can be set', () => {
    const text = readFileSync(join(root, 'docs', 'defender-setup.md'), 'utf8');
    for (const name of cloudNames) expect(text).toContain(`\`${name}\``);
    for (const kind of ['managed-identity', 'developer']) expect(text).toContain(`DEFENDER_AUTH=${kind}`);
  });
});

describe('SECURITY.md', () => {
  const promises =
    readFileSync(join(root, 'SECURITY.md'), 'utf8').split('## What it does not promise')[0] ?? '';
  const rows = promises
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| promise'))
    .map((line) => line.slice(2, -2).split(' | '));
  const guards = readGuards();

  test('names, for each promise, tests that are there', () => {
    expect(rows.length).toBeGreaterThan(12);
    expect(rows.filter((cells) => cells.length !== 4).map(([promise]) => promise)).toEqual([]);
    for (const [promise, , tests = ''] of rows) {
      const named = [...tests.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
      expect([promise, named.length > 0]).toEqual([promise, true]);
      expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    }
  });

  test('names, for each promise, guards of the lists whose removal fails one of its tests', () => {
    for (const [promise, , tests = '', said = ''] of rows) {
      const named = [...said.matchAll(/“([^”]+)”/g)].map(([, sentence = '']) => sentence);
      const known = named.map((sentence) => guards.find(({ guard }) => guard === sentence));
      expect([promise, named.length > 0, named.filter((_, at) => known[at] === undefined)]).toEqual([
        promise,
        true,
        [],
      ]);
      expect([
        promise,
        known.flatMap((guard) => guard?.tests ?? []).filter((test) => !tests.includes(test)),
      ]).toEqual([promise, []]);
    }
  });
});

describe('docs/storage.md', () => {
  test('names, for each promise, tests that are there', () => {
    const page = readFileSync(join(root, 'docs', 'storage.md'), 'utf8');
    const section = /## What is promised\n([\s\S]*?)\nNot promised:/.exec(page)?.[1] ?? '';
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
      .slice(1)
      .map((line) => line.slice(2, -2).split(' | '));
    expect(rows.length).toBeGreaterThan(15);
    for (const [promise, , , tried = ''] of rows) {
      const named = [...tried.matchAll(/`([A-Za-z/]+)`[:,]([^`]*)/g)].flatMap(([, file = '', titles = '']) =>
        [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [file, title] as const),
      );
      expect([promise, named.length > 0]).toEqual([promise, true]);
      const missing = named.filter(([file, title]) => {
        const path = join(root, 'test', 'adapters', `${file}.test.ts`);
        return !existsSync(path) || !readFileSync(path, 'utf8').includes(title);
      });
      expect([promise, missing]).toEqual([promise, []]);
    }
  });
});

describe('docs/limits.md', () => {
  const page = readFileSync(join(root, 'docs', 'limits.md'), 'utf8');
  const texts = (folder: string): string =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8'))
      .join('\n');
  /** The cells of every row of a table, without heads and rules. */
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(2, -2).split(' | '))
    .filter(([, , constant]) => !/constant$/i.test(constant ?? ''));
  const ended = (title: string): string => title.replace(/ ?(?:\.\.\.|…)$/, '');

  test('has four cells in every row, and no row twice', () => {
    expect(rows.filter((cells) => cells.length !== 4).map(([first]) => first)).toEqual([]);
    const firsts = rows.map(([first]) => first).filter((first) => !first?.startsWith('the same'));
    expect(firsts.filter((first, at) => firsts.indexOf(first) !== at)).toEqual([]);
  });

  test('names tests that are there', () => {
    const tests = texts('test');
    const named = rows.flatMap(([, , , test = '']) =>
      [...test.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ended(title)),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((title) => !tests.includes(title))).toEqual([]);
  });

  test('names files of tests that are there', () => {
    const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `/${file.replace(/\.test\.ts$/, '')}`);
    const named = rows.flatMap(([, , , test = '']) =>
      [...test.matchAll(/`([A-Za-z/]+)`: "/g)].map(([, file = '']) => file),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  });

  test('names constants and files that are there', () => {
    const code = `${texts('src')}\n${texts('cards')}`;
    const named = rows.flatMap(([, , constant = '']) =>
      [...constant.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    );
    const paths = named.filter((name) => /^(?:src|cards|manifest)\//.test(name));
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const words = named
      .filter((name) => /^[A-Za-z]+(?:\.[A-Za-z]+)?$/.test(name))
      .flatMap((name) => name.split('.'));
    expect(words.length).toBeGreaterThan(60);
    expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(code))).toEqual([]);
    // A constant beside a file is in that file.
    const beside = rows.flatMap(([, , constant = '']) =>
      [...constant.matchAll(/`([A-Za-z]+)`(?:, `[A-Za-z]+`)* \(`((?:src|cards)\/[^`]+)`\)/g)].map(
        ([, name = '', path = '']) => [name, path] as const,
      ),
    );
    expect(
      beside.filter(
        ([name, path]) => !new RegExp(`\\b${name}\\b`).test(readFileSync(join(root, path), 'utf8')),
      ),
    ).toEqual([]);
  });

  test('leaves out no limit of Slack', () => {
    const ours = [
      ...readFileSync(join(root, 'src', 'adapters', 'slack', 'limits.ts'), 'utf8').matchAll(
        /^export (?:const|function) (\w+)/gm,
      ),
    ].map(([, name = '']) => `\`${name}\``);
    expect(ours.length).toBeGreaterThan(20);
    expect(
      [...ours, ...Object.keys(slack).map((name) => `\`slack.${name}\``)].filter(
        (name) => !page.includes(name),
      ),
    ).toEqual([]);
  });
});
