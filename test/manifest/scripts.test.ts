// What holds for every PowerShell script of manifest/defender alike: its head tells its exit codes, it is
// strict, it calls nothing unknown, and what two of them do alike is the same text. PowerShell itself is not
// at hand here: they are checked as far as text can be, and read through a real grammar in grammar.test.ts.
// What they promise of evidence is in evidence.test.ts, the shell script in collectSh.test.ts.
import { describe, expect, test } from '@jest/globals';
import { ownScripts } from '../../src/doctor/defender/library.ts';
import { scriptNamed } from '../support/defender/defenderScripts.ts';
import { codeOf } from '../support/defender/powershellCode.ts';

/** Cmdlets of Windows PowerShell 4.0 and 5.1 that the scripts call by themselves. */
const cmdlets = [
  'New-Object',
  'Get-Process',
  'Get-CimInstance',
  'Sort-Object',
  'Select-Object',
  'Where-Object',
  'ForEach-Object',
  'Get-Acl',
  'Test-Path',
  'Write-Warning',
  'Write-Error',
  'Write-Output',
  'Add-Type',
  'Set-StrictMode',
];
const powershellScripts = ownScripts.filter((name) => name.endsWith('.ps1'));

describe.each(powershellScripts)('%s', (name) => {
  const { script, code, functions } = scriptNamed(name);

  test('uses exactly the exit codes that its head explains', () => {
    const head = /Exit codes:\n([\s\S]*?)\n#>/.exec(script)?.[1] ?? '';
    const told = [...head.matchAll(/^ +(\d+) {2}\S/gm)].map((match) => Number(match[1]));
    const thrown = [...script.matchAll(/New-Failure -Code (\d+)/g)].map((match) => Number(match[1]));
    const set = [...script.matchAll(/\$exitCode = (\d+)/g)].map((match) => Number(match[1]));
    expect(told).toEqual([...new Set([...thrown, ...set])].sort((a, b) => a - b));
    // The one way out, so that the cleaning before it always happens.
    expect(code.match(/\bexit\b[^\n]*/g)).toEqual(['exit $exitCode']);
    expect(script.trimEnd().endsWith('exit $exitCode')).toBe(true);
  });

  test('is strict: ASCII, strict mode, no aliases, no code from text, no wildcards in paths, no other machine', () => {
    expect(/[^\n -~]/.exec(script)).toBeNull();
    expect(code).toContain('Set-StrictMode -Version 3.0');
    expect(code).toMatch(/\$ErrorActionPreference = ''/);
    expect(code).not.toMatch(
      /Invoke-Expression|\biex\b|Start-Process|rundll32|comsvcs|DownloadString|FromBase64String|Invoke-WebRequest|\bcmd\b|-EncodedCommand/i,
    );
    expect(code).not.toMatch(
      /AddScript|ScriptBlock\]::Create|InvokeScript|NewScriptBlock|Reflection\.Assembly|Invoke-Command|-ComputerName|-CimSession/i,
    );
    expect(code).not.toMatch(
      /(?:^|[|;({])\s*(?:gci|ls|dir|cat|gc|rm|del|ri|mv|cp|ps|gps|gcim|select|where|sort|echo|write|sc|%|\?)\s/im,
    );
    expect(code).not.toMatch(/\|\s*foreach\b(?!-)/i);
    for (const cmdlet of code.match(/(?:Get-Acl|Test-Path)\b[^\n|)]*/g) ?? [])
      expect(cmdlet).toContain('-LiteralPath');
    // DLLs of System32 alone.
    const imports = script.match(/\[DllImport\([^)]*\)\]/g) ?? [];
    expect(
      script.match(/\[DefaultDllImportSearchPaths\(DllImportSearchPath\.System32\)\]\n\s*\[DllImport/g) ?? [],
    ).toHaveLength(imports.length);
  });

  test('swallows no error: every catch says or throws something, or answers "no" to the question whose zip it is', () => {
    const silent = [...code.matchAll(/\bcatch \{\s*([^\n]*)/g)]
      .map(([, first = '']) => first)
      .filter((first) => first === '' || first === '}');
    expect(silent).toEqual([]);
  });

  test('calls only functions it has and cmdlets of Windows PowerShell 5.1, whose brackets and texts all end', () => {
    const own = [...code.matchAll(/^function ([A-Z][a-z]+-[A-Za-z]+) \{$/gm)].map((match) => match[1]);
    expect(own).toEqual([...functions.keys()]);
    const verbs = /(?<![\w$.:-])([A-Z][A-Za-z]+-[A-Z][A-Za-z]+)\b/g;
    const called = new Set([...code.matchAll(verbs)].map((match) => match[1]));
    expect([...called].filter((one) => !own.includes(one) && !cmdlets.includes(one ?? ''))).toEqual([]);
    expect(own.filter((one) => (code.match(new RegExp(`\\b${one ?? ''}\\b`, 'g')) ?? []).length < 2)).toEqual(
      [],
    );
  });

  test('hands its functions only parameters that they have', () => {
    const wrong: string[] = [];
    for (const [one, text] of functions) {
      const parameters = [...(/\n {4}param\((.*)\)\n/.exec(text)?.[1] ?? '').matchAll(/\] \$(\w+)/g)].map(
        (match) => match[1],
      );
      for (const [call] of code.matchAll(new RegExp(`(?<!function )\\b${one}\\b[^\\n|;]*`, 'g'))) {
        // Up to the bracket that ends the call, without what stands in brackets of its own.
        let flat = call;
        for (let before = ''; before !== flat;) {
          before = flat;
          flat = flat.replace(/[@$]?\([^()]*\)|@?\{[^{}]*\}|\[[^[\]]*\]/g, 'x');
        }
        const given = [...(flat.split(/[)}]/)[0] ?? '').matchAll(/ -([A-Z]\w*)/g)].map((match) => match[1]);
        wrong.push(
          ...given
            .filter((parameter) => !parameters.includes(parameter))
            .map((parameter) => `${one} -${parameter ?? ''}`),
        );
      }
    }
    // An operator such as -and is written small.
    expect(wrong).toEqual([]);
  });

  test('opens its folder to SYSTEM and Administrators alone, and takes its zip’s place by a move that overwrites nothing', () => {
    expect(script).toContain("$TrustedSids = @('S-1-5-18', 'S-1-5-32-544')");
    expect(functions.get('New-WorkFolder')).toContain('$security.SetAccessRuleProtection($true, $false)');
    expect(script).toContain('[System.IO.File]::Move($madePath, $zipPath)');
    expect(script).toContain('$LargestCollected = 3GB');
    expect(script).toContain('if ($size -gt $LargestCollected) {');
  });
});

