// Which commands do not fit the operating system of their device.
import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { misfits, familyOf, systems } from '../../../src/liveResponse/device/records.ts';

const script = (scriptName: string): Command => ({ type: 'RunScript', scriptName });
const get = (path: string): Command => ({ type: 'GetFile', path });
const put = (fileName: string): Command => ({ type: 'PutFile', fileName });

/** What does not fit about one command; undefined where it fits. */
function misfit(os: string, command: Command): string | undefined {
  const [found] = misfits(os, [command]);
  return found?.what;
}

describe('the family of a system', () => {
  test.each([
    ['windows', ['Windows11', 'WINDOWSSERVER2022', 'windows 10']],
    ['mobile', ['Windows Phone', 'WindowsMobile', 'Android', 'iOS', 'iPadOS']],
    ['macos', ['macOS', 'Mac OS', 'OSX', 'OS X']],
    [
      'linux',
      [
        'Ubuntu',
        'RedHatEnterpriseLinux',
        'Red Hat',
        'CentOS',
        'SLES',
        'Debian',
        'Amazon Linux',
        'Rocky',
        'AlmaLinux',
      ],
    ],
  ])('%s', (family, words) => {
    expect(words.map(familyOf)).toEqual(words.map(() => family));
  });

  test('is not known of a word that nobody knows', () => {
    expect(['Other', '', 'MyWindows', 'NotmacOS'].map(familyOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(systems).toEqual(['windows', 'linux', 'macos']);
  });
});

describe('on Windows', () => {
  test.each([
    ['unixScript', script('collect.sh')],
    ['unixScript', script('COLLECT.PY')],
    ['registry', get('HKLM\\Software\\Run')],
    ['registry', get('hkey_local_machine\\Software')],
    ['registry', get('HKCU:\\Software')],
    ['unixPath', get('/var/log/syslog')],
    ['unixPath', get('~/notes')],
    ['unixPath', get('$HOME/notes')],
    ['unixPath', get('file:///etc/passwd')],
    ['unixFile', put('tool.deb')],
  ])('%s: %j', (what, command) => {
    expect(misfit('Windows11', command)).toBe(what);
  });

  test.each([
    script('minidump.ps1'),
    script('sh'),
    get('C:\\Temp\\a.zip'),
    get('//server/share'),
    get('$env:TEMP/a'),
    get('file:///C:/Temp/a'),
    get('C:\\HKLM\\x'),
    put('tool.exe'),
  ])('%j fits', (command) => {
    expect(misfit('Windows11', command)).toBeUndefined();
  });
});

describe.each(['Ubuntu', 'macOS'])('on %s', (os) => {
  test.each([
    ['windowsScript', script('minidump.ps1')],
    ['windowsScript', script('A.EXE')],
    ['windowsPath', get('C:\\Temp\\a.zip')],
    ['windowsPath', get('\\\\server\\share')],
    ['windowsPath', get('%TEMP%\\a')],
    ['windowsPath', get('$env:TEMP\\a')],
    ['windowsPath', get('HKLM\\Software')],
    ['windowsFile', put('tool.DLL')],
  ])('%s: %j', (what, command) => {
    expect(misfit(os, command)).toBe(what);
  });

  test.each([
    script('collect.sh'),
    script('collect.py'),
    get('/var/log/syslog'),
    get('~/a'),
    put('tool.deb'),
  ])('%j fits', (command) => {
    expect(misfit(os, command)).toBeUndefined();
  });
});

test('no command fits a phone, and none is judged on a system that nobody knows', () => {
  expect(misfits('Android', [script('a.ps1'), get('/x')])).toEqual([
    { index: 0, what: 'noLiveResponse' },
    { index: 1, what: 'noLiveResponse' },
  ]);
  expect(misfits('Other', [script('a.ps1'), get('/x')])).toEqual([]);
});

test('each command that does not fit is named by its place', () => {
  expect(misfits('Windows11', [script('a.ps1'), get('/x'), put('a.so')])).toEqual([
    { index: 1, what: 'unixPath' },
    { index: 2, what: 'unixFile' },
  ]);
});
