// What the PowerShell scripts promise of evidence and of the process that is dumped, each as a look at the
// script that fails when the promise is taken out of a copy.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { scriptNamed } from '../support/defender/defenderScripts.ts';

const both = ['collect.ps1', 'minidump.ps1'] as const;
const dump = ['minidump.ps1'] as const;

/** The text of one function in a script. */
const functionOf = (script: string, name: string): string =>
  new RegExp(`^function ${name} \\{\\n[\\s\\S]*?^\\}$`, 'm').exec(script)?.[0] ?? '';
const mainOf = (script: string): string => script.slice(script.indexOf('$exitCode = 1\n$workFolder'));
/** Whether texts stand in a script in this order. */
const inOrder = (script: string, ...texts: readonly string[]): boolean =>
  texts.every(
    (text, at) =>
      script.includes(text) && (at === 0 || script.indexOf(text) > script.indexOf(texts[at - 1] ?? '')),
  );

interface Promised {
  readonly promise: string;
  readonly scripts: readonly string[];
  readonly kept: (script: string) => boolean;
  /** What takes the promise out, each as what is replaced and by what. */
  readonly broken: readonly (readonly [string, string])[];
}

const promises: readonly Promised[] = [
  {
    promise: 'nothing is deleted but working files: what lies in the zip’s place is renamed aside',
    scripts: both,
    kept: (script) => {
      const elsewhere = script
        .replace(functionOf(script, 'Remove-WorkFolder'), '')
        .replace(functionOf(script, 'Save-Channel'), '');
      return (
        !/\]::Delete\(|Remove-Item|\.Delete\(\)/.test(elsewhere) &&
        /function Clear-\w*Place \{[\s\S]*? {4}return Move-Aside -Path \$Path\n\}/.test(script) &&
        !functionOf(script, 'Remove-WorkFolder').includes('$zipPath')
      );
    },
    broken: [
      ['    return Move-Aside -Path $Path', '    [System.IO.File]::Delete($Path)'],
      ['    return Move-Aside -Path $Path', '    return'],
    ],
  },
  {
    promise:
      'a rename overwrites nothing: a name that is taken gets a number, and a rename that fails ends the run',
    scripts: both,
    kept: (script) =>
      inOrder(
        functionOf(script, 'Move-Aside'),
        'for ($number = 2; [System.IO.File]::Exists($aside); $number++)',
        '[System.IO.File]::Move($Path, $aside)',
        'New-Failure -Code 8',
      ),
    broken: [
      [
        '    for ($number = 2; [System.IO.File]::Exists($aside); $number++) {\n        $aside = "$stem.earlier-$stamp-$number.zip"\n    }\n',
        '',
      ],
      ['[System.IO.File]::Move($Path, $aside)', '[System.IO.File]::Replace($Path, $aside, $null)'],
    ],
  },
  {
    promise:
      'what was renamed aside is named with its SHA-256 whatever comes of the run, and so is every new zip',
    scripts: both,
    kept: (script) => {
      const end = mainOf(script).split('\nfinally {')[1] ?? '';
      return (
        /Get-Earlier -Path \$zipPath -Moved \$moved/.test(end) &&
        end.trimEnd().endsWith('exit $exitCode') &&
        /Write-Output -InputObject "zip SHA-256 +\$\(Get-Sum -Path \$zipPath /.test(mainOf(script)) &&
        functionOf(script, 'Get-Earlier').includes('Get-Sum -Path $Moved')
      );
    },
    broken: [
      [
        "    if ($zipPath -ne '') {\n        Get-Earlier",
        '    if ($exitCode -eq 0 -and $false) {\n        Get-Later',
      ],
      ['(Get-Sum -Path $Moved -Clock $Clock)', "''"],
    ],
  },
  {
    promise: 'the output begins with the path and the size',
    scripts: both,
    kept: (script) => {
      const said = [...mainOf(script).matchAll(/^ +Write-Output -InputObject (.*)$/gm)].map(
        (match) => match[1],
      );
      return (
        said[0] === '$zipPath' &&
        said[1] === '(Format-Size -Bytes $size)' &&
        mainOf(script).includes('$moved = [string] (Clear-') &&
        !/^ {4}(?:Remove-Leftovers|Get-VersionNote)$/m.test(mainOf(script).split('Write-Output')[0] ?? '')
      );
    },
    broken: [
      ['    Write-Output -InputObject $zipPath\n', ''],
      ['$moved = [string] (Clear-', '(Clear-'],
    ],
  },
  {
    promise: 'how many lie there is told, and none of them is ever removed',
    scripts: both,
    kept: (script) =>
      inOrder(
        functionOf(script, 'Get-Earlier'),
        "'.earlier-*.zip'",
        "'earlier zips kept: {0}, {1} in all.",
        'nothing removes them by itself',
      ),
    broken: [["'.earlier-*.zip'", "'.zip'"]],
  },
  {
    promise: 'hashing never keeps a script beyond its last second',
    scripts: both,
    kept: (script) =>
      /while \(\(\$read = [^\n]*\{\n +if \(\$Clock\.ElapsedMilliseconds -gt 1000 \* \$LastSecond\)/.test(
        functionOf(script, 'Get-Sum'),
      ) && Number(/^\$LastSecond = (\d+)$/m.exec(script)?.[1]) < 600,
    broken: [
      ['$Clock.ElapsedMilliseconds -gt 1000 * $LastSecond', '$false'],
      ['$LastSecond = 570', '$LastSecond = 600'],
    ],
  },
  {
    promise:
      'PowerShell 4 (Server 2012 R2) runs it and is told of, what is older is refused in words: no "#Requires" ends it before',
    scripts: both,
    kept: (script) =>
      !/^#Requires/im.test(script) &&
      inOrder(
        functionOf(script, 'Assert-Environment'),
        '-lt [System.Version] $LeastVersion',
        'New-Failure -Code 12',
        'Install Windows Management Framework $WrittenFor',
      ) &&
      functionOf(script, 'Get-VersionNote').includes('Server 2012 R2 has 4.0') &&
      /Get-VersionNote/.test(mainOf(script)) &&
      script.includes("$LeastVersion = '4.0'"),
    broken: [
      ['<#\n.SYNOPSIS', '#Requires -Version 5.1\n<#\n.SYNOPSIS'],
      ['    if ($version -lt [System.Version] $LeastVersion) {', '    if ($false) {'],
    ],
  },
  {
    promise: 'the bounds come before the process is touched',
    scripts: dump,
    kept: (script) =>
      inOrder(
        mainOf(script),
        '[void] (Assert-Bounds -Native $native',
        'New-WorkFolder',
        '$native.TakeSnapshot(',
        'Write-Dump -Native',
      ) &&
      ['-Code 13', '-Code 7', '-Code 14'].every((code) => functionOf(script, 'Assert-Bounds').includes(code)),
    broken: [
      [
        '    [void] (Assert-Bounds -Native $native -Target $target -Megabytes $megabytes -Seconds $seconds)\n',
        '',
      ],
      [
        '    [void] (Assert-Bounds -Native $native -Target $target -Megabytes $megabytes -Seconds $seconds)\n    $dumped',
        '    $dumped',
      ],
      ['New-Failure -Code 13', 'New-Failure -Code 9'],
    ],
  },
  {
    promise:
      'writing is given up in time: by the callback while Windows writes, by the loop while the zip is made',
    scripts: dump,
    kept: (script) =>
      /case CallbackCancel:\n[\s\S]*?TimeUp = TimeUp \|\| clock\.ElapsedMilliseconds > until;\n +Marshal\.WriteInt32\(output, 0, 1\);\n +Marshal\.WriteInt32\(output, 4, TimeUp \? 1 : 0\);\n +return 1;/.test(
        script,
      ) &&
      /while \(\(\$read = [^\n]*\{\n +Assert-Time -Until \$Until\n/.test(functionOf(script, 'Write-Zip')) &&
      mainOf(script).includes('$target.Id, $Clock, (500 * [long] $seconds)'),
    broken: [
      ['TimeUp ? 1 : 0', '0'],
      ['                        Assert-Time -Until $Until\n', ''],
      [
        'Marshal.WriteInt32(output, 0, 1);\n                    Marshal.WriteInt32(output, 4',
        'Marshal.WriteInt32(output, 4',
      ],
      ['(500 * [long] $seconds)', '[long]::MaxValue'],
    ],
  },
  {
    promise: 'a zip that grows too large is given up while it is made',
    scripts: dump,
    kept: (script) =>
      /if \(\$stream\.Position -gt \$LargestCollected\) \{\n +throw \(New-Failure -Code 11/.test(
        functionOf(script, 'Write-Zip'),
      ),
    broken: [['$stream.Position -gt $LargestCollected', '$false']],
  },
  {
    promise: 'Windows removes the raw dump however the script ends',
    scripts: dump,
    kept: (script) =>
      /FileStream -ArgumentList \$path, [^\n]*\(\[System\.IO\.FileOptions\]::DeleteOnClose\)\n/.test(
        functionOf(script, 'Write-Dump'),
      ) &&
      (script.match(/memory-\$try\.dmp/g) ?? []).length === 1 &&
      /finally \{[\s\S]*\$dump\.Dispose\(\)/.test(mainOf(script)),
    broken: [
      ['::DeleteOnClose)', '::None)'],
      ['        $dump.Dispose()\n', ''],
    ],
  },
  {
    promise: 'a partial copy is tried once more, without what cannot be read, and the output says so',
    scripts: dump,
    kept: (script) => {
      const text = functionOf(script, 'Write-Dump');
      return (
        text.includes('$Native.Write($file.SafeFileHandle, $try -gt 1)') &&
        text.includes('if ($code -ne 299 -or $try -gt 1) {\n            throw') &&
        /if \(\$try -gt 1\) \{\n +\$Notes\.Add\(/.test(text) &&
        script.includes('withoutUnreadable ? Kind | WithoutUnreadable : Kind') &&
        script.includes('WithoutUnreadable = 0x00020000;')
      );
    },
    broken: [
      ['if ($code -ne 299 -or $try -gt 1) {', 'if ($code -ne 299) {'],
      ['if ($code -ne 299 -or $try -gt 1) {', 'if ($true) {'],
      [
        '            if ($try -gt 1) {\n                $Notes.Add',
        '            if ($false) {\n                $Notes.Sub',
      ],
    ],
  },
  {
    promise: 'a snapshot is taken only where it is asked for, and one that fails is no dump of the process',
    scripts: dump,
    kept: (script) =>
      /^ {4}\[switch\] \$Snapshot,$/m.test(script) &&
      /if \(\$Snapshot\.IsPresent\) \{\n +try \{\n +\$code = \$native\.TakeSnapshot\(/.test(mainOf(script)) &&
      (mainOf(script).match(/TakeSnapshot/g) ?? []).length === 1 &&
      (mainOf(script).match(/New-Failure -Code 15/g) ?? []).length === 2 &&
      script.includes('-ToClone $Snapshot.IsPresent'),
    broken: [
      ['[switch] $Snapshot,', '[switch] $Snapshot = $true,'],
      ['    if ($Snapshot.IsPresent) {\n        try', '    if ($true) {\n        try'],
      [
        "throw (New-Failure -Code 15 -Message ('There can be no snapshot",
        "$Notes.Add(('There can be no snapshot",
      ],
    ],
  },
  {
    promise: 'a snapshot is said to be one to Windows, and freed',
    scripts: dump,
    kept: (script) =>
      /case CallbackIsSnapshot:\n +if \(snapshot != IntPtr\.Zero\)\n[\s\S]*?WriteInt32\(output, 0, 1\);/.test(
        script,
      ) &&
      script.includes('CallbackIsSnapshot = 16;') &&
      script.includes('PssFreeSnapshot(GetCurrentProcess(), snapshot);') &&
      /finally \{\n {4}if \(\$null -ne \$native\) \{\n {8}\$native\.Dispose\(\)/.test(mainOf(script)),
    broken: [
      ['CallbackIsSnapshot = 16;', 'CallbackIsSnapshot = 17;'],
      ['PssFreeSnapshot(GetCurrentProcess(), snapshot);', ''],
    ],
  },
  {
    promise: 'the PowerShell that runs the script is left out, with the one that started it',
    scripts: dump,
    kept: (script) =>
      functionOf(script, 'Get-OwnId').includes('$own = @($PID)') &&
      functionOf(script, 'Get-OwnId').includes('$own += $parent.Id') &&
      functionOf(script, 'Find-Target').includes('Where-Object -FilterScript { $own -notcontains $_.Id }') &&
      /-contains \$found\[0\]\.Id\) \{\n +throw \(New-Failure -Code 5/.test(
        functionOf(script, 'Find-Target'),
      ),
    broken: [
      ['Where-Object -FilterScript { $own -notcontains $_.Id }', 'Where-Object -FilterScript { $true }'],
      ['$own = @($PID)', '$own = @()'],
      ['-contains $found[0].Id) {', '-contains $null) {'],
    ],
  },
  {
    promise: 'an id that was used again since is not dumped',
    scripts: dump,
    kept: (script) =>
      script.includes('return started != 0 && created != started ? InvalidParameter : 0;') &&
      functionOf(script, 'Open-Target').includes('$Target.StartTime.ToFileTimeUtc()'),
    broken: [['return started != 0 && created != started ? InvalidParameter : 0;', 'return 0;']],
  },
];

test('the ten minutes on Windows expect what the scripts say, with their exit codes', () => {
  const page = readFileSync(join(root, 'docs', 'defender-setup.md'), 'utf8');
  const checklist = page.slice(
    page.indexOf('## Ten minutes on a Windows test machine'),
    page.indexOf('## When something does not work'),
  );
  const { script: minidump } = scriptNamed('minidump.ps1');
  const { script: collect } = scriptNamed('collect.ps1');
  for (const words of [
    'of the process, which stood still meanwhile',
    'written in',
    'zip SHA-256',
    'earlier zip renamed aside, kept',
    'earlier zips kept: ',
    'The process was not touched.',
    'takes a whole number from',
    'was not complete after half of -MaxSeconds, and was given up',
    'of a snapshot; the process stood still for the moment of taking it',
    'but the one that runs this script',
    'is the PowerShell that runs this script',
    'note: this is PowerShell',
    '-MaxMB allows',
    'on a slow disk (',
  ]) {
    expect([words, checklist.includes(words), minidump.includes(words)]).toEqual([words, true, true]);
  }
  for (const words of ['whole files', 'earlier zip renamed aside, kept', 'zip SHA-256'])
    expect([words, collect.includes(words)]).toEqual([words, true]);
  // The copy of step 5 is one that the script makes.
  expect(minidump).toMatch(/^\$SlowestPace = 20$/m);
  const codes = [...checklist.matchAll(/`(\d{1,2})`/g)].map((match) => Number(match[1]));
  expect([...new Set(codes)].sort((a, b) => a - b)).toEqual([0, 2, 3, 4, 5, 6, 13, 14, 15]);
  for (const code of codes) expect(minidump).toMatch(new RegExp(`^ +${code} {2}\\S`, 'm'));
  expect([...checklist.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ]);
});

describe.each(promises)('$promise', ({ scripts, kept, broken }) => {
  test.each(scripts)('%s', (name) => {
    const { script } = scriptNamed(name);
    expect(kept(script)).toBe(true);
    for (const [find, put] of broken) {
      expect(script).toContain(find);
      expect([find, kept(script.replace(find, () => put))]).toEqual([find, false]);
    }
  });
});
