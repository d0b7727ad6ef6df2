// Stopping never waits for a directory: with the groups unreadable, what only stops something goes by what
// they last said, and says and journals so; what lets something run is refused. Issue 9, sentence 11.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { history } from '../../../src/adapters/store/history.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Groups } from '../../../src/bot/ports.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';

const group = 'entra:0e3c1d2e-0000-4000-8000-000000000001';
let app: TestApp;
let inGroup: boolean;
let readable: boolean;
let bounds: (number | undefined)[];
const groups: Groups = {
  includes: (_group, _person, _fresh, within) => {
    bounds.push(within);
    return readable ? Promise.resolve(inGroup) : Promise.reject(new Error('Graph answered 503'));
  },
  platformOf: () => 'Microsoft Entra',
};

beforeEach(async () => {
  inGroup = readable = true;
  bounds = [];
  app = await openTestApp({
    groups,
    policy: (text) => text.replace(/^( {2}approver: ).*$/m, `$1["${group}"]`),
  });
});
afterEach(() => app.close());

const asked = async (): Promise<string> => {
  await app.say('responder1', 'dump hosta OfficeClickToRun');
  return app.newest().id;
};
const said = async (as: string, text: string): Promise<string> => textOf(await app.say(as, text));

describe('with the groups unreadable', () => {
  it('an approver whose last answer was yes denies, and answer and journal say by what', async () => {
    const id = await asked();
    await said('approver1', 'whoami');
    readable = false;
    expect(await said('approver1', `deny ${id} not today`)).toBe(
      `Denied ${id}. Microsoft Entra could not be asked about you just now, so what was last known counted; the journal says so too.`,
    );
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'denied', reason: 'not today', byLastKnown: true },
    });
    expect(history(realDisk, app.dir, id).join('\n')).toMatch(/ denied .*byLastKnown=true/);
    expect(bounds.at(-1)).toBe(2_000);
  });

  it('the same by a button', async () => {
    const id = await asked();
    await said('approver1', 'whoami');
    readable = false;
    expect(textOf(await app.press('approver1', 'deny', { input: '' }))).toMatch(
      /^Denied .* what was last known counted/,
    );
    expect(app.newest().id).toBe(id);
  });

  it('an approver cancels and withdraws', async () => {
    const id = await asked();
    await said('approver1', 'whoami');
    readable = false;
    expect(await said('approver1', `cancel ${id}`)).toMatch(/^Withdrew .*last known/);
    expect(stageOf(app.newest())).toMatchObject({ ending: { kind: 'withdrawn', byLastKnown: true } });
  });

  it('approving, by a button or typed, is refused and names the group', async () => {
    const id = await asked();
    await said('approver1', 'whoami');
    readable = false;
    for (const reply of [
      await app.press('approver1', 'approve'),
      await app.say('approver1', `approve ${id}`),
      await app.say('approver1', `approve ${id} ${approvalCodeOf(app.newest())}`),
    ]) {
      expect(textOf(reply)).toBe(
        `To approve you need the role approver. The members of ${group} could not be read just now, so that group gave no role. Try again in a minute.`,
      );
    }
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });

  it('whoever was last not in the group stops nothing, and neither does whoever was never asked about', async () => {
    const id = await asked();
    inGroup = false;
    await said('approver1', 'whoami');
    readable = false;
    expect(await said('approver1', `deny ${id}`)).toMatch(/^To deny you need the role approver/);
    expect(await said('approver2', `deny ${id}`)).toMatch(/not listed|need the role/);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });

  it('the requester withdraws with what the policy says alone, and nothing is said of what was last known', async () => {
    inGroup = false;
    await asked();
    readable = false;
    expect(textOf(await app.press('responder1', 'withdraw'))).toMatch(/^Withdrew/);
    expect(stageOf(app.newest())).not.toMatchObject({ ending: { byLastKnown: true } });
  });
});

describe('an account that its platform cannot vouch for just now', () => {
  it('stops what the policy lets it stop', async () => {
    readable = true;
    const id = await asked();
    expect(textOf(await app.say('approver1', `deny ${id}`, { trust: 'unknown' }))).toMatch(
      /^Denied .* console could not be asked about you just now/,
    );
  });
  it('lets nothing run and learns nothing', async () => {
    const id = await asked();
    expect(textOf(await app.say('approver1', `approve ${id}`, { trust: 'unknown' }))).toBe(
      'console could not say who you are just now, so nothing was approved. Type it again in a minute.',
    );
    expect(textOf(await app.say('approver1', 'status', { trust: 'unknown' }))).toMatch(
      /could not say who you are/,
    );
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });
  it('is nobody when the policy does not list it', async () => {
    const id = await asked();
    expect(textOf(await app.say('stranger', `deny ${id}`, { trust: 'unknown' }))).toMatch(
      /not listed in the policy/,
    );
    expect(textOf(await app.say('stranger', 'freeze everything', { trust: 'unknown' }))).toMatch(
      /not listed in the policy/,
    );
    expect(app.store.freeze()).toBeUndefined();
  });
});

it('a freeze by last known says and journals so', async () => {
  await app.close();
  app = await openTestApp({
    groups,
    policy: (text) =>
      text.replace(/^(freeze: ).*$/m, '$1[approver]').replace(/^( {2}approver: ).*$/m, `$1["${group}"]`),
  });
  await said('approver1', 'whoami');
  readable = false;
  expect(await said('approver1', 'freeze Slack and Entra are down')).toMatch(
    /^Frozen: .* what was last known counted/,
  );
  expect(app.store.freeze()).toMatchObject({ why: 'Slack and Entra are down' });
  expect(await said('approver1', 'unfreeze')).toMatch(/could not be read just now/);
  expect(app.store.freeze()).toBeDefined();
});
