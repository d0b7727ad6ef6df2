// The table of arguments: what is made from a row, what is read by it and what completes it are the same.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vocabulary } from '../../../src/adapters/console/completion.ts';
import {
  absent,
  commandWords,
  forms,
  isOptional,
  isSessionWord,
  kindOf,
  kinds,
  listNames,
  parts,
  partVerbs,
  sessionWords,
  usageOf,
} from '../../../src/bot/commands/forms.ts';
import type { Absent, Arg, CommandForm, CommandWord, Gives, Kind } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { topicNames } from '../../../src/bot/commands/help.ts';
import { recipes } from '../../support/policy.ts';
import { root } from '../../support/root.ts';
import { examplePolicy, policyFrom } from '../../support/apps/testApp.ts';

/** One argument as it is typed, and what it gives. */
interface Sample<K extends Kind> {
  readonly text: string;
  readonly gives: Gives[K];
}

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}[a-z0-9]$/);
const fileName = fc
  .tuple(name, fc.constantFrom('.ps1', '.exe', '.zip'))
  .map(([stem, end]) => `${stem}${end}`);
const prose = fc
  .array(fc.constantFrom('wrong', 'host', 'was', 'seen', 'INC-4711', '02:40'), { minLength: 1, maxLength: 6 })
  .map((words) => words.join(' '));
const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
/** Letters and digits of an id that are not read as others. */
const idCharacters = fc.stringMatching(/^[2-9a-hjkmnp-tv-z]{6}$/);
const shortPath = name.map((stem) => `C:\\out\\${stem}.log`);

const part: Readonly<Record<Command['type'], fc.Arbitrary<readonly [string, Command]>>> = {
  PutFile: fileName.map((one) => [`put ${one}`, { type: 'PutFile', fileName: one }]),
  RunScript: fileName.map((one) => [
    `run ${one} -Fast`,
    { type: 'RunScript', scriptName: one, args: '-Fast' },
  ]),
  GetFile: shortPath.map((one) => [`get ${one}`, { type: 'GetFile', path: one }]),
};

/** For every kind; the compiler asks for one more when a kind is added. */
const samples: { readonly [K in Kind]: fc.Arbitrary<Sample<K>> } = {
  host: name.map((text) => ({ text, gives: { host: text } })),
  device: name.map((text) => ({ text: text.toUpperCase(), gives: { name: text } })),
  id: idCharacters.map((six) => ({ text: `LR-${six.toUpperCase()}`, gives: { id: `lr-${six}` } })),
  code: fc.tuple(fc.integer({ min: 1, max: 99 }), digits(16)).map(([revision, fingerprint]) => ({
    text: `r${revision}-${fingerprint}`,
    gives: { revision, fingerprint },
  })),
  index: fc.integer({ min: 0, max: 9 }).map((index) => ({ text: String(index), gives: { index } })),
  page: fc.integer({ min: 1, max: 9999 }).map((page) => ({ text: String(page), gives: { page } })),
  list: fc.constantFrom(...listNames).map((which) => ({ text: which, gives: { which } })),
  topic: fc
    .constantFrom(...topicNames, ...commandWords, 'dump')
    .map((topic) => ({ text: topic, gives: { topic } })),
  libraryFile: fc.oneof(
    fileName.map((text) => ({ text, gives: { name: text } })),
    fc.integer({ min: 1, max: 999 }).map((page) => ({ text: String(page), gives: { page } })),
  ),
  reason: prose.map((text) => ({ text, gives: { reason: text } })),
  why: prose.map((text) => ({ text, gives: { why: text } })),
  script: fileName.map((text) => ({ text, gives: { scriptName: text } })),
  scriptArgs: prose.map((words) => ({ text: `-Note "${words}"`, gives: { args: `-Note "${words}"` } })),
  file: fileName.map((text) => ({ text, gives: { fileName: text } })),
  path: fc.oneof(
    shortPath.map((text) => ({ text, gives: { path: text } })),
    shortPath.map((path) => ({ text: `"${path}"`, gives: { path } })),
  ),
  parts: fc
    .tuple(
      fc.array(part.PutFile, { maxLength: 2 }),
      fc.array(part.RunScript, { minLength: 1, maxLength: 3 }),
      fc.array(part.GetFile, { maxLength: 2 }),
    )
    .map((some) => {
      const all = some.flat();
      return {
        text: all.map(([text]) => text).join(' ; '),
        gives: { commands: all.map(([, command]) => command) },
      };
    }),
};

/** What a sample of an argument is, whatever its kind. */
function sampleOf(arg: Arg): fc.Arbitrary<{ readonly text: string; readonly gives: object }> {
  return samples[kindOf(arg)];
}

function textOf(arg: Arg): string {
  return fc.sample(sampleOf(arg), { numRuns: 1, seed: 1 })[0]?.text ?? '';
}

function together(all: readonly object[]): object {
  return all.reduce((sum, one) => ({ ...sum, ...one }), {});
}

interface Typed {
  readonly line: string;
  readonly given: object;
}

/** A line of a form with all arguments that it needs and the first so many that it does not. */
function lineOf(word: CommandWord): fc.Arbitrary<Typed> {
  const { args } = forms[word] as CommandForm;
  const needed = args.filter((arg) => !isOptional(arg)).length;
  return fc
    .tuple(fc.integer({ min: needed, max: args.length }), fc.tuple(...args.map(sampleOf)))
    .map(([count, all]) => ({
      line: [word, ...all.slice(0, count).map(({ text }) => text)].join(' '),
      given: together([
        ...args.slice(count).map(whenLeftOut),
        ...all.slice(0, count).map(({ gives }) => gives),
      ]),
    }));
}

