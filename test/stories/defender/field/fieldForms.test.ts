// Forms of Defender's answers that hid a failure, a second device or another script: each was met by trying
// to break the reading of them. Field-faults rows 3.1, 3.3, 3.4 and 3.12, next to
// test/stories/defender/field/fieldReading.test.ts.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { fieldError, fieldJson } from '../../../support/defender/field/fieldProxy.ts';
import type { Json } from '../../../support/defender/field/fieldProxy.ts';
import { openTestApp, textOf } from '../../../support/apps/testApp.ts';
import { sent, shown, view } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { approved } from '../../../support/defender/field/fieldApproval.ts';

let app: TestApp;
afterEach(() => app.close());

describe('a transcript', () => {
  const spoken = (change: Json = {}): string =>
    JSON.stringify({
      script_name: 'collect.ps1',
      exit_code: 1,
      script_output: 'Ключ не найден',
      script_errors: '',
      ...change,
    });
  const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');
  const widest = (text: string, order: 'LE' | 'BE'): Buffer =>
    Buffer.concat(
      Array.from(text, (letter) => {
        const quad = Buffer.alloc(4);
        quad[order === 'LE' ? 'writeUInt32LE' : 'writeUInt32BE'](letter.codePointAt(0) ?? 0);
        return quad;
      }),
    );

  async function finishedWith(body: Uint8Array | string): Promise<void> {
    app = await approved(
      'run hosta collect.ps1',
      (app) => void app.field.change(/^BLOB /, (answer) => ({ ...answer, body: Buffer.from(body) })),
    );
    await app.until('finished');
    await app.run(10_000);
  }

  test.each<[string, Uint8Array | string]>([
    ['behind two byte order marks', `\ufeff\ufeff${spoken()}`],
    ['behind a line break and a byte order mark', `\r\n\ufeff${spoken()}`],
    ['in UTF-16 behind two of them', wide(`\ufeff\ufeff${spoken()}`)],
    ['in UTF-16 with half a letter behind it', Buffer.concat([wide(spoken()), Buffer.from(' ')])],
    ['before the end-of-file mark of DOS', `${spoken()}\r\n\u001a`],
    ['packed, with all of it', gzipSync(`\ufeff\ufeff${spoken()}\u001a`)],
    ['in a list', `[${spoken()}]`],
    ['in a value', `{"value":${spoken()}}`],
    ['in a text', JSON.stringify(spoken())],
    ['in a text in a list', JSON.stringify([spoken()])],
    [
      'with other letters in its names',
      JSON.stringify({ Script_Name: 'c', Exit_Code: 1, Script_Output: 'hm', Script_Errors: '' }),
    ],
    [
      'with names in one word',
      JSON.stringify({ scriptName: 'c', exitCode: '1', scriptOutput: 'hm', scriptErrors: '' }),
    ],
    ['with spaces around its exit code', spoken({ exit_code: ' 1 ' })],
    ['with its exit code in hex', spoken({ exit_code: '0x00000001' })],
    ['in UTF-32', widest(spoken(), 'LE')],
    ['in UTF-32 of the other order', widest(spoken(), 'BE')],
    ['in UTF-32 behind a mark', widest(`\ufeff${spoken()}`, 'BE')],
  ])('%s does not hide that the script failed', async (_how, body) => {
    await finishedWith(body);
    expect(view(app)).toMatchObject({ status: 'Finished: a script reports failure', tone: 'danger' });
    expect(view(app).lead).toContain('exit code 1');
    expect(shown(app)).not.toContain('exit_code');
  });

  test.each<[string, Json, string]>([
    ['an object', { script_errors: { message: 'Access denied' } }, 'Access denied'],
    ['a list of objects', { script_errors: [{ message: 'Access denied' }, 'and more'] }, 'and more'],
  ])('whose errors are %s does not hide them', async (_how, change, told) => {
    await finishedWith(spoken({ exit_code: 0, ...change }));
    expect(view(app)).toMatchObject({ status: 'Finished, with script errors', tone: 'warning' });
    expect(textOf(await app.say('approver1', `output ${app.newest().id} 0`))).toContain(told);
  });

  test.each(['1 (failed)', true, 'unbekannt', { code: 5 }])(
    'whose exit code is %j, which nobody can read, is no clean success',
    async (exit) => {
      await finishedWith(spoken({ exit_code: exit }));
      expect(view(app)).toMatchObject({ status: 'Finished, with script errors', tone: 'warning' });
    },
  );

  test.each(['LE', 'BE'] as const)(
    'in UTF-32 (%s) is shown in its letters, and said to be',
    async (order) => {
      await finishedWith(widest(spoken({ exit_code: 0, script_output: 'Ключ не найден 😀' }), order));
      expect(shown(app)).toContain('Ключ не найден 😀');
      expect(shown(app)).toContain('It came in UTF-32.');
    },
  );
});

