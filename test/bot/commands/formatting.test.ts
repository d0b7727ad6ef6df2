// Row 2.2: what people bring along from their chat is understood where it can mean nothing else, and never
// changes what runs.
import { describe, expect, test } from '@jest/globals';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import { formattingRepair } from '../../../src/bot/commands/formatting.ts';
import { recipes } from '../../support/policy.ts';

/** What was understood, without how it was typed. */
function meaning(text: string): unknown {
  const parsed = parse(text, recipes, '/lr');
  if ('problem' in parsed) throw new Error(`${text}: ${explainGrammar(parsed).text}`);
  return Object.fromEntries(
    Object.entries(parsed).filter(([key]) => key !== 'line' && key !== 'repaired' && key !== 'title'),
  );
}

const dump = 'dump hosta OfficeClickToRun';

describe('row 2.2: a whole command in formatting', () => {
  test.each([
    '`dump hosta OfficeClickToRun`',
    '```dump hosta OfficeClickToRun```',
    '```\ndump hosta OfficeClickToRun\n```',
    '```bash\n/lr dump hosta OfficeClickToRun\n```',
    '*dump hosta OfficeClickToRun*',
    '_dump hosta OfficeClickToRun_',
    '~dump hosta OfficeClickToRun~',
    '**dump hosta OfficeClickToRun**',
    '*dump* hosta *OfficeClickToRun*',
    '*`dump hosta OfficeClickToRun`*',
    '"dump hosta OfficeClickToRun"',
    '“dump hosta OfficeClickToRun”',
    '‘dump hosta OfficeClickToRun’',
    '« dump hosta OfficeClickToRun »',
    '/lr dump hosta OfficeClickToRun',
    'lr dump hosta OfficeClickToRun',
    '/dump hosta OfficeClickToRun',
    '`/lr dump hosta OfficeClickToRun`',
    '> dump hosta OfficeClickToRun',
    '>dump hosta OfficeClickToRun',
    '$ /lr dump hosta OfficeClickToRun',
    'PS C:\\Users\\me> lr dump hosta OfficeClickToRun',
    '• dump hosta OfficeClickToRun',
    '1. dump hosta OfficeClickToRun',
    '@Live Response lr dump hosta OfficeClickToRun',
    '@Live Response dump hosta OfficeClickToRun',
    '<@U0BOT|live> /lr dump hosta OfficeClickToRun',
  ])('%j is the same request', (text) => {
    expect(meaning(text)).toEqual(meaning(dump));
    expect(parse(text, recipes)).toMatchObject({
      line: dump,
      repaired: expect.arrayContaining([formattingRepair]) as unknown,
    });
  });

  test('the name of a recipe that is called like the command itself stays a recipe', () => {
    const named = new Map([
      ...recipes,
      ['lr', { ...recipes.get('dump'), name: 'lr', usage: 'lr <host> <process>' } as never],
    ]);
    expect(parse('lr hosta x', named, '/lr')).toMatchObject({ verb: 'ask', recipe: 'lr' });
  });

  test('another name of the command is known too', () => {
    expect(parse('/defender list mine', recipes, '/defender')).toMatchObject({ verb: 'list', which: 'mine' });
  });
});

const formattedWords = [
  ['dump `hosta` `OfficeClickToRun`', dump],
  ['`dump` hosta OfficeClickToRun', dump],
  ['*dump* *hosta* OfficeClickToRun', dump],
  ['dump ~hosta~ *OfficeClickToRun*', dump],
  ['dump `hosta OfficeClickToRun`', dump],
  ['dump hosta OfficeClickToRun,', dump],
  ['DUMP, hosta, OfficeClickToRun;', dump],
  ['host `hosta`', 'host hosta'],
  ['host hosta.', 'host hosta'],
  ['status *LR-7F3K2Q*', 'status lr-7f3k2q'],
  ['status `lr-7f3k2q`.', 'status lr-7f3k2q'],
  ['status _lr-7f3k2q_', 'status lr-7f3k2q'],
  ['approve `lr-7f3k2q` `1c9e04ab`', 'approve lr-7f3k2q 1c9e04ab'],
  ['`approve lr-7f3k2q 1c9e04ab`.', 'approve lr-7f3k2q 1c9e04ab'],
  ['list `mine`', 'list mine'],
  ['help?', 'help'],
  ['run `hosta` `collect.ps1` -Deep', 'run hosta collect.ps1 -Deep'],
  ['run hosta `collect.ps1 -Deep`', 'run hosta collect.ps1 -Deep'],
  ['put hosta *tool.exe*', 'put hosta tool.exe'],
  ['get hosta `C:\\Program Files\\a.log`', 'get hosta C:\\Program Files\\a.log'],
  ['get hosta `"C:\\Program Files\\a.log"`', 'get hosta "C:\\Program Files\\a.log"'],
  [
    'on hosta put `a.exe` ; run `b.ps1` -x ; get `C:\\r.zip`',
    'on hosta put a.exe ; run b.ps1 -x ; get C:\\r.zip',
  ],
  ['dump\u00a0`hosta`\u00a0OfficeClickToRun', dump],
];

