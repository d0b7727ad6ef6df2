// Failures that only codes tell, and dates that stand for none, as a real Defender was seen to answer.
import { sessionIn } from '../../../support/requests/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../../support/defender/field/fieldProxy.ts';
import { textOf } from '../../../support/apps/testApp.ts';
import { shown, view } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { approved } from '../../../support/defender/field/fieldReadingStory.ts';

let app: TestApp;
afterEach(() => app.close());

/** The first command of every action as `change` makes it. */
const firstCommand = (action: Json, change: Json): Json => ({
  ...action,
  commands: (action['commands'] as readonly Json[]).map((one, at) =>
    at === 0 ? { ...one, ...change } : one,
  ),
});

describe('a failure that only codes tell (row 3.4)', () => {
  const failing =
    (change: Json, first: Json = { commandStatus: 'Failed', errors: [] }) =>
    (app: TestApp) =>
      void app.field.changeActions((action) =>
        action['status'] === 'Succeeded'
          ? { ...firstCommand(action, first), status: 'Failed', ...change }
          : action,
      );

  test.each<[string, Json, readonly string[]]>([
    [
      'errorHResult',
      { errorHResult: -2147024891 },
      ['0x80070005 (access denied)', 'access was denied on the device'],
    ],
    [
      'errorHResult as a text',
      { errorHResult: '0x80070020' },
      ['0x80070020 (the file is in use by another process)'],
    ],
    ['an errorHResult that nobody knows', { errorHResult: -1945042429 }, ['0x8C110203']],
    [
      'troubleshootInfo',
      { troubleshootInfo: 'The sensor lost its channel' },
      ['“The sensor lost its channel”'],
    ],
    [
      'troubleshootInfo as an object',
      { troubleshootInfo: { component: 'SenseIR', reason: 'sharing violation' } },
      ['component: SenseIR; reason: sharing violation'],
    ],
    [
      'both',
      { errorHResult: 2147942402, troubleshootInfo: 'copy' },
      ['0x80070002 (file not found)', '“copy”'],
    ],
  ])('is told by its row where Defender gives %s', async (_what, change, told) => {
    app = await approved('dump hosta notepad', failing(change));
    await app.until('finished');
    for (const text of told) expect(view(app).steps[0]?.detail).toContain(text);
    expect(shown(app)).not.toContain('gives no reason');
    const before = shown(app);
    await app.restart();
    await app.say('responder1', `status ${app.newest().id}`);
    const after = textOf(await app.say('responder1', `status ${app.newest().id}`));
    for (const text of told) expect([before.includes(text), after.includes(text)]).toEqual([true, true]);
  });

  test('gives no reason only where Defender gives none', async () => {
    app = await approved('dump hosta notepad', failing({ errorHResult: 0, troubleshootInfo: null }));
    await app.until('finished');
    expect(view(app).steps[0]?.detail).toMatch(/^Defender gives no reason\./);
  });

  test.each<[string, unknown, string]>([
    ['a text', 'Zugriff verweigert', '“Zugriff verweigert”'],
    ['an object', { code: 'E_FAIL', message: 'no access' }, '“E_FAIL: no access”'],
    ['nested objects', [{ error: { message: 'no access' } }], '“error: no access”'],
  ])('is told by its row where errors are %s', async (_what, errors, told) => {
    app = await approved('dump hosta notepad', failing({}, { commandStatus: 'Failed', errors }));
    await app.until('finished');
    expect(view(app).steps[0]?.detail).toContain(told);
  });

  test('is told in the lead where no command is named', async () => {
    app = await approved(
      'dump hosta notepad',
      failing(
        { errorHResult: -2147023436, troubleshootInfo: 'no contact' },
        { commandStatus: 'Created', startTime: null, endTime: null },
      ),
    );
    await app.until('finished');
    expect(view(app).lead).toContain(
      'Defender calls the session failed without naming a command. Defender’s error code is 0x800705B4 (time-out). Defender’s note on it: “no contact”.',
    );
  });

  test('of a session that is called a success is no clean success', async () => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) =>
          action['status'] === 'Succeeded' ? { ...action, errorHResult: -2147024864 } : action,
        ),
    );
    await app.until('finished');
    expect(view(app)).toMatchObject({ status: 'Finished, Defender tells an error', tone: 'warning' });
    expect(view(app).lead).toContain('0x80070020 (the file is in use by another process)');
  });

  test('is inert and short on the card, whatever stands in it', async () => {
    const hostile = `<!channel> <@U123> [x](https://evil.example) ${'A'.repeat(5_000)} https://acme.blob.core.windows.net/x?sig=SECRET`;
    app = await approved(
      'dump hosta notepad',
      failing({ troubleshootInfo: { text: hostile, 'a\u202eb': hostile } }),
    );
    await app.until('finished');
    expect(view(app).steps[0]?.detail?.length).toBeLessThan(900);
    expect(shown(app)).not.toMatch(/SECRET|\u202e/);
  });
});

describe('a date that stands for none (row 3.7)', () => {
  test.each([
    '0001-01-01T00:00:00Z',
    '1601-01-01T00:00:00Z',
    '1970-01-01T00:00:00.0000000Z',
    '0001-01-01T00:00:00',
  ])('%s gives no duration', async (date) => {
    app = await approved(
      'dump hosta notepad',
      (app) => void app.field.changeActions((action) => firstCommand(action, { startTime: date })),
    );
    await app.until('finished');
    expect(view(app).steps[0]?.status).toBe('completed');
    expect(shown(app)).not.toMatch(/\d{3,} days|0001|1601|1970/);
  });

  test('and an end before its beginning give none either', async () => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) =>
          firstCommand(action, { startTime: '2026-11-23T04:00:00Z', endTime: '2026-11-23T03:00:00Z' }),
        ),
    );
    await app.until('finished');
    expect(view(app).steps[0]?.status).toMatch(/^completed$|^waiting|^failed$/);
  });

  test('as the creation of a session makes no device offline, and no policy cancels it', async () => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) => ({
          ...action,
          creationDateTimeUtc: '0001-01-01T00:00:00Z',
          lastUpdateDateTimeUtc: '0001-01-01T00:00:00Z',
        })),
      {
        policy: (text) =>
          text.replace('high: { request: responder,', 'high: { cancelParkedAfter: 1h, request: responder,'),
      },
    );
    await app.until('running');
    await app.run(60_000);
    expect(sessionIn(app.newest(), 'running').stage.run).not.toHaveProperty('waitingForDevice');
    await app.until('finished');
    expect(app.calls.filter((kind) => kind === 'cancel')).toHaveLength(0);
    expect(shown(app)).not.toMatch(/0001|1970|days/);
  });
});