describe('a session that is called a success', () => {
  const commands = (action: Json): readonly Json[] => action['commands'] as readonly Json[];
  const first =
    (change: Json) =>
    (action: Json): Json => ({
      ...action,
      commands: commands(action).map((one, at) => (at === 0 ? { ...one, ...change } : one)),
    });

  test.each<[string, (action: Json) => Json, string]>([
    ['errors with a completed command', first({ errors: ['Zugriff verweigert'] }), '“Zugriff verweigert”'],
    [
      'an object of errors with it',
      first({ errors: { code: 'E_FAIL', message: 'no access' } }),
      '“E_FAIL: no access”',
    ],
    ['a code with it', first({ errorHResult: 2147942405 }), '0x80070005 (access denied)'],
    [
      'numbers as its errors',
      first({ errors: [2147942432] }),
      '0x80070020 (the file is in use by another process)',
    ],
    [
      'errors with the session',
      (action) => ({ ...action, errors: ['The device was restarted'] }),
      '“The device was restarted”',
    ],
    [
      'a note on trouble',
      (action) => ({ ...action, troubleshootInfo: { reason: 'the channel was lost' } }),
      '“reason: the channel was lost”',
    ],
    [
      'a code of 64 bits',
      (action) => ({ ...action, errorHResult: '0xFFFFFFFF80070005' }),
      '0x80070005 (access denied)',
    ],
    ['a code in words', (action) => ({ ...action, errorHResult: 'E_FAIL' }), '“E_FAIL”'],
    [
      'a number that is no code',
      (action) => ({ ...action, errorHResult: 18446744071562067968 }),
      '18446744071562068000',
    ],
  ])('with %s is no clean success', async (_what, change, told) => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) =>
          action['status'] === 'Succeeded' ? change(action) : action,
        ),
    );
    await app.until('finished');
    await app.run(10_000);
    expect(view(app)).toMatchObject({ status: 'Finished, Defender tells an error', tone: 'warning' });
    expect(shown(app)).toContain(told);
    await app.restart();
    expect(textOf(await app.say('responder1', `status ${app.newest().id}`))).toContain(
      'Defender tells an error',
    );
  });

  test.each<[string, Json]>([
    ['nothing', { errors: [], errorHResult: 0, troubleshootInfo: null }],
    ['empty texts', { errors: '', errorHResult: '0', troubleshootInfo: '  ' }],
    ['empty objects', { errors: {}, errorHResult: '0x00000000', troubleshootInfo: {} }],
  ])('and says %s of trouble, is one', async (_what, change) => {
    app = await approved(
      'dump hosta notepad',
      (app) => void app.field.changeActions((action) => first(change)({ ...action, ...change })),
    );
    await app.until('finished');
    expect(view(app)).toMatchObject({ status: 'Finished: succeeded', tone: 'good' });
  });
});