describe('row 2.2: formatting around words', () => {
  test.each(formattedWords)('%j is read as %j', (text, plain) => {
    expect(meaning(text)).toEqual(meaning(plain));
  });

  test.each([
    'run hosta s.ps1 `whoami`',
    'run hosta s.ps1 -Text *bold* _x_ ~y~ `n',
    'run hosta s.ps1 "`quoted`"',
    'run hosta s.ps1 -Filter *.log*',
    'on hosta run s.ps1 `a b` ; get C:\\x',
  ])('the arguments of a script are what was typed: %j', (text) => {
    const parsed = parse(text, recipes);
    expect(parsed).toMatchObject({ line: text, repaired: [] });
    const args = text.slice(text.indexOf('s.ps1 ') + 6).split(' ; ')[0];
    expect(parsed).toMatchObject({
      commands: expect.arrayContaining([expect.objectContaining({ type: 'RunScript', args })]) as unknown,
    });
  });

  test('a path that may itself hold the sign keeps it', () => {
    expect(parse('get web1 ~/notes~', recipes)).toMatchObject({
      commands: [{ type: 'GetFile', path: '~/notes~' }],
    });
    expect(parse('get hosta C:\\a`b`.log', recipes)).toMatchObject({
      commands: [{ type: 'GetFile', path: 'C:\\a`b`.log' }],
    });
  });

  test.each([
    'PS> ',
    'PS C:\\Users\\x> ',
    'C:\\>',
    'PS /home/x> ',
    'riley@desk:~$ ',
    'root@box:/# ',
    '[riley@desk ~]$ ',
    '❯ ',
    'please ',
    'Hi, ',
    ':wave: ',
    '👋🏽 ',
  ])('row 2.2: what stands before a pasted line goes: %j', (before) => {
    expect(parse(`${before}/lr host hosta`, recipes)).toMatchObject({ verb: 'host', name: 'hosta' });
    expect(parse(`${before}nonsense hosta`, recipes)).toMatchObject({ problem: 'unknownVerb' });
  });

  test('row 2.2: nothing that could run is taken for a prompt', () => {
    expect(parse('run hosta s.ps1 > host hostb', recipes)).toMatchObject({
      commands: [{ args: '> host hostb' }],
    });
    expect(parse('/lr run hosta s.ps1 a@b $ host hostb', recipes)).toMatchObject({
      commands: [{ args: 'a@b $ host hostb' }],
    });
  });

  test('row 2.2: code around the command’s name and its verb alone', () => {
    expect(parse('`/lr host` hosta', recipes)).toMatchObject({ verb: 'host', name: 'hosta' });
  });

  test.each([
    ['host ｈｏｓｔａ', 'type hosta'],
    ['ｈｏｓｔ hosta', 'type host'],
    ['host h\u043esta', '(U+043E) is a letter of another alphabet'],
    ['status lr-7f3k2\u0430', '(U+0430) is a letter of another alphabet'],
  ])('row 2.2: letters that only look right are named: %j', (text, words) => {
    const problem = parse(text, recipes);
    if (!('problem' in problem)) throw new Error(JSON.stringify(problem));
    expect(explainGrammar(problem).text).toContain(words);
  });

  test.each(['host hosta…', 'host hosta。', 'status lr-7f3k2q！', 'status (lr-7f3k2q).'])(
    'row 2.2: the end of a sentence is no part of a name: %j',
    (text) => {
      expect(parse(text, recipes)).not.toHaveProperty('problem');
    },
  );

  test('a reason keeps its formatting: it is prose', () => {
    expect(parse('deny lr-7f3k2q `hosta` is *mine*', recipes)).toMatchObject({ reason: '`hosta` is *mine*' });
    expect(parse('run hosta s.ps1 --reason `odd` *thing*', recipes)).toMatchObject({
      reason: '`odd` *thing*',
    });
  });

  test.each([
    'dump `hosta x',
    'host `hosta',
    'put hosta `tool.exe',
    'status `lr-7f3k2q',
    '`dmp hosta x',
    'dump hosta `x',
    'host *hosta',
  ])('what is not clear names the formatting: %j', (text) => {
    const problem = parse(text, recipes);
    if (!('problem' in problem)) throw new Error(JSON.stringify(problem));
    expect(explainGrammar(problem).text).toMatch(/formatting|sign for code/);
  });
});
