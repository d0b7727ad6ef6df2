// The command language: what parses, to exactly what, and what is refused with a pointer to the word.
import { describe, expect, test } from '@jest/globals';
import { parse } from '../../../src/bot/commands/grammar.ts';
import type { Parsed } from '../../../src/bot/commands/grammar.ts';
import type { GrammarProblem } from '../../../src/bot/commands/grammarProblem.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import { recipes } from '../../support/policy.ts';

function ok(text: string): Parsed {
  const parsed = parse(text, recipes);
  if ('problem' in parsed) throw new Error(`${text}: ${explainGrammar(parsed).text}`);
  return parsed;
}

function no(text: string): GrammarProblem {
  const parsed = parse(text, recipes);
  if (!('problem' in parsed)) throw new Error(`${text}: parsed as ${JSON.stringify(parsed)}`);
  return parsed;
}

/** Everything but the line and its repairs. */
function meaning(text: string): object {
  return Object.fromEntries(Object.entries(ok(text)).filter(([key]) => key !== 'line' && key !== 'repaired'));
}

const id = 'lr-7f3k2q';

const forms: readonly (readonly [string, object])[] = [
  ['', { verb: 'help' }],
  ['   \n', { verb: 'help' }],
  ['help', { verb: 'help' }],
  ['HELP Run', { verb: 'help', topic: 'run' }],
  ['help dump', { verb: 'help', topic: 'dump' }],
  ['recipes', { verb: 'recipes' }],
  ['host HostA.corp.example', { verb: 'host', name: 'hosta.corp.example' }],
  ['scripts', { verb: 'scripts' }],
  ['Scripts 2', { verb: 'scripts', page: 2 }],
  ['scripts 7zip.exe', { verb: 'scripts', name: '7zip.exe' }],
  ['status', { verb: 'status' }],
  ['status LR-7F3K2Q', { verb: 'status', id }],
  ['list', { verb: 'list', which: 'pending' }],
  ['list Mine', { verb: 'list', which: 'mine' }],
  ['approve 7f3k2q', { verb: 'approve', id }],
  ['approve lr-7f3k2q 1C9E04AB', { verb: 'approve', id, fingerprint: '1c9e04ab' }],
  [
    'approve lr-7f3k2q r12-1c9e04ab5d6f7a8b',
    { verb: 'approve', id, revision: 12, fingerprint: '1c9e04ab5d6f7a8b' },
  ],
  // As phones write it: a capital, an en dash, spaces, an O for a zero, a full stop.
  [
    'Approve LR\u20137F3K2Q R12\u20131C9E O4AB 5D6F 7A8B.',
    { verb: 'approve', id, revision: 12, fingerprint: '1c9e04ab5d6f7a8b' },
  ],
  [
    'approve lr-7f3k2q r12 - 1c9e04ab5d6f7a8b',
    { verb: 'approve', id, revision: 12, fingerprint: '1c9e04ab5d6f7a8b' },
  ],
  [
    'approve lr-7f3k2q `r12-1c9e04ab5d6f7a8b`',
    { verb: 'approve', id, revision: 12, fingerprint: '1c9e04ab5d6f7a8b' },
  ],
  ['deny LR-7F3K2Q', { verb: 'deny', id }],
  ["deny LR-7F3K2Q that's the wrong  host", { verb: 'deny', id, reason: "that's the wrong  host" }],
  ['deny LR-7F3K2Q "wrong host"', { verb: 'deny', id, reason: 'wrong host' }],
  ['cancel LR-7F3K2Q --reason "done already"', { verb: 'cancel', id, reason: 'done already' }],
  ['link LR-7F3K2Q', { verb: 'link', id }],
  ['link LR-7F3K2Q 1', { verb: 'link', id, index: 1 }],
  ['output LR-7F3K2Q', { verb: 'output', id }],
  ['output LR-7F3K2Q 0 2', { verb: 'output', id, index: 0, page: 2 }],
  ['freeze odd approvals since noon', { verb: 'freeze', why: 'odd approvals since noon' }],
  ['unfreeze', { verb: 'unfreeze' }],
  ['whoami', { verb: 'whoami' }],
  ['quota', { verb: 'quota' }],
  [
    'dump hostA OfficeClickToRun',
    {
      verb: 'ask',
      kind: 'recipe',
      recipe: 'dump',
      args: { process: 'OfficeClickToRun' },
      host: 'hosta',
      commands: [
        { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
        { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
      ],
      title: 'dump OfficeClickToRun',
    },
  ],
  [
    'put hosta a.exe',
    {
      verb: 'ask',
      kind: 'sequence',
      host: 'hosta',
      commands: [{ type: 'PutFile', fileName: 'a.exe' }],
      title: 'put a.exe',
    },
  ],
  [
    'get hosta "C:\\out dir\\r.zip" --reason beacon seen; look',
    {
      verb: 'ask',
      kind: 'sequence',
      host: 'hosta',
      commands: [{ type: 'GetFile', path: 'C:\\out dir\\r.zip' }],
      title: 'get "C:\\out dir\\r.zip"',
      reason: 'beacon seen; look',
    },
  ],
  [
    'get hosta C:\\Program Files\\x  y.log',
    {
      verb: 'ask',
      kind: 'sequence',
      host: 'hosta',
      commands: [{ type: 'GetFile', path: 'C:\\Program Files\\x  y.log' }],
      title: 'get C:\\Program Files\\x  y.log',
    },
  ],
  [
    'run hosta s.ps1',
    {
      verb: 'ask',
      kind: 'sequence',
      host: 'hosta',
      commands: [{ type: 'RunScript', scriptName: 's.ps1' }],
      title: 'run s.ps1',
    },
  ],
  [
    'on hostA put a.exe ; run b.ps1 -Path "C:\\Program Files" ; get "C:\\out dir\\r.zip" --reason "two birds"',
    {
      verb: 'ask',
      kind: 'sequence',
      host: 'hosta',
      commands: [
        { type: 'PutFile', fileName: 'a.exe' },
        { type: 'RunScript', scriptName: 'b.ps1', args: '-Path "C:\\Program Files"' },
        { type: 'GetFile', path: 'C:\\out dir\\r.zip' },
      ],
      title: 'put a.exe ; run b.ps1 -Path "C:\\Program Files" ; get "C:\\out dir\\r.zip"',
      reason: 'two birds',
    },
  ],
  ['retry LR-7F3K2Q', { verb: 'retry', id: 'lr-7f3k2q' }],
  [
    'retry lr-7f3k2q 1 --reason file was locked',
    { verb: 'retry', id: 'lr-7f3k2q', index: 1, reason: 'file was locked' },
  ],
  [`host ${'0123456789'.repeat(4)}`, { verb: 'host', name: '0123456789'.repeat(4) }],
];

describe('every form of the language', () => {
  test.each(forms)('%j is understood', (text, expected) => {
    expect(meaning(text)).toEqual(expected);
  });
});

describe('script arguments are the exact text', () => {
  const table: readonly (readonly [string, string])[] = [
    ['-Path "C:\\Program Files\\"', '-Path "C:\\Program Files\\"'],
    ['-A   "x  y"   -B', '-A   "x  y"   -B'],
    ['a ; b', 'a ; b'],
    ["-Say 'it''s --reason here'", "-Say 'it''s --reason here'"],
    ['-Say "no --reason here"', '-Say "no --reason here"'],
    ['""', '""'],
    ['x"y z"w', 'x"y z"w'],
    ['don’t x—y', 'don’t x—y'],
    ['-m "a ; get b" ; tail', '-m "a ; get b" ; tail'],
    ['\\"quoted\\"', '\\"quoted\\"'],
  ];
  test.each(table)('%j', (args, expected) => {
    expect(ok(`run hosta s.ps1   ${args}  `)).toMatchObject({ commands: [{ args: expected }] });
    expect(ok(`run hosta s.ps1 ${args} --reason why not`)).toMatchObject({
      commands: [{ args: expected }],
      reason: 'why not',
    });
  });

  test('a quoted option of the script that is called --reason stays with the script', () => {
    expect(ok('run hosta s.ps1 "--reason" x')).toMatchObject({ commands: [{ args: '"--reason" x' }] });
  });

  test('a separator inside quotes does not part a sequence', () => {
    expect(ok("on hosta run a.ps1 -m 'x ; get y' ; get C:\\z")).toMatchObject({
      commands: [{ args: "-m 'x ; get y'" }, { path: 'C:\\z' }],
    });
  });
});

describe('repairs', () => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ['get hosta “C:\\out dir\\r.zip”', 'get hosta "C:\\out dir\\r.zip"', ['“ to "', '” to "']],
    ['run hosta s.ps1 —deep', 'run hosta s.ps1 --deep', ['— to --']],
    ['run hosta s.ps1 –Path=“C:\\a b”', 'run hosta s.ps1 -Path="C:\\a b"', ['– to -', '“ to "', '” to "']],
    ['run hosta s.ps1 ―Path x', 'run hosta s.ps1 -Path x', ['― to -']],
    ['run hosta s.ps1 x ―reason why', 'run hosta s.ps1 x --reason why', ['― to --']],
    ['run hosta s.ps1 x —reason why', 'run hosta s.ps1 x --reason why', ['— to --']],
    ['run hosta s.ps1 x –reason why', 'run hosta s.ps1 x --reason why', ['– to --']],
    ['run\u00A0hosta\u00A0s.ps1', 'run hosta s.ps1', ['a no-break space to a space']],
    ['run\thosta\u2003s.ps1', 'run hosta s.ps1', ['a tab to a space', 'a wide or narrow space to a space']],
    ['run hosta s.ps1 -m ‘a b’', "run hosta s.ps1 -m 'a b'", ["‘ to '", "’ to '"]],
    ['run hosta s.ps1 "a — “b” c"', 'run hosta s.ps1 "a — “b” c"', []],
    ['run hosta s.ps1 a—b', 'run hosta s.ps1 a—b', []],
  ];
  test.each(table)('%j is read as %j', (text, line, repaired) => {
    expect(ok(text)).toMatchObject({ line, repaired });
  });
});

