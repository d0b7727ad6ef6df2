// Windows error codes in texts of any language.
import { describe, expect, test } from '@jest/globals';
import { errorKinds, kindOfCode } from '../../../src/liveResponse/codes/winErrors.ts';

describe('a number', () => {
  test.each([
    [-2147024891, 'accessDenied'],
    [2147942405, 'accessDenied'],
    [0x80070020, 'inUse'],
    [32, 'inUse'],
    [-1073741790, 'accessDenied'],
    [0xd0000022, 'accessDenied'],
    [0xc000cf1d, 'cloudOnly'],
    [0x800711c7, 'appControl'],
    [0x80004005, undefined],
    [0, undefined],
    [0x87654321, undefined],
    [1e12, undefined],
    [0.5, undefined],
    [5.5, undefined],
    [0x1_80070005, undefined],
    [0x80070005 - 0x2_0000_0000, undefined],
    [0x90070005, undefined],
    [0x80004004, 'cancelled'],
    [0x8007000e, 'outOfMemory'],
  ])('%p', (code, kind) => {
    expect(kindOfCode(code)).toBe(kind);
  });
});

describe('a text', () => {
  test.each([
    ['Zugriff verweigert (0x80070005)', ['accessDenied']],
    ['El proceso no tiene acceso al archivo. (HRESULT: -2147024864)', ['inUse']],
    ['指定されたファイルが見つかりません。エラー コード: 2', ['notFound']],
    ['Der Cloudanbieter läuft nicht. NTSTATUS 3221278465', ['cloudOnly']],
    ['O arquivo é um link simbólico (80070780)', ['reparse']],
    ['Fehler 5', ['accessDenied']],
    ['Este programa está bloqueado por una directiva de grupo. Código: 1260', ['appControl']],
    ['+ FullyQualifiedErrorId : ScriptContainedMaliciousContent', ['malware']],
    ['+ FullyQualifiedErrorId : PropertySetterNotSupportedInConstrainedLanguage', ['appControl']],
    ['+ CategoryInfo : SecurityError: (:) [], PSSecurityException', ['scriptPolicy']],
    [
      '+ CategoryInfo : PermissionDenied: (C:\\x:String) [Get-Item], UnauthorizedAccessException',
      ['accessDenied'],
    ],
    ['ERROR_VIRUS_INFECTED, then STATUS_ACCESS_DENIED', ['malware', 'accessDenied']],
    ['+ FullyQualifiedErrorId : PathNotFound,Get-ChildItem', ['notFound']],
    ['System.IO.PathTooLongException', ['badPath']],
    ['System.OutOfMemoryException', ['outOfMemory']],
    ['System.TimeoutException', ['timedOut']],
    ['System.Threading.Tasks.TaskCanceledException', ['cancelled']],
    ['ERROR_CLOUD_FILE_OF_THE_FUTURE', ['cloudOnly']],
    ['STATUS_CLOUD_FILE_OF_THE_FUTURE', ['cloudOnly']],
    ['error 0x20', ['inUse']],
    ['0xFFFFFFFF80070002', ['notFound']],
  ])('%p', (text, kinds) => {
    expect(errorKinds(text)).toEqual(kinds);
  });

  test.each([
    'Script ended with exit code 5.',
    'The remote server returned an error: (404) Not Found.',
    'HTTP error 5',
    'wrote 80070005-1111-2222-3333-444444444444',
    'sha256 80070005aabbccddeeff',
    'at offset 0x20',
    'error 5.1 is a version',
    'code 512',
    'ERROR_OF_THE_FUTURE',
    '',
  ])('%p tells nothing', (text) => {
    expect(errorKinds(text)).toEqual([]);
  });
});