function whenLeftOut(arg: Arg): object {
  const kind = kindOf(arg);
  return kind in absent ? absent[kind as keyof Absent] : {};
}

/** What the parts of a session give is the command they are of. */
function sessionOf(word: CommandWord, given: object): object {
  if (!isSessionWord(word)) return { verb: word, ...given };
  const { host, commands, ...rest } = given as { host: string; commands?: readonly Command[] };
  const types = { put: 'PutFile', run: 'RunScript', get: 'GetFile', on: '' } as const;
  return { verb: 'ask', kind: 'sequence', host, commands: commands ?? [{ type: types[word], ...rest }] };
}

function meaning(line: string): object {
  const parsed = parse(line, recipes);
  if ('problem' in parsed) throw new Error(`${line}: ${explainGrammar(parsed).text}`);
  const { line: _line, repaired, ...rest } = parsed;
  expect(repaired).toEqual([]);
  return 'title' in rest ? { ...rest, title: undefined } : rest;
}

describe.each(commandWords)('%s', (word) => {
  test('reads every line that its arguments make, as what they give', () => {
    fc.assert(
      fc.property(lineOf(word), ({ line, given }) => {
        expect(meaning(line)).toEqual(sessionOf(word, given));
      }),
      { numRuns: 100 },
    );
  });

  test('is written as its arguments are, and its example parses', () => {
    const { usage, example, args } = forms[word] as CommandForm;
    expect(usage.split(' ')[0]).toBe(word);
    if (word !== 'on') expect(usage).toBe([word, ...args.map(usageOf)].join(' '));
    expect(meaning(example)).toMatchObject({ verb: isSessionWord(word) ? 'ask' : word });
  });

  test('refuses a line that ends before what it needs, and says what is missing', () => {
    const { args } = forms[word] as CommandForm;
    for (const [index, arg] of args.entries()) {
      if (isOptional(arg)) continue;
      const before = args.slice(0, index).map((one) => textOf(one));
      expect(parse([word, ...before].join(' '), recipes)).toMatchObject({
        problem: 'missing',
        what: kinds[kindOf(arg)].what,
      });
    }
  });

  test('refuses a word that is left over behind its last argument, and points at it', () => {
    const { args } = forms[word] as CommandForm;
    // Prose, paths and scripts take the rest of the line.
    if (args.some((arg) => kinds[kindOf(arg)].rest === true)) return;
    const all = args.map((one) => textOf(one));
    const line = [word, ...all, 'surplus'].join(' ');
    expect(parse(line, recipes)).toMatchObject({
      problem: 'leftOver',
      word: 'surplus',
      spot: { at: line.indexOf('surplus') },
    });
  });
});

test('the parts of a sequence are the forms of one command without its device', () => {
  for (const verb of partVerbs) expect(forms[verb].args).toEqual(['host', ...parts[verb]]);
  expect([...partVerbs, 'on'].toSorted()).toEqual([...sessionWords].toSorted());
  expect(forms.on.usage).toBe('on <host> put <file> ; run <script> [args] ; get <path>');
});

// The page's own file, as the browser gets it.
const { complete } = (await import(
  pathToFileURL(join(root, 'src/adapters/console/page/completion.js')).href
)) as {
  readonly complete: (
    text: string,
    known: unknown,
  ) => { readonly suggestions: readonly { readonly insert: string; readonly label: string }[] };
};

describe('completion', () => {
  const policy = policyFrom(examplePolicy);
  const known = {
    ...vocabulary(policy, ['minidump.ps1', 'tool.exe']),
    hosts: ['hosta.corp.example', 'kiosk.corp.example'].map((one) => ({ name: one, hint: '' })),
    requests: [{ id: 'lr-7f3k2q', hint: 'Dump', code: 'r1-1c9e04ab5d6f7a8b' }],
  };

  /** Chooses among the suggestions; where there are none, types a sample of what belongs there. */
  function typed(word: CommandWord, choices: readonly number[]): string {
    const { args } = forms[word] as CommandForm;
    return args.reduce((text, arg, index) => {
      const { suggestions } = complete(text, known);
      const one = suggestions[(choices[index] ?? 0) % Math.max(1, suggestions.length)];
      // Prose is not offered, and begins where the person begins it.
      if (one !== undefined && !one.insert.includes('--reason')) return one.insert;
      const sample = textOf(arg);
      return `${text}${sample} `;
    }, `${word} `);
  }

  test.each(commandWords)('of %s leads to a line that parses, whatever is chosen', (word) => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), (choices) => {
        const line = typed(word, choices).trim();
        expect(parse(line, policy.recipes)).not.toHaveProperty('problem');
      }),
      { numRuns: 30 },
    );
  });

  test.each(commandWords)('of %s offers something for every argument that can be completed', (word) => {
    const { args } = forms[word] as CommandForm;
    args.reduce((text, arg) => {
      const { suggestions } = complete(text, known);
      const { completes } = kinds[kindOf(arg)];
      if (completes !== undefined) expect(suggestions).not.toEqual([]);
      return suggestions[0]?.insert ?? `${text}${textOf(arg)} `;
    }, `${word} `);
  });
});
