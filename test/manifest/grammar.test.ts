// The PowerShell scripts read through a real grammar, and what strict mode would end them for: variables
// without a value, parameters that a function or a cmdlet does not have. Each check is shown to find faults
// planted in a copy.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ownScripts } from '../../src/doctor/defender/library.ts';
import { scriptNamed } from '../support/defender/defenderScripts.ts';
import {
  commandsOf,
  grammarOf,
  parametersOf,
  powershellFaults,
  readable,
  syntaxFaults,
  unknownVariables,
} from '../support/defender/grammars.ts';
import type { Grammar } from '../support/defender/grammars.ts';

/**
 * Cmdlets that the scripts call, with the parameters they use: all of PowerShell 4.0, which Server 2012 R2
 * has.
 */
const cmdlets: Readonly<Record<string, readonly string[]>> = {
  'Add-Type': ['AssemblyName', 'TypeDefinition'],
  'ForEach-Object': ['Process'],
  'Get-Acl': ['LiteralPath'],
  'Get-CimInstance': ['ClassName', 'Filter', 'OperationTimeoutSec', 'Property'],
  'Get-Process': ['ErrorAction', 'Id', 'Name'],
  'New-Object': ['ArgumentList', 'TypeName'],
  'Select-Object': ['First'],
  'Set-StrictMode': ['Version'],
  'Sort-Object': ['Property'],
  'Test-Path': ['LiteralPath'],
  'Where-Object': ['FilterScript'],
  'Write-Error': ['ErrorAction', 'Message'],
  'Write-Output': ['InputObject'],
  'Write-Warning': ['Message'],
};

let powershell: Grammar;
let csharp: Grammar;
beforeAll(async () => {
  powershell = await grammarOf('powershell');
  csharp = await grammarOf('c-sharp');
});

/** Calls of commands that are not there, or with parameters they do not have. */
function wrongCalls(script: string): string[] {
  const root = powershell.parse(readable(script));
  const known = new Map([...Object.entries(cmdlets), ...parametersOf(root)]);
  return commandsOf(root).flatMap(({ name, parameters, line }) => {
    // The block of a part.
    if (name === '&' || name.startsWith('& ')) return [];
    const has = known.get(name);
    if (has === undefined) return [`line ${line}: ${name}`];
    return parameters.filter((one) => !has.includes(one)).map((one) => `line ${line}: ${name} -${one}`);
  });
}

const native = (script: string): string => /@'\n([\s\S]*?)\n'@/.exec(script)?.[1] ?? '';