const refusals: readonly (readonly [string, string, string])[] = [
  ['duump hosta x', 'unknownVerb', 'duump'],
  ['reject LR-7F3K2Q', 'unknownVerb', 'reject'],
  ['run', 'missing', ' '],
  ['run hosta', 'missing', ' '],
  ['run hosta --reason x', 'missing', '-'],
  ['get hosta', 'missing', ' '],
  ['put hosta', 'missing', ' '],
  ['on hosta', 'missing', ' '],
  ['on hosta run a.ps1 ; get', 'missing', ' '],
  ['host', 'missing', ' '],
  ['freeze', 'missing', ' '],
  ['freeze ""', 'missing', '""'],
  ['approve', 'missing', ' '],
  ['run -x s.ps1', 'badHost', '-x'],
  ['run host_a,b s.ps1', 'badHost', 'host_a,b'],
  ['run hоsta s.ps1', 'badHost', 'hоsta'],
  ['run a..b s.ps1', 'badHost', 'a..b'],
  [`host ${'a'.repeat(256)}`, 'badHost', 'a'.repeat(256)],
  ['host <http://hosta|hosta>', 'badHost', '<http://hosta|hosta>'],
  ['put hosta a.exe b.exe', 'leftOver', 'b.exe'],
  ['get hosta "C:\\a" b', 'leftOver', 'b'],
  ['whoami now', 'leftOver', 'now'],
  ['unfreeze please', 'leftOver', 'please'],
  ['status LR-7F3K2Q now', 'leftOver', 'now'],
  ['list mine all', 'leftOver', 'all'],
  ['help run now', 'leftOver', 'now'],
  ['link LR-7F3K2Q 1 2', 'leftOver', '2'],
  ['approve LR-7F3K2Q 1c9e04ab yes', 'leftOver', 'yes'],
  ['deny LR-7F3K2Q no way --reason "x"', 'leftOver', 'no'],
  ['host hosta --reason x', 'leftOver', '--reason'],
  ['approve LR-7F', 'badId', 'LR-7F'],
  ['status LR-7F3K2U', 'badId', 'LR-7F3K2U'],
  ['approve LR-7F3K2Q 1c9e04a', 'badFingerprint', '1c9e04a'],
  ['approve LR-7F3K2Q r1-1c9e04ab5d6f7a8b please', 'leftOver', 'please'],
  ['approve LR-7F3K2Q 1c9e04ab5d6f7a8b', 'badFingerprint', '1c9e04ab5d6f7a8b'],
  ['approve LR-7F3K2Q r1-1c9e04ab5d6f7a8', 'badFingerprint', 'r1-1c9e04ab5d6f7a8'],
  ['link LR-7F3K2Q 10', 'badNumber', '10'],
  ['output LR-7F3K2Q -1', 'badNumber', '-1'],
  ['output LR-7F3K2Q 0 0', 'badNumber', '0'],
  ['retry LR-7F3K2Q 10', 'badNumber', '10'],
  ['retry LR-7F3K2Q 1 2', 'leftOver', '2'],
  ['retry LR-7F3K2Q --reason', 'reason', ' '],
  ['list everything', 'badChoice', 'everything'],
  ['help constructor', 'badChoice', 'constructor'],
  ['get hosta C:\\a"b c"', 'badPath', 'C:\\a"b c"'],
  ['get hosta "C:\\a "', 'badPath', '"C:\\a "'],
  ['run hosta a.ps1 ; get C:\\x', 'useOn', ';'],
  ['get hosta C:\\a ; run b.ps1', 'useOn', ';'],
  ['on hosta put a.exe ; ; get C:\\x', 'emptyPart', ';'],
  ['on hosta put a.exe ;', 'emptyPart', ';'],
  ['on hosta ; put a.exe', 'emptyPart', ';'],
  ['on hosta rum a.ps1', 'badPart', 'rum'],
  ['on hosta dump lsass', 'badPart', 'dump'],
  ['run hosta a.ps1 --reason', 'reason', ' '],
  ['run hosta a.ps1 --reason ""', 'reason', '""'],
  ['run hosta a.ps1 --reason "x" -Path y', 'reason', '-Path'],
  ['run hosta a.ps1 --reason x --reason y', 'reason', '--reason'],
  ['run hosta a.ps1 --reason="x"', 'reason', '--reason="x"'],
  [`run hosta a.ps1 --reason ${'x'.repeat(501)}`, 'reason', 'x'.repeat(501)],
  ['run hosta a.ps1 "open', 'unclosedQuote', '"'],
  ['get hosta “C:\\open', 'unclosedQuote', '“'],
  ['run hosta a.ps1 x\u202Ey', 'hidden', '\u202E'],
  ['run hosta a.ps1 "a\u00A0b"', 'hidden', '\u00A0'],
  ['run hosta\nwhoami', 'hidden', '\n'],
  ['\u200Brun hosta a.ps1', 'hidden', '\u200B'],
  ['run hosta a.ps1 \uFEFF', 'hidden', '\uFEFF'],
  ['dump hosta', 'recipe', ' '],
  ['dump hosta -lsass', 'recipe', '-lsass'],
  ['dump hosta a..b', 'recipe', 'a..b'],
  ['dump hosta ""', 'recipe', '""'],
  ['dump hosta a;b', 'recipe', 'a;b'],
  ['dump hosta a b', 'recipe', 'b'],
  [`dump hosta ${'a'.repeat(65)}`, 'recipe', 'a'.repeat(65)],
  ['on hosta get C:\\x ; run a.ps1', 'command', 'run'],
  ['run hosta C:\\evil.ps1', 'command', 'C:\\evil.ps1'],
  ['put hosta "a b.exe"', 'command', '"a b.exe"'],
  [`run hosta a.ps1 ${'x'.repeat(3001)}`, 'command', 'a.ps1'],
  [`on hosta ${Array.from({ length: 11 }, () => 'run a.ps1').join(' ; ')}`, 'command', 'run'],
];

