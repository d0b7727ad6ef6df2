// What is said of failures as Windows and Defender tell them, over HTTP: by codes and ids, in whatever
// language the text is; and of a 403, with the roles as Defender lists them. Field-faults row 3.6.
import { runOf } from '../../support/requests/requests.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { refusalHints } from '../../../cards/messages/advice.ts';
import { exitHints, stepHints, stepNext } from '../../../cards/messages/stepAdvice.ts';
import { recordAdvice } from '../../../cards/messages/deviceContext.ts';
import { openTestApp } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { fieldError, fieldJson } from '../../support/defender/field/fieldProxy.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp({
    field: true,
    simulator: { deviceSpeed: 20 },
    policy: (text) => text.replace('groups: [Workstations, Servers]', "groups: ['*']"),
  });
});
afterEach(() => app.close());

async function approved(line: string): Promise<void> {
  const reply = await app.say('responder1', line);
  if (reply.kind !== 'asked') throw new Error(JSON.stringify(reply));
  await app.loop.tick();
  await app.press('approver1', 'approve');
}

/** The card after the session, with what a command of it said when it failed. */
async function failed(line: string, errorText: string): Promise<string> {
  app.simulator.tenant.changeDevice('hosta.corp.example', { broken: true, errorText });
  await approved(line);
  await app.until('finished');
  await app.run(10_000);
  return app.card().view.steps[0]?.detail ?? '';
}

const get = String.raw`get hosta C:\Users\ada\report.docx`;
const run = 'run hosta collect.ps1';

describe('what GetFile cannot fetch', () => {
  test.each([
    ['cloudOnly', 'Der Clouddateianbieter wird nicht ausgeführt. (Ausnahme von HRESULT: 0x8007016A)'],
    ['cloudOnly', 'O provedor de arquivos de nuvem não está em execução: -2147024534'],
    ['cloudOnly', 'クラウド ファイル プロバイダーが実行されていません。NTSTATUS 0xC000CF01'],
    ['cloudOnly', 'The file is not available locally.'],
    ['link', 'Es handelt sich um einen Analysepunkt (0x80071128)'],
    ['link', 'No se puede tener acceso al archivo. HRESULT: -2147022976'],
    ['link', 'Reparse points are not supported.'],
    ['sparse', 'Sparse files cannot be downloaded'],
    ['sparse', 'SPARSE_FILE attribute set, skipped'],
    ['emptyFile', 'The file is empty'],
    ['emptyFile', 'File size is 0'],
    ['emptyFile', 'Ende der Datei erreicht. Win32-Code: 38'],
    ['folder', 'Access is denied: C:\\Users\\ada is a directory'],
    ['folder', 'Zugriff verweigert, STATUS_FILE_IS_A_DIRECTORY'],
    ['folder', '指定されたパスはフォルダーです (0xC00000BA)'],
    ['tooLarge', 'Die Datei ist zu groß. 0x800700DF'],
    ['tooLarge', 'File is larger than 3 GB'],
    ['tooLarge', 'El archivo supera el límite permitido: -1073739516'],
    [
      'fileInUse',
      'El proceso no tiene acceso al archivo porque está siendo utilizado por otro proceso. (HRESULT: -2147024864)',
    ],
    ['fileInUse', 'プロセスはファイルにアクセスできません。エラー コード: 32'],
    ['fileInUse', 'O arquivo está em uso (0x80070021)'],
    ['accessDenied', 'Zugriff verweigert (2147942405)'],
    ['accessDenied', 'Acceso denegado. Código: 5'],
    ['accessDenied', 'アクセスが拒否されました。0xC0000022'],
    ['fileNotFound', 'Das System kann die angegebene Datei nicht finden. Fehler 2'],
    ['fileNotFound', 'No se encuentra la ruta (80070003)'],
    ['fileNotFound', 'ファイルが見つかりません ERROR_FILE_NOT_FOUND'],
    [
      'fileBlocked',
      'Der Vorgang wurde nicht erfolgreich abgeschlossen, da die Datei einen Virus enthält. 0x800700E1',
    ],
    ['encrypted', 'Die angegebene Datei ist verschlüsselt. (6002) ERROR_FILE_ENCRYPTED'],
  ])('%s: %p', async (hint, text) => {
    expect(await failed(get, text)).toContain(stepHints[hint]?.next);
  });

  test.each([
    ['sparse', 'sparse'],
    ['empty', 'emptyFile'],
    ['reparsePoint', 'link'],
    ['cloudOnly', 'cloudOnly'],
    ['tooLarge', 'tooLarge'],
    ['directory', 'folder'],
  ] as const)('as the simulator has it: %s', async (kind, hint) => {
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      oddFiles: [{ path: String.raw`C:\Users\ada\report.docx`, kind }],
    });
    await approved(get);
    await app.until('finished');
    await app.run(10_000);
    expect(app.card().view.steps[0]?.detail).toContain(stepHints[hint]?.next);
  });

  test('is not told by words of the path itself, or of a text that means another thing', async () => {
    expect(
      await failed(
        String.raw`get hosta "C:\OneDrive\empty folder\symlink is a directory.txt"`,
        String.raw`File not found: C:\OneDrive\empty folder\symlink is a directory.txt`,
      ),
    ).toContain(stepHints['fileNotFound']?.next);
  });

  test('and an unknown text has the ordinary next step', async () => {
    expect(await failed(get, 'Unbekannter Fehler 0x80004005')).toContain(stepNext.GetFile);
  });
});

