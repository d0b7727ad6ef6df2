// The command language: whatever is typed is a command or a problem with words for it, in time.
import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writtenAs } from '../../../src/bot/commands/commandLine.ts';
import { forms, kinds, kindOf } from '../../../src/bot/commands/forms.ts';
import type { CommandWord } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import { isProblem } from '../../../src/bot/commands/lineReaders.ts';
import { isForAnyone, verbOfLine } from '../../../src/bot/commands/verbs.ts';
import { hiddenCharacter } from '../../../src/liveResponse/text/visible.ts';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { root } from '../../support/root.ts';
import { undrawnIn } from '../../support/chats/hostile.ts';
import type { Dice } from '../loop/dice.ts';
import { nasty } from '../loop/changes.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const read = readPolicy(readFileSync(join(root, 'policy.example.yaml'), 'utf8'));
if ('problems' in read) throw new Error('the example policy cannot be read');
const { recipes } = read.policy;

/** Longer answers help nobody on a phone; the longest quotes a whole line twice. */
const longestAnswer = 20_000;

const hosts = [
  'hosta',
  'hosta.corp.example',
  '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  'web1.',
  'h\u00f6st',
];
const ids = ['lr-7f3k2q', '7f3k2q', 'LR-7F3KZQ,', 'lr\u20107f3k2q', '(lr-7f3k2q)'];
const files = ['collect.ps1', 'tool.exe', '"a b.ps1"', 'x'.repeat(70), '../x.ps1'];
const options = [
  '-Path "C:\\Program Files"',
  "-Name 'it''s'",
  '-Days 7',
  '--reason',
  '; get C:\\x',
  '--separate',
];
const ends = [
  '--reason "beacon seen"',
  '\u2014reason why',
  '--reson x',
  '--separate --reason "again"',
  'reason: x',
  '',
];

/** One word or some for an argument of the table. */
function wordFor(arg: string, dice: Dice): string {
  const completes = kinds[kindOf(arg as Parameters<typeof kindOf>[0])].completes;
  if (dice.once(8)) return dice.pick(nasty);
  if (completes === 'hosts') return dice.pick(hosts);
  if (completes === 'requests') return dice.pick(ids);
  if (arg.startsWith('file') || arg.startsWith('script')) return dice.pick([...files, ...options]);
  if (arg.startsWith('path'))
    return dice.pick(['C:\\x', '"C:\\Program Files\\a b"', '/etc/passwd', 'C:\\x -y']);
  if (arg === 'parts')
    return dice.pick(['put tool.exe ; run a.ps1 ; get C:\\x', 'run a.ps1 -X ; ', '; ;', 'get']);
  return dice.pick([
    '0',
    '1',
    '99999999999',
    'mine',
    'r1-1c9e04ab5d6f7a8b',
    'why not',
    'run',
    'recipes',
    '"',
  ]);
}

function lineOf(dice: Dice): string {
  const recipe = dice.once(4) ? dice.pick([...recipes.values()]) : undefined;
  const word = dice.pick(Object.keys(forms) as readonly CommandWord[]);
  const args: readonly string[] =
    recipe === undefined ? forms[word].args : ['host', ...recipe.args.map(({ name }) => name)];
  const given = args.map((arg) =>
    arg in kinds || arg.endsWith('?')
      ? wordFor(arg, dice)
      : dice.pick(['OfficeClickToRun', '-x', 'a b', '"q"']),
  );
  const wrapped = [recipe?.name ?? word, ...given, dice.pick(ends)].join(
    dice.pick([' ', ' ', '  ', '\u00a0']),
  );
  return dice.pick([
    wrapped,
    wrapped,
    wrapped,
    `/lr ${wrapped}`,
    `\`${wrapped}\``,
    `\`\`\`\n${wrapped}\n\`\`\``,
  ]);
}

function readAll(text: string): unknown {
  verbOfLine(text);
  isForAnyone(text);
  const parsed = parse(text, recipes);
  if (isProblem(parsed)) {
    const said = explainGrammar(parsed);
    check(said.text !== '', 'a problem is told in no words');
    check(said.text.length + (said.block?.length ?? 0) <= longestAnswer, 'the answer is too long');
    check(undrawnIn([said.text, said.block ?? '']).length === 0, 'the answer holds what nobody can see');
    return said;
  }
  check(parsed.repaired.length <= 20, 'more repairs are named than there are kinds of them');
  const again = parse(parsed.line, recipes);
  check(!isProblem(again), 'a line that was read cannot be read again');
  if (isProblem(again)) return again;
  const { repaired: _first, line: _line, ...meant } = parsed;
  const { repaired: _second, line, ...meantAgain } = again;
  check(
    line === parsed.line && isDeepStrictEqual(meant, meantAgain),
    'a line that was read means something else again',
  );
  if (parsed.verb === 'ask') checkAsk(parsed);
  return parsed;
}

function checkAsk({
  host,
  commands,
  reason,
}: Extract<ReturnType<typeof parse>, { readonly verb: 'ask' }>): void {
  check(hiddenCharacter(JSON.stringify(commands)) === undefined, 'a command holds hidden characters');
  const written = parse(writtenAs(host, commands, reason), recipes);
  if (isProblem(written) || written.verb !== 'ask') return;
  check(isDeepStrictEqual(written.commands, commands), 'the line written for the commands asks for others');
}

export const language: Target = {
  name: 'language',
  form: 'text',
  seeds: bytesOf(
    ...Object.values(forms).map(({ example }) => example),
    ...[...recipes.values()].map(({ example, name }) => example ?? name),
    'run hosta collect.ps1 -Days \u05d0 1 \u05d1 22',
    'dump hosta OfficeClickToRun --reason "\u{1f469}\u200d\u{1f4bb} line\nbreak"',
    '`dump hosta x`',
    'run \u201chosta\u201d a.ps1 \u2014reason beacon',
  ),
  words: [
    ...Object.keys(forms),
    ...recipes.keys(),
    ...options,
    ...hosts,
    ...ids,
    '--reason',
    ';',
    '"',
    "'",
    '`',
  ],
  generate: (dice) => Buffer.from(lineOf(dice)),
  // Teams lets in the longest texts.
  most: 262_144,
  large: (dice) =>
    filled(
      262_144,
      dice.pick(['"a ', "'", 'run a ', '`', '\u2014', ' ', 'e\u0301', ';', '(']),
      dice.pick(['', 'run hosta ']),
    ),
  run: (input) => {
    const text = input.toString('utf8');
    const whole = readAll(text);
    return text.length > 4_000 ? [whole, readAll(text.slice(0, 4_000))] : whole;
  },
};
