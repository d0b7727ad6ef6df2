// What an administrator brings to Defender, held to the code and the recipes: permissions, the script's path, codes and names, and the
// upload as the README writes it. PowerShell itself is not at hand here: the script is checked as far as text can be.
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { fill } from '../../src/bot/rules/recipes.ts';
import type { Recipe } from '../../src/bot/rules/policy.ts';
import { defenderAppId } from '../../src/doctor/token.ts';
import { rights } from '../../src/liveResponse/roles.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { codeOf } from '../support/powershellCode.ts';
import { root } from '../support/root.ts';

const folder = join(root, 'manifest', 'defender');
const script = readFileSync(join(folder, 'minidump.ps1'), 'utf8');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

interface Permissions {
  readonly resource: { readonly name: string; readonly appId: string };
  readonly permissions: readonly { readonly role: string; readonly optional: boolean; readonly allows: readonly string[]; readonly why: string }[];
}

describe('permissions.json', () => {
  const { resource, permissions } = JSON.parse(readFileSync(join(folder, 'permissions.json'), 'utf8')) as Permissions;

  test('asks the resource that the doctor knows', () => {
    expect(resource).toEqual({ name: 'WindowsDefenderATP', appId: defenderAppId });
  });

  test('lists exactly the permissions of the code, each with the calls it allows', () => {
    const fromCode = new Map<string, string[]>();
    for (const [kind, { anyOf }] of Object.entries(rights)) for (const role of anyOf) fromCode.set(role, [...(fromCode.get(role) ?? []), kind]);
    expect(Object.fromEntries(permissions.map(({ role, allows }) => [role, [...allows].sort()]))).toEqual(Object.fromEntries([...fromCode].map(([role, kinds]) => [role, kinds.sort()])));
  });

  test('calls optional exactly what every call can do without', () => {
    for (const { role, optional, why } of permissions) {
      const needed = Object.values(rights).some((right) => !right.optional && right.anyOf.includes(role) && !right.anyOf.some((other) => other !== role && permissions.some((one) => one.role === other && !one.optional)));
      expect([role, optional]).toEqual([role, !needed]);
      expect(why.length).toBeGreaterThan(40);
    }
  });

  test('is told in full by the setup page', () => {
    const page = readFileSync(join(root, 'docs', 'defender-setup.md'), 'utf8');
    for (const { role } of permissions) expect(page).toContain(`| \`${role}\``);
    expect(page).toContain(resource.appId);
  });
});

/** The value of `$Name = '...'` at the script's top level. */
function constant(name: string): string {
  const found = new RegExp(`^\\$${name} = '([^']*)'$`, 'm').exec(script)?.[1];
  if (found === undefined) throw new Error(`the script has no $${name}`);
  return found;
}

function recipeOf(name: string): Recipe {
  const read = readPolicy(readFileSync(join(root, 'policy.example.yaml'), 'utf8'));
  const recipe = 'policy' in read ? read.policy.recipes.get(name) : undefined;
  if (recipe === undefined) throw new Error(`the example policy has no recipe ${name}`);
  return recipe;
}

/** Without comments and texts, so that words of prose are not taken for commands. */
const code = codeOf(script);