describe('a script that Windows does not let run', () => {
  test.each([
    [
      'scriptBlocked',
      'This script contains malicious content and has been blocked by your antivirus software.',
    ],
    ['scriptBlocked', 'Dieses Skript ist gesperrt. FullyQualifiedErrorId : ScriptContainedMaliciousContent'],
    ['scriptBlocked', 'Operación no completada (0x800700E1)'],
    ['scriptBlocked', 'このスクリプトには悪意のあるコンテンツが含まれています。-2147024671'],
    ['applicationControl', 'Dieses Programm wurde durch eine Gruppenrichtlinie geblockt. (0x800704EC)'],
    ['applicationControl', 'Una directiva de Control de aplicaciones ha bloqueado este archivo: 0x800711C7'],
    [
      'applicationControl',
      'Não é possível chamar o método. FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage',
    ],
    [
      'applicationControl',
      'Cannot dot-source this command because it was defined in a different language mode.',
    ],
    ['applicationControl', 'This program is blocked by group policy.'],
    [
      'scriptPolicy',
      'Die Datei kann nicht geladen werden. CategoryInfo : SecurityError: (:) [], PSSecurityException',
    ],
    ['scriptNotSigned', 'Es war keine Signatur im Antragsteller vorhanden. 0x800B0100'],
    ['scriptTimedOut', 'Tiempo de espera agotado (1460) ERROR_TIMEOUT'],
  ])('%s: %p', async (hint, text) => {
    expect(await failed(run, text)).toContain(stepHints[hint]?.next);
  });
});

describe('a script that the simulator’s antivirus blocks', () => {
  test.each(['failed', 'output'] as const)('is told in its %s', async (amsi) => {
    app.simulator.tenant.changeDevice('hosta.corp.example', { amsi });
    await approved(run);
    await app.until('finished');
    await app.run(10_000);
    const { lead, steps } = app.card().view;
    expect(`${lead} ${steps[0]?.detail ?? ''}`).toContain(
      amsi === 'failed' ? stepHints['scriptBlocked']?.next : exitHints.malware,
    );
  });
});

const toldByErrors = [
  [
    'malware',
    {
      script_errors:
        'In C:\\x.ps1:1 Zeichen:1\r\n    + CategoryInfo          : ParserError: (:) [], ParseException\r\n    + FullyQualifiedErrorId : ScriptContainedMaliciousContent\r\n',
    },
  ],
  [
    'malware',
    {
      script_errors:
        'ParserError: This script contains malicious content and has been blocked by your antivirus software.',
      exit_code: 0,
    },
  ],
  [
    'malware',
    {
      script_output:
        'x\r\nFullyQualifiedErrorId : ScriptContainedMaliciousContent,Microsoft.PowerShell.Commands.InvokeExpressionCommand',
    },
  ],
  [
    'appControl',
    {
      script_errors:
        'プロパティを設定できません。\r\n    + FullyQualifiedErrorId : PropertySetterNotSupportedInConstrainedLanguage',
    },
  ],
  ['appControl', { exit_code: 12, script_output: 'PowerShell runs in constrained language mode here.' }],
  [
    'appControl',
    {
      script_errors:
        'Zugriff verweigert\n + CategoryInfo : PermissionDenied: (:) [], UnauthorizedAccessException\n 0x800704EC',
    },
  ],
  [
    'scriptPolicy',
    {
      script_errors:
        'No se puede cargar el archivo.\n    + CategoryInfo          : SecurityError: (:) [], PSSecurityException\n    + FullyQualifiedErrorId : UnauthorizedAccess',
    },
  ],
  [
    'accessDenied',
    {
      script_errors:
        'Acesso negado\n    + CategoryInfo : PermissionDenied: (C:\\x:String) [Get-Item], UnauthorizedAccessException',
    },
  ],
  [
    'diskFull',
    { script_errors: 'Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung. (0x80070070)' },
  ],
  ['inUse', { script_errors: 'ファイルは使用中です HRESULT -2147024864' }],
] as const;

