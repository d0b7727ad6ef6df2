// What collect.ps1 alone has: the path of its zip as the recipe collects it, what is in the package, its
// times and sizes, and that it only reads. What all scripts have in common is in scripts.test.ts.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fill } from '../../src/bot/policy/recipes/recipes.ts';
import { exampleRecipe, scriptFolder, scriptNamed } from '../support/defender/defenderScripts.ts';

const { script, code, constant, functions } = scriptNamed('collect.ps1');
const readme = readFileSync(join(scriptFolder, 'README.md'), 'utf8');

/** A number of the script's top level, in bytes or as it stands. */
function size(name: string): number {
  const [, digits = '', unit = ''] = new RegExp(`^\\$${name} = (\\d+)(MB|GB|)$`, 'm').exec(script) ?? [];
  if (digits === '') throw new Error(`the script has no $${name}`);
  return Number(digits) * ({ MB: 2 ** 20, GB: 2 ** 30 }[unit] ?? 1);
}

const parts = [
  ...script.matchAll(/^ +Invoke-Part -PartName '(\w+)' -PartSeconds (\d+) -PartAction \{ ([\w-]+) \}$/gm),
].map(([, name = '', seconds = '', action = '']) => ({ name, seconds: Number(seconds), action }));

test('leaves its zip where the recipe collects it, and takes what the recipe gives: nothing', () => {
  const filled = fill(exampleRecipe('collect'), []);
  if (!('commands' in filled)) throw new Error('the recipe cannot be filled');
  const [run, get] = filled.commands;
  expect(run).toEqual({ type: 'RunScript', scriptName: 'collect.ps1' });
  expect(script).toContain('$zipPath = [System.IO.Path]::Combine($OutputFolder, $ZipName)');
  expect(get).toEqual({ type: 'GetFile', path: `${constant('OutputFolder')}\\${constant('ZipName')}` });
});

test('renames an older zip of its own aside before anything can fail that would leave it to be collected', () => {
  const main = script.slice(script.indexOf('$exitCode = 1\n$workFolder'));
  const order = [
    'Clear-PackagePlace',
    'Remove-Leftovers',
    'Get-Allowance',
    'New-WorkFolder',
    'Write-Package',
    '::Move(',
    'Get-Sum',
    'Get-Earlier',
  ].map((step) => main.indexOf(step));
  expect(order.every((at) => at > 0)).toBe(true);
  expect([...order].sort((a, b) => a - b)).toEqual(order);
});

