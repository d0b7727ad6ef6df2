// A mark takes a command out of the run, so it has to be true: what it hides exists, and what it says is
// executed elsewhere is executed there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readPage } from './page.ts';
import type { Command } from './page.ts';

/**
 * @param folder the checkout in which the page stands
 * @returns what is wrong with the mark of `command`; undefined when nothing is
 */
export function markProblem(command: Command, folder: string, page: string): string | undefined {
  const { text, mark } = command;
  const several = text.split(' && ');
  if (mark?.kind === 'own-step' && several.length > 1 && !text.startsWith('node ')) {
    for (const part of several) {
      const problem = markProblem({ kind: 'command', line: 0, inline: true, text: part, mark }, folder, page);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (mark?.kind === 'elsewhere') return elsewhereProblem(text, mark.why, folder);
  if (mark?.kind === 'tested') return testedProblem(command, folder, page);
  const script = /^npm (?:run (?:--silent )?([\w:-]+)|(test|start|ci)\b)/.exec(
    text.replace(/^(?:\w+=\S*\s+)+/, ''),
  );
  // One file of the suite, all of which `npm test` runs.
  if (/^node scripts\/build\.js && node scripts\/jest\.js /.test(text)) return undefined;
  const ownSteps = readFileSync(join(folder, '.ci', 'run'), 'utf8');
  if (script === null)
    return mark?.kind === 'own-step' && !ownSteps.includes(text) ? '.ci/run has no such step' : undefined;
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const name = script[1] ?? script[2] ?? '';
  if (name === 'ci') return undefined;
  if (scripts[name] === undefined) return `package.json has no script "${name}"`;
  if (mark?.kind !== 'own-step') return undefined;
  const parts = scripts[name].split(' && ').filter((part) => part.startsWith('npm '));
  const wanted = parts.length > 0 ? parts : [script[0]];
  const missing = wanted.find(
    (one) =>
      !new RegExp(
        `^\\s*(?:[A-Z_]+=\\S+ )*${one.replace('npm run ', 'npm run (?:--silent )?')}(?![\\w:-])`,
        'm',
      ).test(ownSteps),
  );
  return missing === undefined ? undefined : `.ci/run has no step "${missing}"`;
}

function elsewhereProblem(text: string, why: string, folder: string): string | undefined {
  const page = /\S+\.md/.exec(why)?.[0] ?? '';
  // Up to the first word that is the reader's own.
  const words = text.split(' ');
  const own = words.findIndex((word) => /^(?:["'<]|[A-Z]+$)/.test(word));
  const start = words.slice(0, own === -1 ? undefined : own).join(' ');
  const there = existsSync(join(folder, page)) ? readPage(readFileSync(join(folder, page), 'utf8')) : [];
  return there.some(
    (piece) => piece.kind === 'command' && piece.mark === undefined && piece.text.includes(start),
  )
    ? undefined
    : `${page} does not execute "${start}"`;
}

/**
 * A test of `npm test` takes this very block from this very page and runs it; of a command in a sentence it
 * runs program and first word.
 */
function testedProblem(
  { text, inline, title, mark }: Command,
  folder: string,
  page: string,
): string | undefined {
  const file = /^test\/\S+\.test\.ts/.exec(mark?.why ?? '')?.[0];
  if (file === undefined || !existsSync(join(folder, file)))
    return `${file ?? mark?.why ?? ''} is no test that is there`;
  const code = codeOf(join(folder, file));
  if (inline) {
    const missing = text
      .split(' ')
      .filter((word) => !/[<>]/.test(word))
      .find((word) => !quoted(word).test(code));
    return missing === undefined ? undefined : `${file} runs nothing with "${missing}"`;
  }
  if (title === undefined) return 'a block that a test is to find has to begin with a comment that names it';
  const titles = readFileSync(join(folder, page), 'utf8')
    .split('\n')
    .filter((line) => line.trim() === `# ${title}`);
  if (titles.length !== 1)
    return `${page} has ${titles.length} lines "# ${title}", so that nobody knows which block is run`;
  const helpers = [...code.matchAll(/from '\.\/(\w+\.ts)'/g)]
    .map(([, name = '']) => name)
    .filter((name) => readdirSync(dirname(join(folder, file))).includes(name));
  const all = [code, ...helpers.map((name) => codeOf(join(folder, dirname(file), name)))].join('\n');
  if (!quoted(basename(page)).test(all)) return `${file} does not read ${page}`;
  return new RegExp(`(?:run|block)\\w*\\(\\s*${quoted(title).source}`, 'i').test(code)
    ? undefined
    : `${file} does not run the block "${title}"`;
}

/** A source without its comments: what only they name is not run. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}

const quoted = (text: string): RegExp =>
  new RegExp(`['"\`]${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`]`);
