// The whole bot before a Defender as it was met in the field: no card stays optimistic, nothing is submitted
// twice. Field-faults rows 3.1 to 3.4, 3.7 and 3.12.
import { stateIn } from '../../../support/requests/requests.ts';
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { fieldError, fieldJson } from '../../../support/defender/field/fieldProxy.ts';
import type { FieldAnswer, Json } from '../../../support/defender/field/fieldProxy.ts';
import { ask, sent, shown, view } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { approved, open } from '../../../support/defender/field/fieldReadingStory.ts';

let app: TestApp;
afterEach(() => app.close());

const regional = 'https://api-us3.securitycenter.microsoft.com';

/** Lists that match hold one item a page, and the page after the first answers `second`. */
function inPages(on: RegExp, second: (rest: readonly unknown[]) => FieldAnswer): void {
  let rest: readonly unknown[] = [];
  app.field.answer(/fieldPage=1/, () => second(rest));
  app.field.changeJson(on, (answer, { line }) => {
    const items = Array.isArray(answer['value']) ? (answer['value'] as unknown[]) : [];
    if (items.length < 2) return answer;
    rest = items.slice(1);
    return {
      ...answer,
      value: items.slice(0, 1),
      '@odata.nextLink': `${regional}${encodeURI(line.slice('GET '.length))}${line.includes('?') ? '&' : '?'}fieldPage=1`,
    };
  });
}
const broken = (): FieldAnswer => fieldError(400, 'ODataError', 'The skip token is not valid');

/** The part of the library that can be read does not hold the script of the dump. */
function withoutMinidump(app: TestApp): void {
  app.field.answer(/libraryfiles\?\$skip/, broken);
  app.field.changeJson(/^GET \/api\/libraryfiles/, (list) => ({
    ...list,
    value: (list['value'] as readonly Json[]).filter((file) => file['fileName'] !== 'minidump.ps1'),
    '@odata.nextLink': `${regional}/api/libraryfiles?$skip=9`,
  }));
}

describe('a list that goes on at another host (row 3.1)', () => {
  test('is read to its end on our own, so that a name of two devices is refused as ambiguous', async () => {
    app = await open();
    inPages(/^GET \/api\/machines\?/, (rest) => fieldJson(200, { value: rest }));
    expect(await ask(app, 'dump kiosk notepad')).toMatch(/^kiosk fits 2 devices, so nothing was done/);
    expect(app.store.all()).toHaveLength(0);
  });

  test('and cannot be followed, leaves no name for certain: nobody is asked to approve, and the id helps', async () => {
    app = await open();
    inPages(/^GET \/api\/machines\?/, broken);
    const told = await ask(app, 'dump kiosk notepad');
    expect(told).toMatch(
      /^Defender’s list of devices could be read only in part, so nobody can tell which device kiosk means, and nothing was done\. Ask again in a minute, or with the device’s id: kiosk\./,
    );
    expect(app.store.all()).toHaveLength(0);
    expect(await ask(app, 'host kiosk')).toContain(
      'could be read only in part: there may be others of this name',
    );
    const { id = '' } = app.simulator.tenant.device('hosta.corp.example') ?? {};
    await app.say('responder1', `dump ${id} notepad`);
    expect(app.newest().targets[0].device.name).toBe('hosta.corp.example');
  });

  test.each([
    [
      'empty, with a next link',
      (list: Json): Json => ({ ...list, value: [], '@odata.nextLink': `${regional}/api/alerts?$skip=1` }),
    ],
    [
      'empty, with one that leads back',
      (list: Json): Json => ({ ...list, value: [], '@odata.nextLink': '?$skip=0&$filter=' }),
    ],
    ['empty, with one that is no text', (list: Json): Json => ({ ...list, value: [], '@odata.nextLink': 7 })],
  ])('does not make a device unknown where it is %s', async (_how, change) => {
    app = await open();
    app.field.changeJson(/^GET \/api\/machines\?/, change);
    expect(await ask(app, 'dump nobodys-host notepad')).toContain('could be read only in part');
    expect(await ask(app, 'host nobodys-host')).toContain('could be read only in part');
  });

  test('does not make a lost session one that never ran: it is looked for, found once the list is whole, and never sent twice', async () => {
    app = await approved('dump hosta notepad', (app) => {
      app.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
      app.field.changeJson(/^GET \/api\/machineactions\?.*creationDateTimeUtc ge/, (list) => ({
        ...list,
        value: [],
        '@odata.nextLink': `${regional}/api/machineactions?$skip=100`,
      }));
      app.field.answer(/\$skip=100/, broken);
    });
    const { id } = await app.until('unknown');
    await app.run(20 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: 0 });
    expect(sent(app)).toBe(1);
    // Nobody can send it again on the strength of a list that was read in part.
    await app.press('approver1', 'resend');
    await app.run(60_000);
    expect([sent(app), app.field.submissions()]).toEqual([1, 1]);
    expect(shown(app)).not.toMatch(/never|was not run/i);
    app.field.changeJson(
      /^GET \/api\/machineactions\?.*creationDateTimeUtc ge/,
      (_list, { line }) => line && { value: app.simulator.tenant.actions().map(asWire) },
    );
    await app.press('responder1', 'look');
    await app.until('finished');
    expect([stateIn(app.store.get(id)), sent(app), app.field.submissions()]).toEqual(['finished', 1, 1]);
  });

  test('does not take a script out of the library: it is told as not checked, and waits before it is sent', async () => {
    app = await open();
    withoutMinidump(app);
    expect(JSON.stringify(await app.say('responder1', 'on hosta run minidump.ps1 notepad'))).toMatch(
      /Nobody checked that the library holds minidump\.ps1/,
    );
    expect(await ask(app, 'scripts minidump.ps1')).toContain('could be read only in part');
    expect(await ask(app, 'scripts')).toContain('could be read only in part: there may be more files');
    await app.loop.tick();
    expect(shown(app)).not.toContain('NOT in the live response library');
  });

  test('keeps a script that was seen from being sent unseen', async () => {
    app = await approved('dump hosta notepad', withoutMinidump);
    await app.run(60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'library' });
    expect(app.field.submissions()).toBe(0);
  });

  test('is followed for a whole session without a word of it on the card', async () => {
    app = await approved('dump hosta notepad', (app) => {
      app.field.changeJson(/^GET \/api\/machineactions\?/, (list) => ({
        ...list,
        '@odata.nextLink': `${regional}/api/machineactions?$skip=50`,
      }));
      app.field.answer(/\$skip=50/, () => fieldError(500, 'InternalServerError', ''));
    });
    await app.until('finished');
    expect(view(app).status).toBe('Finished: succeeded');
    expect(app.field.asked.some(({ line }) => line.includes('$skip=50'))).toBe(false);
  });
});

