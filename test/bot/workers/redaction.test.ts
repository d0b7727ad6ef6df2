// Output and links leave the cards once, also of a session that was lost from sight.
import { afterEach, expect, test } from '@jest/globals';
import type { TestApp } from '../../support/apps/testApp.ts';
import { asked, finished, open } from '../../support/stories/needToKnow.ts';

const hour = 3_600_000;
let app: TestApp;
afterEach(() => app.close());

test('a session that was lost from sight loses its output so long after that', async () => {
  app = await open('results: card, redactAfter: 2h');
  const id = await asked(app, 'dump hosta notepad');
  await app.press('approver1', 'approve');
  await app.until('running');
  await app.store.change(id, () => ({ event: { type: 'actionMissing' }, session: 0 }));
  app.clock.move(hour);
  await app.loop.exposure.pass();
  expect(app.newest().redacted).toBeUndefined();
  app.clock.move(hour);
  await app.loop.exposure.pass();
  expect(app.newest().redacted).toMatchObject({ cause: 'time' });
});

test('a redaction that comes in between is not written over', async () => {
  app = await open('results: card, redactAfter: 2h');
  const id = await finished(app, 'dump hosta notepad');
  app.clock.move(2 * hour);
  await Promise.all([
    app.store.change(id, () => ({ event: { type: 'redacted', cause: 'place' } })),
    app.loop.exposure.pass(),
  ]);
  expect(app.newest().redacted).toMatchObject({ cause: 'place' });
});
