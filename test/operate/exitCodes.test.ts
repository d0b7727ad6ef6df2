// What the exit code of a refused start tells a supervisor: 2, a person has to change something, starting
// again helps nothing; 1, try again.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperatedBot } from './bot.ts';

let bot: OperatedBot;
beforeEach(async () => {
  bot = new OperatedBot();
  bot.more = { LR_ANCHOR_FILE: '' };
  await bot.open();
});
afterEach(() => bot.close());

/** A folder with a request in it, of a bot that was stopped. */
async function used(): Promise<string> {
  await bot.start();
  await bot.ask();
  expect(await bot.stop()).toBe(0);
  // What is wrong with the journal below shows where it is read, which a snapshot of the stop spares.
  for (const name of readdirSync(bot.data)) if (name.startsWith('snapshot')) rmSync(join(bot.data, name));
  return join(
    bot.data,
    readdirSync(bot.data)
      .filter((name) => name.startsWith('journal-'))
      .sort()[0] ?? '',
  );
}

const start = (): { readonly code: number | null; readonly out: string } => bot.run('main');

function change(file: string, how: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  expect(how(before)).not.toBe(before);
  writeFileSync(file, how(before));
}

describe('2, "do not start it again"', () => {
  test('for a line of a newer format, as after a rollback', async () => {
    change(await used(), (text) => text.replace(/\{"v":3(?=[^\n]*\n$)/, '{"v":4'));
    expect(start()).toMatchObject({
      code: 2,
      out: expect.stringMatching(
        /^The bot cannot start: .*journal-\d+\.ndjson line \d+ has the format 4, which this version does not know: it was written by a newer one/m,
      ) as unknown,
    });
  });

  test('for a line that was changed', async () => {
    change(await used(), (text) => text.replace(/"at":1/, '"at":2'));
    expect(start()).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^The bot cannot start: .*journal-\d+\.ndjson line \d+ /m) as unknown,
    });
  });

  test('for a journal of another key', async () => {
    await used();
    writeFileSync(bot.keyFile, `${Buffer.alloc(32, 'another').toString('base64')}\n`);
    expect(start()).toMatchObject({
      code: 2,
      out: expect.stringContaining('written with another key') as unknown,
    });
  });

  test('for a .env or a secret’s file that cannot be read, and nothing is opened before', () => {
    const file = join(bot.folder, 'nowhere');
    for (const more of [{ LR_ENV_FILE: file }, { SLACK_BOT_TOKEN_FILE: file }] as const)
      expect(bot.run('main', [], more)).toMatchObject({
        code: 2,
        out: expect.stringMatching(/^The bot cannot start: .*nowhere.* cannot be read: /) as unknown,
      });
    expect(readdirSync(bot.folder)).not.toContain('data');
  });

  test('for an open request whose people’s keys are gone', async () => {
    await used();
    rmSync(join(bot.data, 'people.keys'));
    expect(start()).toMatchObject({
      code: 2,
      out: expect.stringMatching(/people\.keys .*put it back from its backup/) as unknown,
    });
  });
});

describe('1, "start it again"', () => {
  test('while another process works on the folder: it may be the older one, which ends', async () => {
    await bot.start();
    expect(start()).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^The bot cannot start: /m) as unknown,
    });
  });

  test('where the system refuses the folder: a mount may come', () => {
    const file = join(bot.folder, 'in the way');
    writeFileSync(file, '');
    bot.more = { ...bot.more, LR_DATA_DIR: join(file, 'data') };
    expect(start()).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^The bot cannot start: .*no folder/m) as unknown,
    });
  });
});