/** As much of an action as the search for a tag needs. */
function asWire(action: {
  readonly id: string;
  readonly machineId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly type: string;
  readonly status: string;
  readonly comment: string;
}): Json {
  return {
    id: action.id,
    type: action.type,
    status: action.status,
    machineId: action.machineId,
    requestor: 'lr-bot',
    requestorComment: action.comment,
    creationDateTimeUtc: new Date(action.createdAt).toISOString(),
    lastUpdateDateTimeUtc: new Date(action.updatedAt).toISOString(),
  };
}

describe('a status in other letters (row 3.2)', () => {
  /** The end of the session has another word for it. */
  const ending =
    (word: string, ends = 'Succeeded') =>
    (app: TestApp) =>
      void app.field.changeActions((action) =>
        action['status'] === ends ? { ...action, status: word } : action,
      );

  test.each([
    ['succeeded', 'Finished: succeeded'],
    ['SUCCEEDED', 'Finished: succeeded'],
    ['Canceled', 'Finished: cancelled'],
    ['CANCELLED', 'Finished: cancelled'],
    ['Timeout', 'Finished: timed out'],
    ['Timed Out', 'Finished: timed out'],
    ['FAILED', 'Finished: failed'],
  ])('%s ends the card', async (word, status) => {
    app = await approved('dump hosta notepad', ending(word));
    await app.until('finished');
    expect(view(app).status).toBe(status);
  });

  test.each(['Success', 'Completed', 'Partially Succeeded', 'Expired'])(
    '%s, which nobody knows, neither ends it nor is a success',
    async (word) => {
      app = await approved('dump hosta notepad', ending(word));
      await app.run(10 * 60_000);
      expect(stageOf(app.newest()).state).toBe('running');
      expect(view(app)).toMatchObject({ status: `Running, status “${word}”`, tone: 'warning' });
      expect(view(app).lead).toContain('a status this bot does not know');
    },
  );
});

