// Which advice is given for which refusal: the code decides, Defender's text only makes it more exact, and is
// always quoted.
import { describe, expect, test } from '@jest/globals';
import { failureAdvice, refusalAdvice, refusalHints } from '../../cards/messages/advice.ts';
import { scriptCause, stepFailure, stepHints } from '../../cards/messages/stepAdvice.ts';
import { oneLine } from '../../cards/clip.ts';
import { troubleSentence } from '../../cards/results.ts';
import { rightSentence, rolesListed } from '../../cards/messages/rights.ts';
import { callKinds } from '../../src/liveResponse/pacing/callRates.ts';
import { rights } from '../../src/liveResponse/codes/permissions.ts';
import { isLinear } from '../support/linearTime.ts';

describe('a refusal', () => {
  test('the code decides, and the text only where the code says nothing', () => {
    expect(failureAdvice({ code: 'refused', detail: 'DisabledFeature: off' })).toEqual(
      failureAdvice({ code: 'DisabledFeature' }),
    );
    expect(failureAdvice({ code: 'DisabledFeature', detail: 'Unauthorized: x' })).toEqual(
      failureAdvice({ code: 'DisabledFeature' }),
    );
    expect(failureAdvice({ code: 'refused', detail: 'Unauthorized access' }).what).toContain('refused');
  });

  test.each([
    [
      'DisallowedOperation',
      "Machine's protection level doesn't allow to launch a session on it",
      undefined,
      'remediationLevel',
    ],
    ['BadRequest', 'The device group has no remediation level', undefined, 'remediationLevel'],
    ['SomethingNew', 'Not Protected', undefined, 'remediationLevel'],
    ['DisabledFeature', 'Live response for servers is disabled', undefined, 'serversOff'],
    ['DisabledFeature', 'The feature is disabled', 'WindowsServer2022', 'serversOff'],
    ['DisabledFeature', 'Unsigned script execution is disabled', 'WindowsServer2022', 'unsignedScripts'],
    ['BadRequest', 'Commands must be in the order PutFile, RunScript, GetFile.', undefined, 'order'],
  ])('%s, “%s” on %s is more exact than its code: %s', (code, detail, os, hint) => {
    expect(failureAdvice({ code, detail, ...(os === undefined ? {} : { os }) })).toBe(
      refusalHints[hint]?.advice,
    );
  });

  test.each([
    [
      'a known code that is not about it',
      { code: 'OsPlatformNotSupported', detail: 'The server protection level' },
      'OsPlatformNotSupported',
    ],
    ['a workstation', { code: 'DisabledFeature', os: 'Windows 11 24H2' }, 'DisabledFeature'],
    ['an ordinary text', { code: 'BadRequest', detail: 'The request body is incorrect.' }, 'BadRequest'],
  ])('no text makes %s something else', (_name, refused, code) => {
    expect(failureAdvice(refused)).toBe(refusalAdvice[code]);
  });

  test.each(callKinds)('a missing right for %s names what it is for and the role', (call) => {
    const { anyOf, neededTo } = rights[call];
    for (const error of [
      { call, code: 'refused', status: 403 },
      { call, code: 'refused', status: 403, apiCode: 'Forbidden' },
      { call, code: 'unauthorized', status: 401 },
    ]) {
      const said = rightSentence(error) ?? '';
      expect(said).toContain(neededTo);
      for (const role of anyOf) expect(said).toContain(role);
      expect(said).toContain('admin consent');
    }
    expect(rightSentence({ call, code: 'refused', status: 403 })).toContain(
      'wrong audience (DEFENDER_SCOPE)',
    );
    expect(rightSentence({ call, code: 'refused', status: 403, apiCode: 'DisabledFeature' })).toBeUndefined();
    expect(rightSentence({ call, code: 'refused', status: 400 })).toBeUndefined();
  });
});

describe('the roles in a 403', () => {
  test.each([
    ['any of the required application permissions (A.B, C.D.All) to access', 'A.B, C.D.All'],
    ['required application permissions [A.B]', 'A.B'],
    ['API required roles: A.B, application roles: C.D.', 'A.B'],
    ['API required roles: A.B;C.D, application roles: .', 'A.B;C.D'],
    ['Required scopes: A.B', 'A.B'],
    ['required permissions (\u202EA.B\u0000\n, C.D)', oneLine('\u202EA.B\u0000\n, C.D', 240)],
    [`required roles (${'A.B, '.repeat(100)}A.B)`, oneLine(`${'A.B, '.repeat(100)}A.B`, 240)],
  ])('%j are %j', (message, listed) => {
    expect(rolesListed(message)).toBe(listed);
  });

  test.each([
    '',
    'Forbidden',
    'no permission (see the log)',
    'required roles: none',
    'required roles ()',
    'the roles',
  ])('none in %p', (message) => {
    expect(rolesListed(message)).toBeUndefined();
  });
});

describe('texts of any length', () => {
  test('are read in time that grows with their length alone', () => {
    const command = { type: 'GetFile', path: 'C:\\a' } as const;
    for (const part of [
      'required roles: ',
      '(',
      "'C:\\",
      'blocked by a ',
      'access to ',
      'error: ',
      '0x8007',
      '-2147024',
    ]) {
      for (const read of [
        (text: string) => stepFailure(command, [text], true),
        (text: string) => scriptCause(command, { exitCode: 1, errors: text, output: text }),
        rolesListed,
      ]) {
        expect([part, isLinear((size) => part.repeat(Math.ceil(size / part.length)), read)]).toEqual([
          part,
          true,
        ]);
      }
    }
  });
});