describe('minidump.ps1', () => {
  const dump = recipeOf('dump');

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

  test('refuses LSASS, and looks at the process that was found rather than at the name that was given', () => {
    expect(script).toMatch(/\$RefusedNames = @\('lsass', 'lsaiso'\)/);
    expect(script).toContain('$RefusedNames -contains $target.ProcessName');
  });

  test('takes an older zip of its own away before anything can fail that would leave it to be collected', () => {
    const main = script.slice(script.indexOf('$exitCode = 1\n$workFolder'));
    const order = ['Assert-Name', 'Clear-Place', 'Find-Target', 'Assert-Space', 'Write-Dump', 'Write-Zip', '::Move('].map((step) => main.indexOf(step));
    expect(order.every((at) => at > 0)).toBe(true);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
  });

  test('is strict: ASCII, strict mode, no aliases, no code from text, no wildcards in paths, DLLs of System32 alone', () => {
    expect(/[^\n -~]/.exec(script)).toBeNull();
    expect(code).toContain('Set-StrictMode -Version 3.0');
    expect(code).toMatch(/\$ErrorActionPreference = ''/);
    expect(code).not.toMatch(/Invoke-Expression|\biex\b|Start-Process|rundll32|comsvcs|DownloadString|FromBase64String|Invoke-WebRequest|\bcmd\b|-EncodedCommand/i);
    expect(code).not.toMatch(/(?:^|[|;({])\s*(?:gci|ls|dir|cat|gc|rm|del|ri|mv|cp|ps|gps|select|where|sort|echo|write|sc|%|\?)\s/im);
    expect(code).not.toMatch(/\|\s*foreach\b(?!-)/i);
    for (const cmdlet of code.match(/(?:Get-Acl|Test-Path|Get-FileHash)\b[^\n|)]*/g) ?? []) expect(cmdlet).toContain('-LiteralPath');
    const imports = script.match(/\[DllImport\([^)]*\)\]/g) ?? [];
    expect(imports.length).toBeGreaterThan(0);
    expect(script.match(/\[DefaultDllImportSearchPaths\(DllImportSearchPath\.System32\)\]\n\s*\[DllImport/g)).toHaveLength(imports.length);
  });

  test('calls only functions it has and cmdlets of Windows PowerShell 5.1, whose brackets and texts all end', () => {
    const own = [...code.matchAll(/^function ([A-Z][a-z]+-[A-Za-z]+) \{$/gm)].map((match) => match[1]);
    const cmdlets = ['New-Object', 'Get-Process', 'Sort-Object', 'ForEach-Object', 'Get-Acl', 'Test-Path', 'Write-Warning', 'Write-Error', 'Write-Output', 'Add-Type', 'Get-FileHash', 'Set-StrictMode'];
    const verbs = /(?<![\w$.:-])([A-Z][A-Za-z]+-[A-Z][A-Za-z]+)\b/g;
    const called = new Set([...code.matchAll(verbs)].map((match) => match[1]));
    expect([...called].filter((one) => !own.includes(one) && !cmdlets.includes(one ?? ''))).toEqual([]);
    expect(own.filter((one) => (code.match(new RegExp(`\\b${one ?? ''}\\b`, 'g')) ?? []).length < 2)).toEqual([]);
  });
});

test('the reader of PowerShell sees code and nothing else, and what does not end', () => {
  expect(codeOf(`a 'b (' # c {\n"d $(e 'f') g)" <# h [ #> i`)).toBe(`a '' \n"$(e '')"  i`);
  for (const broken of ["'a", '"a', '{ a', 'a )', '( ]', '<# a', '"$(a"']) expect(() => codeOf(broken)).toThrow();
});

describe('README.md', () => {
  let simulator: Simulator | undefined;
  afterEach(async () => {
    await simulator?.stop();
  });

  test('uploads with a call that the API takes as it stands there', async () => {
    simulator = await startSimulator();
    const url = /^curl -sS (\S+)/m.exec(readme)?.[1] ?? '';
    const form = new FormData();
    for (const [, name = '', value = ''] of readme.matchAll(/^ {2}-F "(\w+)=(.*)"/gm)) {
      if (value.startsWith('@')) form.set(name, new Blob([readFileSync(join(root, value.slice(1)))]), value.split('/').at(-1));
      else form.set(name, value);
    }
    const send = (): Promise<Response> => fetch(`${simulator?.url ?? ''}${new URL(url).pathname}`, { method: 'POST', body: form });
    // The simulated tenant has a script of that name already, which the README's fields do not replace.
    expect((await send()).status).toBe(400);
    await fetch(`${simulator.url}/api/libraryfiles/minidump.ps1`, { method: 'DELETE' });
    expect((await send()).status).toBe(200);
    const { value } = (await (await fetch(`${simulator.url}/api/libraryfiles`)).json()) as { readonly value: readonly { readonly fileName: string; readonly sha256: string; readonly hasParameters: boolean }[] };
    expect(value.find(({ fileName }) => fileName === 'minidump.ps1')).toMatchObject({ sha256: createHash('sha256').update(script).digest('hex'), hasParameters: true });
  });

  test('names the exit codes as the script has them', () => {
    for (const [, words = '', number = ''] of readme.matchAll(/(several processes|`lsass` is refused|did not make is left alone|constrained language mode)[^.]*?\(exit code (\d+)/gi)) {
      const line = new RegExp(`^ +${number} {2}(.*)$`, 'm').exec(script)?.[1] ?? '';
      expect(line.toLowerCase()).toContain({ several: 'several', '`lsass`': 'lsass', did: 'did not make', constrained: 'constrained' }[words.toLowerCase().split(' ')[0] ?? ''] ?? 'no such words');
    }
  });
});