describe('an end that leaves out the commands', () => {
  test.each([[null], [[]], [{}]])(
    '(%j) does not take back what their results have shown',
    async (commands) => {
      app = await approved(
        'dump hosta notepad',
        (app) =>
          void app.field.changeActions((action) =>
            action['status'] === 'Succeeded' ? { ...action, status: 'InProgress' } : action,
          ),
      );
      for (
        let looks = 0;
        looks < 200 &&
        (stageOf(app.newest()).state !== 'running' ||
          !/notepad\.dmp\.zip/.test(view(app).steps[1]?.detail ?? ''));
        looks += 1
      )
        await app.run(2_400);
      app.field.changeActions((action) => ({ ...action, status: 'Failed', commands }));
      await app.until('finished');
      expect(view(app).status).toBe('Finished: failed');
      expect(view(app).steps.map(({ status }) => status)).toEqual(['completed', 'completed']);
      expect(view(app).lead).not.toContain('was not run');
    },
  );
});

describe('a list that goes on', () => {
  test.each(['nextLink', '@odata.nextlink', '@odata.NextLink', 'NEXTLINK', '@NextLink'])(
    'by the name of %s does not leave the second device of a name out',
    async (name) => {
      app = await openTestApp({ field: true });
      let rest: readonly unknown[] = [];
      app.field.answer(/fieldPage=1/, () => fieldJson(200, { value: rest }));
      app.field.changeJson(/^GET \/api\/machines\?/, (answer, { line }) => {
        const items = Array.isArray(answer['value']) ? (answer['value'] as unknown[]) : [];
        rest = items.slice(1);
        return items.length < 2
          ? answer
          : {
              ...answer,
              value: items.slice(0, 1),
              [name]: `https://api-eu.securitycenter.microsoft.com${encodeURI(line.slice('GET '.length))}&fieldPage=1`,
            };
      });
      expect(textOf(await app.say('responder1', 'dump kiosk notepad'))).toMatch(
        /^kiosk fits 2 devices, so nothing was done/,
      );
      expect(app.store.all()).toHaveLength(0);
    },
  );
});

describe('two library files whose names differ in letter case alone', () => {
  test.each([
    ['first', true],
    ['last', false],
  ])(
    'are two, with the other one listed %s: the approver sees the content of the one that is named',
    async (_where, before) => {
      app = await openTestApp({ field: true });
      app.field.changeJson(/^GET \/api\/libraryfiles/, (list) => {
        const files = list['value'] as readonly Json[];
        const other = {
          ...files.find((file) => file['fileName'] === 'minidump.ps1'),
          fileName: 'MiniDump.ps1',
          sha256: 'a'.repeat(64),
        };
        return { ...list, value: before ? [other, ...files] : [...files, other] };
      });
      await app.say('responder1', 'dump hosta notepad');
      await app.loop.tick();
      expect(app.newest().subject.content).toMatchObject({
        files: [
          {
            name: 'minidump.ps1',
            sha256: app.simulator.tenant.library().find(({ fileName }) => fileName === 'minidump.ps1')
              ?.sha256,
          },
        ],
      });
      expect(shown(app)).not.toContain('aaaaaaaa');
    },
  );
});

describe('a busy device', () => {
  test.each([
    'There is already an active live response session on this machine',
    'Another live response session is in progress',
    'Machine has a pending action in progress',
    'An action is currently running on this device',
  ])('told by “%s” waits with its approval', async (message) => {
    let free = (): void => undefined;
    app = await approved(
      'dump hosta notepad',
      (app) => (free = app.field.answer(/runliveresponse$/i, () => fieldError(400, 'BadRequest', message))),
    );
    await app.run(30_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
    free();
    await app.until('finished');
    expect([view(app).status, sent(app)]).toEqual(['Finished: succeeded', 1]);
  });

  test.each(['The session action is not valid', 'Path is already too long', 'Actions must not be empty'])(
    'is not what “%s” tells',
    async (message) => {
      app = await approved(
        'dump hosta notepad',
        (app) => void app.field.answer(/runliveresponse$/i, () => fieldError(400, 'BadRequest', message)),
      );
      expect(stageOf(await app.until('closed'))).toMatchObject({ ending: { kind: 'refused' } });
      expect(sent(app)).toBe(0);
    },
  );
});