describe('a script that ran and failed tells why by its errors', () => {
  const transcript = (fields: object): void => {
    app.field.answer(/^BLOB GET/, () =>
      fieldJson(200, {
        script_name: 'collect.ps1',
        exit_code: 1,
        script_output: 'Transcript started\n',
        script_errors: '',
        ...fields,
      }),
    );
  };
  async function lead(fields: object, line = run): Promise<string> {
    transcript(fields);
    await approved(line);
    await app.until('finished');
    await app.run(10_000);
    return app.card().view.lead;
  }
  test.each(toldByErrors)('%s: %j', async (kind, fields) => {
    const said = await lead(fields);
    expect(said).toContain(exitHints[kind]);
    expect(said).toContain('Read its output before relying on the result.');
  });

  test.each([
    ['exit code 12 of a script that is not ours', 'run hosta exit3.ps1', { exit_code: 12 }],
    [
      'an id in the output of a script that succeeded',
      run,
      { exit_code: 0, script_output: 'ScriptContainedMaliciousContent' },
    ],
    ['errors that say nothing known', run, { script_errors: 'boom, assigned 0x80004005' }],
  ])('but nothing is made of %s', async (_name, line, fields) => {
    const said = await lead(fields, line);
    for (const hint of Object.values(exitHints)) expect(said).not.toContain(hint);
  });

  test('and what was read stays with the request through a restart', async () => {
    const said = await lead({ script_errors: 'FullyQualifiedErrorId : ScriptContainedMaliciousContent' });
    const before = app.newest();
    expect(runOf(before).results.excerpts).toMatchObject([
      { index: 0, exitCode: 1, errors: true, cause: 'malware' },
    ]);
    await app.restart();
    expect(app.newest()).toEqual(before);
    await app.run(10_000);
    expect(app.card().view.lead).toBe(said);
  });
});

describe('a refused submission', () => {
  async function refused(status: number, code: string, message: string): Promise<string> {
    app.field.answer(/^POST .*runliveresponse/i, () => fieldError(status, code, message));
    await approved('dump hosta notepad');
    const over = await app.until('closed');
    expect(stageOf(over)).toMatchObject({ ending: { kind: 'refused' } });
    await app.run(5_000);
    return app.card().view.lead;
  }

  test.each([
    [
      403,
      'DisallowedOperation',
      "Machine's protection level doesn't allow to launch a session on it",
      refusalHints['remediationLevel']?.advice,
    ],
    [
      400,
      'BadRequest',
      'The device group has no remediation level',
      refusalHints['remediationLevel']?.advice,
    ],
    [
      403,
      'Forbidden',
      'automation level of the device group is not set',
      refusalHints['remediationLevel']?.advice,
    ],
    [400, 'BadRequest', 'Machine is not onboarded', recordAdvice.deviceNotOnboarded],
    [404, 'ResourceNotFound', 'The machine was offboarded', recordAdvice.deviceNotOnboarded],
    [403, 'DisallowedOperation', 'Device not yet onboarded to the service', recordAdvice.deviceNotOnboarded],
    [400, 'BadRequest', 'Gerät: 0x800704EC', refusalHints['applicationControl']?.advice],
    [
      400,
      'BadRequest',
      'Vorgang fehlgeschlagen: ScriptContainedMaliciousContent',
      refusalHints['scriptBlocked']?.advice,
    ],
    [400, 'NewCode', 'firma no válida (0x80096010)', refusalHints['unsignedScripts']?.advice],
  ])('%i %s, “%s” has its own words and next step', async (status, code, message, advice) => {
    const said = await refused(status, code, message);
    expect(advice).toBeDefined();
    expect(said).toContain(advice?.what);
    expect(said).toContain(advice?.next);
    expect(app.field.submissions()).toBe(1);
  });

  test.each([
    [
      'The application does not have any of the required application permissions (Machine.LiveResponse, Machine.Foo.All) to access the resource.',
      'Machine.LiveResponse, Machine.Foo.All',
    ],
    [
      'Missing application roles. API required roles: Machine.LiveResponse,Machine.LiveResponse.All, application roles: Machine.Read.All,Alert.Read.All.',
      'Machine.LiveResponse,Machine.LiveResponse.All',
    ],
    [
      'Missing scopes. API required scopes: Machine.LiveResponse, user scopes: Machine.Read',
      'Machine.LiveResponse',
    ],
    [
      'The caller lacks the required role (Machine.<b>Live</b>Response, @everyone.All).',
      'Machine.<b>Live</b>Response, @everyone.All',
    ],
  ])('of a 403 that lists roles, “%s”, quotes them exactly', async (message, listed) => {
    const said = await refused(403, 'Forbidden', message);
    expect(said).toContain(`Defender lists what it wants: “${listed}”.`);
    expect(said).toContain('with admin consent (the bot is made for Machine.LiveResponse)');
    // Nobody is told of what the application has already as if it were missing.
    expect(said.slice(0, said.indexOf('Code '))).not.toContain('Alert.Read.All');
  });

  test.each(['Forbidden (see the log)', 'Access denied', ''])(
    'of a 403 that lists none, %p, names the role of our own table',
    async (message) => {
      const said = await refused(403, 'Forbidden', message);
      expect(said).not.toContain('Defender lists');
      expect(said).toContain('An administrator must grant it Machine.LiveResponse with admin consent');
    },
  );
});
