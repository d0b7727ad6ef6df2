// What minidump.ps1 alone has: its argument, the path of its zip as the recipe collects it, and what it refuses. What all scripts have in
// common is in scripts.test.ts.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fill } from '../../src/bot/rules/recipes.ts';
import { exampleRecipe, scriptNamed } from '../support/defenderScripts.ts';

const { script, code, constant } = scriptNamed('minidump.ps1');

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

  // .NET's \A and \z are the ends of the text, as ^ and $ are without flags in JavaScript; -cnotmatch compares by case.
  const name = new RegExp(constant('NamePattern').replace('\\A', '^').replace('\\z', '$'));
  const device = new RegExp(constant('DevicePattern').replace('\\A', '^').replace('\\z', '$'), 'i');
  const taken = (text: string): boolean => name.test(text) && !text.includes('..') && !device.test(text);

  test.each(['OfficeClickToRun', 'svchost', 'notepad.exe', '4711', 'a', 'Teams_2', 'x'.repeat(64), 'company.service-host'])('takes %s', (text) => {
    expect(taken(text)).toBe(true);
  });

  test.each(['', '.', '..', 'a..b', 'a.', '-Verbose', '../x', 'a\\b', 'C:\\x', 'a/b', 'a*', 'a?', '[a]', 'a b', 'a;b', '$x', "a'b", 'a"b', 'a`b', 'a\n', 'ä', 'NUL', 'con.exe', 'COM1.x', 'x'.repeat(65)])('refuses %j', (text) => {
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
    expect(script.match(/\[DllImport\(/g)).toHaveLength(3);
    expect(code).not.toMatch(/Diagnostics\.Process\]::Start/);
  });

  test('takes an older zip of its own away before anything can fail that would leave it to be collected', () => {
    const main = script.slice(script.indexOf('$exitCode = 1\n$workFolder'));
    const order = ['Assert-Name', 'Clear-Place', 'Find-Target', 'Assert-Space', 'Write-Dump', 'Write-Zip', '::Move('].map((step) => main.indexOf(step));
    expect(order.every((at) => at > 0)).toBe(true);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
  });
});
