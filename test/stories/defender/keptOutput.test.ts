// The text of a script's output lies in the data folder without a key: what somebody wrote into it there is
// never shown.
import { afterEach, expect, test } from '@jest/globals';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

test('an output that was changed on the disk is not shown: it is read from Defender once more', async () => {
  const log: string[] = [];
  app = await openTestApp({ logLines: log });
  await app.say('responder1', 'dump hosta notepad');
  await app.press('approver1', 'approve');
  await app.until('finished');
  const { id } = app.newest();
  const folder = join(app.dir, 'outputs');
  const [file = ''] = readdirSync(folder);
  const before = readFileSync(join(folder, file), 'utf8');
  expect(before).not.toBe('');
  appendFileSync(join(folder, file), 'nothing bad was found');
  await app.restart();
  app.calls.length = 0;
  const said = textOf(await app.say('responder1', `output ${id}`));
  expect(said).toContain(before.trim().split('\n')[0]);
  expect(said).not.toContain('nothing bad was found');
  expect(app.calls).toContain('link');
  expect(log.join('\n')).toContain('outputChanged');
  await app.run(5_000);
  expect(JSON.stringify(app.card().view.excerpts)).not.toContain('nothing bad was found');
});