test('knows its own zip by the line that it writes first into its summary', () => {
  expect(functions.get('Get-Summary')).toMatch(/\$lines = @\(\n +\$AboutTitle\n/);
  expect(functions.get('Test-OwnPackage')).toMatch(/GetEntry\(\$AboutName\)[\s\S]*-ceq \$AboutTitle/);
  expect(functions.get('Test-OwnPackage')).toContain('-not (Test-Trusted -Path $Path)');
  expect(functions.get('Write-Package')).toContain('CreateEntry($AboutName)');
});

describe('what is in the package', () => {
  /** First folders of everything that is put into the zip; files at its root by their name. */
  const written = new Set(
    [...script.matchAll(/-(?:Entry|Prefix|Table) ['"]([\w. -]+\/?)/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => /\/$|\.csv$/.test(name)),
  );

  test('is what its head says', () => {
    const told = [...script.matchAll(/^ {4}(\w+\/|manifest\.csv|about\.txt) +\S/gm)].map((match) => match[1]);
    // Event logs and the summary are put in by names that are put together.
    expect(functions.get('Save-Channel')).toContain("$entry = 'eventlogs/' + $name");
    expect([...told].sort()).toEqual([...new Set([...written, 'eventlogs/', constant('AboutName')])].sort());
  });

  test('comes in the order of its head: what vanishes first is collected first', () => {
    const told = [...script.matchAll(/^ {4}(\w+)\/ +\S/gm)].map((match) => match[1]);
    expect(parts.map(({ name }) => name)).toEqual(told);
    for (const { action } of parts) expect(functions.has(action)).toBe(true);
  });

  test('holds what the recipe promises', () => {
    expect(exampleRecipe('collect').description).toContain('event logs, autoruns, prefetch, network state');
    const channels = [
      ...(/^\$Channels = @\(\n([\s\S]*?)^\)$/m.exec(script)?.[1]?.matchAll(/'([^']+)'/g) ?? []),
    ].map((match) => match[1] ?? '');
    const operational = ['PowerShell', 'Windows Defender', 'TaskScheduler', 'Sysmon'].map(
      (name) => `Microsoft-Windows-${name}/Operational`,
    );
    expect(channels).toEqual(expect.arrayContaining(['Security', 'System', 'Application', ...operational]));
    expect(channels.at(-1)).toBe('Security');
    expect(readme).toContain(
      `${({ 11: 'eleven' } as Readonly<Record<number, string>>)[new Set(channels).size] ?? 'another number of'} event logs`,
    );
    for (const source of [
      'CurrentVersion\\$name',
      "'Run', 'RunOnce'",
      '__EventConsumer',
      '__EventFilter',
      '__FilterToConsumerBinding',
      'Win32_Service',
      'Start Menu\\Programs\\Startup',
      "'Tasks'",
      "'Prefetch'",
      'Get-NetTCPConnection',
      'Get-NetUDPEndpoint',
      'Get-DnsClientCache',
      'Get-NetNeighbor',
      'Get-NetRoute',
      'etc\\hosts',
      'Win32_LogonSession',
      'Win32_SystemDriver',
      'Win32_QuickFixEngineering',
      'IncludeUserName',
      "'CommandLine'",
    ]) {
      expect(script).toContain(source);
    }
  });

  test('has one place for each file', () => {
    const entries = [...script.matchAll(/-(?:Entry|Table) '([^']+\.csv)'/g)].map((match) => match[1]);
    expect(entries.length).toBeGreaterThan(20);
    expect(new Set(entries).size).toBe(entries.length);
  });
});

describe('times and sizes', () => {
  test('everything ends before live response ends it, and the event logs have three minutes whatever went before', () => {
    const total = size('TotalSeconds');
    const others = parts
      .filter(({ name }) => name !== 'eventlogs')
      .reduce((sum, { seconds }) => sum + seconds, 0);
    expect(total).toBeLessThanOrEqual(8 * 60);
    expect(others + 180).toBeLessThanOrEqual(total);
    expect(parts.at(-1)?.name).toBe('eventlogs');
    expect(functions.get('Invoke-Part')).toContain(
      '[System.Math]::Min($now + 1000 * [long] $PartSeconds, 1000 * [long] $TotalSeconds)',
    );
  });

  test('what is read can never make a zip that is too large to collect, and every copy has a limit', () => {
    expect(size('LargestTotal')).toBeLessThan(size('LargestCollected') - 2 ** 29);
    expect(size('LargestLog')).toBeLessThan(size('LargestTotal'));
    const stream = functions.get('Add-Stream') ?? '';
    for (const limit of ['-gt $Limit', "-gt $Run['Left']", 'Get-TimeLeft']) expect(stream).toContain(limit);
    for (const [call] of script.matchAll(/^ +(?:Save-File|Add-Stream) [^\n]*/gm))
      expect(call).toContain(' -Limit ');
    for (const prose of ['Eight minutes', 'At most 2 GB', 'more than 512 MB'])
      expect(readme).toContain(prose);
    expect([size('TotalSeconds') / 60, size('LargestTotal') / 2 ** 30, size('LargestLog') / 2 ** 20]).toEqual(
      [8, 2, 512],
    );
  });

  test('a part that fails is noted and goes no further', () => {
    expect(functions.get('Invoke-Part')).toMatch(
      /try \{\n +\$null = & \$PartAction\n +\}\n +catch \{\n +Add-Record [^\n]*'failed'[^\n]*\n +\}\n\}$/,
    );
    for (const name of ['Save-File', 'Save-Rows', 'Save-Command'])
      expect(functions.get(name)).toMatch(/\n {4}catch \{\n {8}Add-Record [^\n]*'failed'[^\n]*\n {4}\}\n\}$/);
    // Waits for nothing that could not answer: neither to stop it nor to be rid of it.
    const bounded = functions.get('Invoke-Bounded') ?? '';
    expect(bounded).toMatch(/WaitOne\(\$longest\)[\s\S]*BeginStop[\s\S]*throw[\s\S]*EndInvoke/);
    expect(bounded).not.toMatch(/\.Stop\(\)|\.Invoke\(\)/);
  });
});

describe('it only reads', () => {
  test('cmdlets that are run beside it only get, each with the properties that are kept', () => {
    const run = [...script.matchAll(/^.* -Command '([^']+)'.*$/gm)];
    expect(run.length).toBeGreaterThan(20);
    for (const [line, command] of run) {
      expect(command).toMatch(/^Get-[A-Z]\w+$/);
      expect(line).toMatch(/ -Property '/);
    }
    const named = [...code.matchAll(/ -Command (\S+)/g)].map((match) => match[1]);
    expect([...new Set(named)].sort()).toEqual(['$Command', "''"].sort());
  });

  test('the one program is wevtutil of System32, and all it is told to do is to export', () => {
    expect(code.match(/Diagnostics\.Process\]::Start\(/g)).toHaveLength(1);
    expect(code.match(/ProcessStartInfo/g)).toHaveLength(1);
    expect(functions.get('Export-Channel')).toContain('$start.FileName = $WevtutilPath');
    expect(script).toContain("$WevtutilPath = [System.IO.Path]::Combine($System32, 'wevtutil.exe')");
    expect(script).toContain('$System32 = [System.Environment]::SystemDirectory');
    expect(script.match(/\$start\.Arguments = [^\n]*/g)).toEqual([
      `$start.Arguments = 'epl "{0}" "{1}" "/q:{2}"' -f $Channel, $Path, $Query`,
    ]);
    // A block that is called is one of its own parts.
    expect(code.match(/(?<![>\w])& *\S+/g)).toEqual(['& $PartAction']);
  });

  test('writes nowhere but into its own folder and its own place', () => {
    expect(code).not.toMatch(
      /\b(?:Set|Remove|New|Copy|Move|Clear|Stop|Restart|Disable|Enable|Register|Out|Export)-(?!Object\b|Failure\b|WorkFolder\b|Leftovers\b|PackagePlace\b|StrictMode\b|Channel\b|Aside\b)[A-Z]\w+/,
    );
    expect(code).not.toMatch(
      /SetValue|CreateSubKey|DeleteValue|DeleteSubKey|WriteAll|AppendAll|File\]::(?:Copy|Create|Replace|Encrypt|SetAttributes|SetAccessControl)|OpenSubKey\([^)]*,/,
    );
    expect(code.match(/FileMode\]::\w+/g)?.sort()).toEqual(['FileMode]::CreateNew', 'FileMode]::Open']);
    expect(code.match(/\]::Delete\([^)]*\)/g)?.sort()).toEqual([
      ']::Delete($Path)',
      ']::Delete($file)',
      ']::Delete($path)',
    ]);
    expect(code.match(/\.Kill\(\)/g)).toHaveLength(1);
    expect(functions.get('Open-Shared')).toContain('[System.IO.FileAccess]::Read)');
  });

  test('follows no link and reads no share', () => {
    expect(functions.get('Save-File')).toContain("'ReparsePoint, Offline'");
    expect(functions.get('Get-FileBelow')).toContain('[System.IO.FileAttributes]::ReparsePoint) -eq 0');
    for (const name of ['Get-ImageHash', 'Save-Startup'])
      expect(functions.get(name)).toContain("match '\\A[A-Za-z]:\\\\'");
  });
});