test('what two scripts do alike is the same text in both', () => {
  const [first, ...others] = powershellScripts.map((name) => scriptNamed(name).functions);
  const shared = [...(first ?? new Map<string, string>())].filter(([name]) =>
    others.every((other) => other.has(name)),
  );
  const differing = [...(first ?? new Map<string, string>())].filter(([name, text]) =>
    others.some((other) => other.has(name) && other.get(name) !== text),
  );
  expect(shared.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      'New-Failure',
      'Format-Size',
      'Assert-Environment',
      'Test-Trusted',
      'Remove-WorkFolder',
      'Remove-Leftovers',
      'New-WorkFolder',
      'Get-Reason',
      'Get-VersionNote',
      'Move-Aside',
      'Open-Shared',
      'Get-Sum',
      'Get-Earlier',
    ]),
  );
  expect(differing.map(([name]) => name)).toEqual([]);
});

test('the reader of PowerShell sees code and nothing else, and what does not end', () => {
  expect(codeOf(`a 'b (' # c {\n"d $(e 'f') g)" <# h [ #> i`)).toBe(`a '' \n"$(e '')"  i`);
  for (const broken of ["'a", '"a', '{ a', 'a )', '( ]', '<# a', '"$(a"'])
    expect(() => codeOf(broken)).toThrow();
});
