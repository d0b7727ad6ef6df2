// The log: one JSON line per event, and no secret in any of them.
import { describe, expect, test } from '@jest/globals';
import { createLog, redact } from '../../src/adapters/log.ts';
import { isLinear } from '../support/linearTime.ts';

const canaries = {
  link: 'https://acc.blob.core.windows.net/c/f.zip?sv=2021&se=2026-01-05T12%3A00%3A00Z&sp=r&sig=CANARY%2BabcDEF%3D&x=1',
  encodedLink: 'redirect=https%3A%2F%2Facc%3Fsig%3DCANARY123&next',
  bearer: 'Authorization: Bearer CANARY.token-1234_5678',
  bot: 'xoxb-1234-CANARY',
  rotated: 'xoxe.xoxp-1-CANARY',
  app: 'xapp-1-A0-CANARY',
  jwt: 'eyJhbGciOiJub25lIn0.eyJDQU5BUlkiOjF9CANARY.c2lnCANARY',
  secret: 'client_secret=CANARY~secret',
  json: '{"access_token":"CANARYtoken","expires":1}',
  assertion: 'client_assertion=CANARY.assertion',
  refresh: 'refresh_token: CANARYrefresh',
  password: 'password=CANARY~1',
  passwd: 'passwd: CANARY~2',
  signing: 'signing_secret=CANARY0123',
  key: '-----BEGIN RSA PRIVATE KEY-----\nCANARYMIIE\nCANARYow==\n-----END RSA PRIVATE KEY-----',
  hook: 'https://hooks.slack.com/services/T0/B0/CANARY',
} as const;

function logged(
  write: (log: ReturnType<typeof createLog>) => void,
  secrets: readonly string[] = [],
): readonly string[] {
  const lines: string[] = [];
  write(createLog({ level: 'info', write: (line) => lines.push(line), secrets }));
  return lines;
}

describe('the log', () => {
  test('writes one line of JSON for each event, with level, time and fields', () => {
    const lines = logged((log) => {
      log.info('started', { version: '1' });
      log.warn('slow', { ms: 7 });
    });
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      event: 'started',
      version: '1',
      time: expect.stringMatching(/^20\d\d-.*Z$/),
    });
  });

  test.each(Object.entries(canaries))('never lets a secret through: %s', (_name, canary) => {
    const lines = logged((log) => {
      log.info(canary, { text: canary, nested: { deep: [canary] }, [canary]: 1 });
      log.error('failed', { error: new Error(canary, { cause: new Error(canary) }), err: new Error(canary) });
      log.error('failed', { body: JSON.stringify({ body: JSON.stringify({ canary }) }) });
    });
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line).not.toContain('CANARY');
      expect(() => JSON.parse(line) as unknown).not.toThrow();
    }
  });

  test('strikes out the secrets it was told, wherever they stand', () => {
    const [line] = logged(
      (log) => log.info('x', { text: 'before s3cr"et-value after ab', url: '/?x=s3cr%22et-value' }),
      ['s3cr"et-value', 'ab'],
    );
    expect(line).not.toContain('et-value');
    // What is too short for a secret is a word.
    expect(line).toContain('after ab');
  });

  test('leaves ordinary words alone', () => {
    const text = 'signal design=1 token bearer of news, basic idea, request r1 lr:abc';
    expect(redact(text)).toBe(text);
  });

  test('tells an error with its code, stack and causes', () => {
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'ENOSPC' });
    const [line] = logged((log) => log.error('failed', { error }));
    expect(JSON.parse(line ?? '')).toMatchObject({
      error: { message: 'outer', code: 'ENOSPC', cause: { message: 'inner' } },
    });
  });

  test('follows the causes of an error only so far: one may be its own', () => {
    const error = new Error('round and round');
    error.cause = error;
    const [line] = logged((log) => log.error('failed', { error }));
    expect(line?.split('"cause"')).toHaveLength(5);
  });

  test.each([
    ['', 'sig='],
    ['', 'eyJ'],
    ['', 'Bearer '],
    ['', 'password '],
    ['', ' '],
    ['password', ' '],
  ])('reads %j and then %j again and again in time that grows with its length alone', (before, piece) => {
    expect(isLinear((size) => before + piece.repeat(size / piece.length), redact)).toBe(true);
  });
});
