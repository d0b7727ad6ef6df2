// The tier of a rest of a recipe that is tried again: never looser than the recipe’s or its commands’ own.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import {
  againButton,
  approveAndFinish,
  cardOf,
  count,
  ended,
  factOf,
  pressAgain,
  sentCommands,
} from '../../support/stories/retry.ts';

let app: TestApp;
afterEach(() => app.close());

describe('the tier of a rest of a recipe', () => {
  // The dump's file is looked for where it is not, so that index 1 fails.
  const wrongPath = (text: string): string =>
    text.replace("GetFile: 'C:\\windows\\TEMP\\{process}.dmp.zip'", "GetFile: 'C:\\Users\\{process}.zip'");
  const noRaw = (text: string): string => text.replace(/^commands:\n(?: {2}.*\n)+/m, '');

  test('is the recipe’s where the policy allows no command by itself, as long as all before it completed', async () => {
    app = await openTestApp({ policy: (text) => noRaw(wrongPath(text)) });
    const old = await ended(app, 'dump hosta notepad');
    expect(cardOf(app, old).steps[1]?.status).toMatch(/^failed/);
    await pressAgain(app, 'responder1', old);
    expect(app.newest()).toMatchObject({
      asked: { recipe: 'dump', recipeArgs: { process: 'notepad' }, recipeFrom: 1, terms: { tier: 'high' } },
    });
    // What has become a recipe's rest stays one when it is tried again.
    const second = await approveAndFinish(app);
    await pressAgain(app, 'responder1', second);
    expect(app.newest()).toMatchObject({ asked: { recipeFrom: 1, terms: { tier: 'high' } } });
  });

  test('is refused where a command before it did not complete and its commands are not allowed by themselves', async () => {
    app = await openTestApp({ policy: noRaw });
    const old = await ended(app, 'dump broken1 notepad');
    expect(againButton(app, old)).toMatchObject({ label: 'Ask again', index: 0 });
    expect(textOf(await app.say('responder1', `retry ${old.id} 1`))).toMatch(
      /GetFile outside a recipe is not allowed/,
    );
    expect(count(app)).toBe(1);
    await pressAgain(app, 'responder1', old);
    expect(app.newest()).toMatchObject({
      asked: { recipe: 'dump' },
      subject: { commands: old.subject.commands },
    });
  });

  test('is the strictest of the recipe’s and of its commands’ own', async () => {
    app = await openTestApp({
      policy: (text) => wrongPath(text).replace('tier: high\n  collect:', 'tier: standard\n  collect:'),
    });
    const old = await ended(app, 'dump hosta notepad');
    expect(old.asked.terms.tier).toBe('standard');
    await pressAgain(app, 'responder1', old);
    expect(app.newest().asked.terms.tier).toBe('high');
  });

  test('is held against the recipe once more right before it is sent', async () => {
    app = await openTestApp({ policy: wrongPath });
    const old = await ended(app, 'dump hosta notepad');
    await pressAgain(app, 'responder1', old);
    await app.press('approver1', 'approve');
    const recipe = app.policy.recipes.get('dump');
    if (recipe === undefined) throw new Error('no dump');
    // A check was put in front of it: the last command is still the same, and no longer what came after the
    // first.
    const changed = {
      ...recipe,
      commands: [{ type: 'RunScript' as const, scriptName: 'check.ps1' }, ...recipe.commands],
    };
    app.todays.replace({
      ...app.todays.now(),
      recipes: new Map([...app.policy.recipes, ['dump', changed]]),
    });
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'recipeChanged' },
    });
    expect(sentCommands(app)).toHaveLength(1);
  });

  test('of the whole recipe is the recipe’s own', async () => {
    app = await openTestApp();
    const old = await ended(app, 'collect broken1');
    expect(old.asked.terms.tier).toBe('standard');
    await pressAgain(app, 'responder1', old);
    expect(app.newest()).toMatchObject({
      asked: { recipe: 'collect', terms: { tier: 'standard' }, continues: { from: 0 } },
    });
    expect(factOf(app, app.newest(), 'Repeats')).toBe(old.id);
  });
});
