// What minidump.ps1 alone has: its arguments, the path of its zip as the recipe collects it, what it refuses,
// and its bounds. What all scripts have in common is in scripts.test.ts.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { fill } from '../../src/bot/policy/recipes/recipes.ts';
import { exampleRecipe, scriptFolder, scriptNamed } from '../support/defender/defenderScripts.ts';
import { root } from '../support/root.ts';

const { script, code, constant, functions } = scriptNamed('minidump.ps1');
const main = script.slice(script.indexOf('$exitCode = 1\n$workFolder'));

describe('minidump.ps1', () => {
  const dump = exampleRecipe('dump');

  test('leaves its zip where the recipe collects it, for any name', () => {
    const filled = fill(dump, ['OfficeClickToRun']);
    if (!('commands' in filled)) throw new Error('the recipe takes no such name');
    const [run, get] = filled.commands;
    expect(run).toEqual({ type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' });
    // As the script puts it together: folder, given name, ".dmp", ".zip".
    expect(script).toContain("$dumpName = $Process + '.dmp'");
    expect(script).toContain("$zipPath = [System.IO.Path]::Combine($OutputFolder, $dumpName + '.zip')");
    expect(get).toEqual({ type: 'GetFile', path: `${constant('OutputFolder')}\\OfficeClickToRun.dmp.zip` });
  });

  // .NET's \A and \z are the ends of the text, as ^ and $ are without flags in JavaScript; -cnotmatch
  // compares by case.
  const name = new RegExp(constant('NamePattern').replace('\\A', '^').replace('\\z', '$'));
  const device = new RegExp(constant('DevicePattern').replace('\\A', '^').replace('\\z', '$'), 'i');
  const taken = (text: string): boolean => name.test(text) && !text.includes('..') && !device.test(text);

  test.each([
    'OfficeClickToRun',
    'svchost',
    'notepad.exe',
    '4711',
    'a',
    'Teams_2',
    'x'.repeat(64),
    'company.service-host',
  ])('takes %s', (text) => {
    expect(taken(text)).toBe(true);
  });

  test.each([
    '',
    '.',
    '..',
    'a..b',
    'a.',
    '-Verbose',
    '../x',
    'a\\b',
    'C:\\x',
    'a/b',
    'a*',
    'a?',
    '[a]',
    'a b',
    'a;b',
    '$x',
    "a'b",
    'a"b',
    'a`b',
    'a\n',
    'ä',
    'NUL',
    'con.exe',
    'COM1.x',
    'x'.repeat(65),
  ])('refuses %j', (text) => {
    expect(taken(text)).toBe(false);
  });

  test('takes nothing that the recipe would not let through', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) => {
        if (taken(text)) expect(fill(dump, [text])).toHaveProperty('commands');
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses LSASS, and looks at the process that was found rather than at the name that was given', () => {
    expect(script).toMatch(/\$RefusedNames = @\('lsass', 'lsaiso'\)/);
    expect(script).toContain('$RefusedNames -contains $target.ProcessName');
  });

  test('calls the system for the dump itself, and searches System32 alone for it', () => {
    expect(script.match(/\[DllImport\(/g)).toHaveLength(8);
    expect(code).not.toMatch(/Diagnostics\.Process\]::Start/);
  });

  test('renames an older zip of its own aside before anything can fail that would leave it to be collected', () => {
    const order = [
      'Assert-Name',
      'Read-Bound',
      'Clear-Place',
      'Find-Target',
      'Assert-Bounds',
      'New-WorkFolder',
      'Write-Dump',
      'Write-Zip',
      '::Move(',
      'Get-Sum',
      'Get-Earlier',
    ].map((step) => main.indexOf(step));
    expect(order.every((at) => at > 0)).toBe(true);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
  });
});

describe('bounds of minidump.ps1', () => {
  const number = (name: string): number => Number(new RegExp(`^\\$${name} = (\\d+)$`, 'm').exec(script)?.[1]);
  const byDefault = (name: string): number =>
    Number(new RegExp(`\\[string\\] \\$${name} = '(\\d+)'`).exec(script)?.[1]);
  const range = (name: string): number[] =>
    (
      new RegExp(`Read-Bound -Name '-${name}' -Given \\$${name} -Least (\\d+) -Most (\\d+)`).exec(script) ??
      []
    )
      .slice(1)
      .map(Number);

  test('can be set by a recipe, after the name of the process, and the plain recipe goes on working', () => {
    const example = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
    const read = readPolicy(
      example.replace("Args: '{process}' }", "Args: '{process} -MaxMB 8192 -MaxSeconds 480 -Snapshot' }"),
    );
    if (!('policy' in read)) throw new Error('the policy cannot be read');
    const recipe = read.policy.recipes.get('dump');
    if (recipe === undefined) throw new Error('there is no recipe');
    const filled = fill(recipe, ['OfficeClickToRun']);
    if (!('commands' in filled)) throw new Error('the recipe takes no such name');
    expect(filled.commands[0]).toEqual({
      type: 'RunScript',
      scriptName: 'minidump.ps1',
      args: 'OfficeClickToRun -MaxMB 8192 -MaxSeconds 480 -Snapshot',
    });
    for (const [, parameter] of '-MaxMB 8192 -MaxSeconds 480 -Snapshot'.matchAll(/-(\w+)/g))
      expect(script).toMatch(new RegExp(`\\] \\$${parameter ?? ''}(?: = '\\d+')?,\n`));
    expect([byDefault('MaxMB'), byDefault('MaxSeconds')]).toEqual([4096, 420]);
  });

  test('are told as they are by the head and by the README', () => {
    const readme = readFileSync(join(scriptFolder, 'README.md'), 'utf8');
    for (const [name, unit] of [
      ['MaxMB', 'MB'],
      ['MaxSeconds', 'seconds'],
    ] as const) {
      const [least, most] = range(name);
      expect(script).toContain(
        `, in ${unit}: ${least ?? 0} to ${most ?? 0}, ${byDefault(name)} where it is not given.`,
      );
      expect(readme).toContain(`\`-${name}\` | ${byDefault(name)} | ${least ?? 0} to ${most ?? 0} |`);
      expect(byDefault(name)).toBeGreaterThanOrEqual(least ?? Infinity);
      expect(byDefault(name)).toBeLessThanOrEqual(most ?? -Infinity);
    }
  });

  test('leave room before live response ends the script, and what is allowed by default is let through by both', () => {
    const [, most = Infinity] = range('MaxSeconds');
    expect(most).toBeLessThanOrEqual(number('LastSecond') - 60);
    expect(number('LastSecond')).toBeLessThan(600);
    expect(byDefault('MaxMB') / number('SlowestPace')).toBeLessThan(byDefault('MaxSeconds'));
  });

  test('are looked at before the process is touched: what opens it, stops it or writes comes after, and only Measure before', () => {
    const bounds = main.indexOf('Assert-Bounds');
    for (const touch of ['TakeSnapshot', 'Write-Dump', 'New-WorkFolder'])
      expect(main.indexOf(touch)).toBeGreaterThan(bounds);
    const measured = functions.get('Assert-Bounds') ?? '';
    expect(measured.match(/\$Native\.\w+/g)?.sort()).toEqual(['$Native.Measure', '$Native.TimeUp']);
    for (const code of [13, 14, 7])
      expect(measured).toMatch(new RegExp(`New-Failure -Code ${code} [^\n]*not touched`));
  });
});