describe.each(ownScripts.filter((name) => name.endsWith('.ps1')))('%s', (name) => {
  const { script } = scriptNamed(name);

  test('is PowerShell from its first line to its last, and none that 4.0 lacks', () => {
    const root = powershell.parse(readable(script));
    expect(powershellFaults(root)).toEqual([]);
    // Whatever the grammar does not understand it would leave out: the tree ends where the script does.
    expect(root.endIndex).toBe(script.trimEnd().length + (script.length - script.trimEnd().length));
  });

  test('reads no variable that has no value yet', () => {
    expect(unknownVariables(powershell.parse(readable(script)))).toEqual([]);
  });

  test('calls what it has or PowerShell 4 brings, with parameters that are there', () => {
    expect(wrongCalls(script)).toEqual([]);
    expect(commandsOf(powershell.parse(readable(script))).length).toBeGreaterThan(60);
  });

  /** The first occurrence of each, replaced. */
  const syntax: readonly (readonly [string, string, string])[] = [
    ['a bracket that is missing', 'if ($size -gt $LargestCollected) {', 'if ($size -gt $LargestCollected {'],
    ['a brace too many', 'exit $exitCode', '}\nexit $exitCode'],
    ['a text that does not end', "'Stop'", "'Stop"],
    ['a here-text that does not end', '#>', ''],
    ['"of" in the place of "in"', 'foreach ($sid in $TrustedSids)', 'foreach ($sid of $TrustedSids)'],
    ['a condition without brackets', "if ($zipPath -ne '') {", "if $zipPath -ne '' {"],
    ['an index that is not closed', "$failure.Data['ExitCode'] = $Code", "$failure.Data['ExitCode' = $Code"],
    [
      'a comma with nothing after it',
      '[System.IO.File]::Move($madePath, $zipPath)',
      '[System.IO.File]::Move($madePath,)',
    ],
    ['an operator with nothing after it', '-eq 0) {', '-eq) {'],
    ['a type that is not closed', '[string] $Message)', '[string $Message)'],
    ['try with nothing to catch', 'exit $exitCode', 'try { 1 }\nexit $exitCode'],
    ['catch of nothing', 'exit $exitCode', 'exit $exitCode\ncatch { 1 }'],
    ['a chain of PowerShell 7', 'exit $exitCode', 'Get-Process && Get-Process\nexit $exitCode'],
    ['a constructor of PowerShell 5', 'exit $exitCode', '$x = [System.Object]::new()\nexit $exitCode'],
    ['a class of PowerShell 5', 'exit $exitCode', 'class Dump { [int] $Id }\nexit $exitCode'],
    ['a choice of PowerShell 7', 'exit $exitCode', '$x = $true ? 1 : 2\nexit $exitCode'],
  ];
  test.each(syntax)('its syntax is looked at: %s', (_what, find, put) => {
    expect(script).toContain(find);
    expect(powershellFaults(powershell.parse(readable(script.replace(find, () => put))))).not.toEqual([]);
  });

  test.each([
    ['misspelt', 'return $failure', 'return $failur'],
    [
      'read before it has a value',
      '$exitCode = 1\n$workFolder = $null',
      '$exitCode = $workFolder\n$workFolder = $null',
    ],
    ['of another function', 'return $aside', 'return $security'],
    ['in a text', '"$stem.earlier-$stamp.zip"', '"$stam.earlier-$stamp.zip"'],
  ])('its variables are looked at: one that is %s', (_what, find, put) => {
    expect(script).toContain(find);
    expect(unknownVariables(powershell.parse(readable(script.replace(find, () => put))))).toHaveLength(1);
  });

  test.each([
    ['a function that is not there', 'Test-Trusted -Path', 'Test-Trust -Path'],
    ['a parameter that a function does not have', 'Test-Trusted -Path', 'Test-Trusted -LiteralPath'],
    ['a parameter that a cmdlet does not have', 'Write-Warning -Message', 'Write-Warning -Text'],
    ['an alias', 'Write-Output -InputObject $zipPath', 'echo $zipPath'],
    [
      'a cmdlet of another PowerShell',
      'Write-Output -InputObject $zipPath',
      'Write-Information -MessageData $zipPath',
    ],
  ])('its calls are looked at: %s', (_what, find, put) => {
    expect(script).toContain(find);
    expect(wrongCalls(script.replace(find, () => put))).toHaveLength(1);
  });
});

describe('the C# of minidump.ps1', () => {
  const source = native(scriptNamed('minidump.ps1').script);

  test('is C#, of version 5 at most: that is what Windows brings', () => {
    expect(syntaxFaults(csharp.parse(source))).toEqual([]);
    const code = source.replace(/^.*\bextern\b.*$/gm, '').replace(/\/\/.*$/gm, '');
    expect(code).not.toMatch(
      /\$"|\?\.|\bnameof\b|\bout (?:var|int|uint|long|IntPtr) |=>|\busing static\b|\bwhen \(|\?\?=/,
    );
    expect(source.length).toBeGreaterThan(5_000);
  });

  test.each([
    ['a bracket that is missing', 'CloseHandle(process);', 'CloseHandle(process;'],
    ['a semicolon that is missing', 'GC.KeepAlive(routine);', 'GC.KeepAlive(routine)'],
    ['a brace too many', 'public void Dispose()', '} public void Dispose()'],
    ['a condition that is missing', 'while (VirtualQueryEx(', 'while VirtualQueryEx('],
  ])('its syntax is looked at: %s', (_what, find, put) => {
    expect(source).toContain(find);
    expect(syntaxFaults(csharp.parse(source.replace(find, () => put)))).not.toEqual([]);
  });
});