const namesInQuotedTexts = [
  [{ type: 'GetFile', path: 'C:\\OneDrive\\a.txt' }, 'File not found: c:\\onedrive\\A.TXT', 'fileNotFound'],
  [
    { type: 'GetFile', path: 'C:\\a.txt' },
    "Access to 'C:\\sparse\\cloud file.txt' is denied: access is denied",
    'accessDenied',
  ],
  [
    { type: 'GetFile', path: 'C:\\a.txt' },
    'Uploading the file to the cloud timed out, it is locked',
    'fileInUse',
  ],
  [{ type: 'RunScript', scriptName: 'signing.ps1' }, "Script 'signing.ps1' does not exist", 'notInLibrary'],
  [
    { type: 'RunScript', scriptName: 'minidump.ps1', args: 'AntiVirusSvc' },
    'No such process: AntiVirusSvc',
    'notInLibrary',
  ],
  [
    { type: 'PutFile', fileName: 'virus.exe' },
    "File 'virus.exe' was not found in the library.",
    'notInLibrary',
  ],
  [
    { type: 'PutFile', fileName: 'tool.exe' },
    'Für diesen Vorgang ist nicht genug Speicherplatz verfügbar (-2147024784)',
    'diskFull',
  ],
  [{ type: 'PutFile', fileName: 'tool.exe' }, 'ERROR_VIRUS_INFECTED', 'fileBlocked'],
  [
    { type: 'RunScript', scriptName: 'x.ps1' },
    'Acesso negado 0x80070005, mas: 0x800704EC',
    'applicationControl',
  ],
] as const;

describe('a row', () => {
  test('a result that the bot has no right to names the role', () => {
    expect(
      troubleSentence(
        {
          code: 'refused',
          tries: 1,
          error: { call: 'link', code: 'refused', status: 403, apiCode: 'Forbidden' },
        },
        'GetFile',
      ),
    ).toContain('Machine.ReadWrite.All with admin consent');
  });

  test.each([
    [
      { type: 'GetFile', path: 'x' },
      'The process cannot access the file because it is being used by another process',
      'fileInUse',
    ],
    [{ type: 'GetFile', path: 'x' }, 'ERROR_SHARING_VIOLATION 0x80070020', 'fileInUse'],
    [{ type: 'GetFile', path: 'x' }, 'File not found: C:\\a', 'fileNotFound'],
    [{ type: 'GetFile', path: 'x' }, 'Access is denied.', 'accessDenied'],
    [{ type: 'GetFile', path: 'x' }, 'The file exceeds the allowed size', 'tooLarge'],
    [
      { type: 'RunScript', scriptName: 'x.ps1' },
      "Script 'x.ps1' was not found in the library.",
      'notInLibrary',
    ],
    [{ type: 'RunScript', scriptName: 'x.ps1' }, 'The script is not digitally signed', 'scriptNotSigned'],
    [
      { type: 'RunScript', scriptName: 'x.ps1' },
      'Script execution timed out after 10 minutes.',
      'scriptTimedOut',
    ],
    [{ type: 'PutFile', fileName: 'x' }, "File 'x' was not found in the library.", 'notInLibrary'],
    [{ type: 'RunScript', scriptName: 'x.ps1' }, 'The command was canceled.', 'cancelled'],
  ] as const)('%j with “%s” is told as %s, with the text itself', (command, text, hint) => {
    const said = stepFailure(command, [text], true);
    expect(said).toContain(`“${text}”`);
    expect(said).toContain(stepHints[hint]?.next);
  });

  test.each(namesInQuotedTexts)(
    '%j with “%s” goes by what the text says, not by the names in it: %s',
    (command, text, hint) => {
      expect(stepFailure(command, [text], true)).toContain(stepHints[hint]?.next);
    },
  );

  test('a reason that Defender gives for the whole session counts as well', () => {
    const said = stepFailure({ type: 'GetFile', path: 'C:\\a' }, [], true, 'Its code is 0x8007016A.');
    expect(said).toBe(`Its code is 0x8007016A. ${stepHints['cloudOnly']?.next ?? ''}`);
  });

  test.each(['PutFile', 'RunScript', 'GetFile'] as const)('a failed %s names its next step', (type) => {
    const command =
      type === 'GetFile'
        ? { type, path: 'x' }
        : type === 'PutFile'
          ? { type, fileName: 'x' }
          : { type, scriptName: 'x' };
    expect(stepFailure(command, [], true)).toMatch(/^Defender gives no reason\. Next: check .+\.$/);
    expect(stepFailure(command, ['boom!'], true)).toMatch(/^Defender says: “boom!” Next: check .+\.$/);
    // What to do stands before what is for support.
    expect(stepFailure(command, ['boom!'], true, 'Its code is 0x80004005.')).toMatch(
      /^Defender says: “boom!” Next: check .+\. Its code is 0x80004005\.$/,
    );
  });
});