describe('what is refused', () => {
  const pointed = (problem: GrammarProblem): string =>
    'spot' in problem ? problem.spot.line.slice(problem.spot.at, problem.spot.at + problem.spot.length) : '';
  test.each(refusals)('%j is refused as %s', (text, kind, word) => {
    const problem = no(text);
    expect(problem.problem).toBe(kind);
    expect(pointed(problem)).toBe(word);
    const { text: said, block } = explainGrammar(problem);
    expect(said).toMatch(/[.?>\w"]$/);
    expect(said).not.toContain('undefined');
    expect(block?.split('\n')).toHaveLength(2);
  });

  test('a text above 4,000 characters is refused before it is looked at', () => {
    expect(no('\u202E'.repeat(4001))).toEqual({ problem: 'tooLong', characters: 4001 });
  });

  test('the wrong order is answered with the right one, in the words that were typed', () => {
    expect(explainGrammar(no('on hosta get "C:\\r.zip" ; put a.exe ; run b.ps1 -x')).text).toContain(
      '/lr on hosta put a.exe ; run b.ps1 -x ; get "C:\\r.zip"',
    );
  });

  test('a forgotten "on" is answered with the whole line as it should be', () => {
    expect(explainGrammar(no('run hosta a.ps1 -x ; get C:\\r.zip')).text).toContain(
      '/lr on hosta run a.ps1 -x ; get C:\\r.zip',
    );
  });

  test('a misspelt verb is answered with the nearest words', () => {
    expect(no('aprove LR-7F3K2Q')).toMatchObject({ suggestions: ['approve'] });
    expect(no('dmup hosta x')).toMatchObject({ suggestions: ['dump'] });
    expect(no('exec hosta x')).toMatchObject({ suggestions: ['run'] });
  });

  test('the pointer stands below the word', () => {
    expect(explainGrammar(no('put hosta a.exe b.exe')).block).toBe(
      'put hosta a.exe b.exe\n                ^^^^^',
    );
  });

  test('neither a hidden character nor a long word reaches the explanation as it was', () => {
    const { text, block } = explainGrammar(no(`run hosta a.ps1 ${'y'.repeat(100)}\u202Ex`));
    expect(`${text}${block ?? ''}`).not.toMatch(/[\u202A-\u202E]/);
    expect(block).toMatch(/^…y+□x\n +\^$/);
  });
});