describe('a busy device (row 3.3)', () => {
  test.each<[string, FieldAnswer]>([
    ['a message', fieldError(400, 'BadRequest', 'Action is already in progress')],
    [
      'a message in other letters',
      fieldError(400, 'badrequest', 'action is ALREADY IN PROGRESS for this machine'),
    ],
    [
      'an inner error',
      fieldJson(400, {
        error: { code: 'BadRequest', message: 'Failed', innererror: { code: 'activeRequestAlreadyExists' } },
      }),
    ],
    [
      'a text',
      {
        status: 400,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from('Action is already in progress'),
      },
    ],
  ])('told by %s waits with its approval, and runs once when the device is free', async (_how, answer) => {
    let free = (): void => undefined;
    app = await approved(
      'dump hosta notepad',
      (app) => (free = app.field.answer(/runliveresponse$/i, () => answer)),
    );
    await app.run(30_000);
    expect(app.newest()).toMatchObject({
      sessions: [
        {
          grant: { votes: [{ by: { name: 'Avery Approver' } }] },
          stage: { state: 'queued', waitsFor: 'deviceBusy' },
        },
      ],
    });
    expect(view(app).status).toBe('Approved, device busy');
    expect(sent(app)).toBe(0);
    free();
    await app.until('finished');
    expect([view(app).status, sent(app)]).toEqual(['Finished: succeeded', 1]);
  });

  test('that stays busy is told as what it was when the approval lapses', async () => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.answer(/runliveresponse$/i, () =>
          fieldError(400, 'BadRequest', 'Action is already in progress'),
        ),
    );
    await app.until('closed');
    expect(shown(app)).toContain('another live response session was using the device');
    expect(shown(app)).not.toContain('did not accept the form');
    expect(sent(app)).toBe(0);
  });
});

describe('a result that is packed, or in other letters (row 3.12)', () => {
  const spoken = (output: string): string =>
    JSON.stringify({ script_name: 'collect.ps1', exit_code: 0, script_output: output, script_errors: '' });
  const output = 'Zugriff verweigert: Datei für Müller';
  const latin1 = Buffer.from(spoken(output), 'latin1');

  async function finishedWith(
    body: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    app = await approved(
      'run hosta collect.ps1',
      (app) => void app.field.change(/^BLOB /, (answer) => ({ ...answer, headers, body })),
    );
    await app.until('finished');
    await app.run(10_000);
  }

  test.each<[string, Uint8Array, Readonly<Record<string, string>>, readonly string[]]>([
    ['packed', gzipSync(spoken(output)), {}, ['The output came packed (gzip) and was unpacked here.']],
    [
      'packed for the way',
      gzipSync(spoken(output)),
      { 'content-encoding': 'gzip' },
      ['The output came packed (gzip) and was unpacked here.'],
    ],
    ['in UTF-16', Buffer.from(spoken(output), 'utf16le'), {}, ['It came in UTF-16.']],
    [
      'in Windows-1252',
      latin1,
      {},
      ['It is not UTF-8. It was read as Windows-1252, which is a guess: letters outside ASCII may be wrong.'],
    ],
    [
      'in both',
      gzipSync(latin1),
      {},
      [
        'The output came packed (gzip) and was unpacked here.',
        'It was read as Windows-1252, which is a guess',
      ],
    ],
  ])('%s is shown, and said', async (_how, body, headers, told) => {
    await finishedWith(body, headers);
    for (const text of [output, ...told]) expect(shown(app)).toContain(text);
    expect(shown(app)).not.toContain('\ufffd');
    const typed = await ask(app, `output ${app.newest().id} 0`, 'approver1');
    for (const text of [output, ...told]) expect(typed).toContain(text);
    await app.restart();
    const again = await ask(app, `output ${app.newest().id} 0`, 'approver1');
    for (const text of told) expect(again).toContain(text);
  });

  test('in letters that nobody can tell is shown with a word on it', async () => {
    await finishedWith(
      Buffer.from('Odmowa dost\u00eapu: plik jest u\u00bfywany, \u009ccie\u00bfka', 'latin1'),
    );
    expect(shown(app)).toContain(
      'It is not UTF-8, and its encoding is not known: letters that could not be read are shown as “\ufffd”.',
    );
  });

  test('to burst is shown as its beginning', async () => {
    await finishedWith(gzipSync(Buffer.alloc(60_000_000, 'all work and no play\n')));
    expect(shown(app)).toContain('all work and no play');
    expect(shown(app)).toContain('Defender has more');
  });

  test('and a file that is only packed for the way is said to be', async () => {
    const headers = {
      'content-encoding': 'gzip',
      'content-disposition': 'attachment; filename=my%20notes.txt',
    };
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.change(/^BLOB /, (answer) =>
          answer.body[0] === 0x1f ? { ...answer, headers, body: gzipSync('notes') } : answer,
        ),
    );
    await app.until('finished');
    await app.run(10_000);
    expect(view(app).steps[1]?.detail).toMatch(
      /^my notes\.txt, \d+ bytes: sent packed \(gzip\)\. Browsers unpack it by themselves/,
    );
  });
});
