// Every "no" of the main job: a sentence with the next step to the one who asked, a line in the journal, and
// nothing at Defender.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { refusalsPerHour } from '../../../src/bot/handlers/refusalJournal.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';
import { journalText } from '../../support/store/journal.ts';
import { maxReason } from '../../../src/liveResponse/verbs.ts';
import { outcomeOf } from '../../support/requests/requests.ts';

let app: TestApp;
/** Riley has a second account, in Slack; so has Avery. */
const twoAccounts = (text: string) =>
  text
    .replace('console: responder1 }', 'console: responder1, slack: U0RILEY }')
    .replace('console: approver1 }', 'console: approver1, slack: U0AVERY }')
    .replace('approver: [approver1, responder2]', 'approver: [approver1, responder2, responder1]')
    .replace(
      "  - { place: 'console:soc-private'",
      "  - { place: 'slack:C0INCIDENT', results: card }\n  - { place: 'console:soc-private'",
    );
beforeEach(async () => {
  app = await openTestApp({ policy: twoAccounts });
});
afterEach(() => app.close());

const journal = (): string => journalText(app.dir);

function refused(reply: Reply, words: RegExp): void {
  expect(reply.kind).toBe('sentence');
  expect(textOf(reply)).toMatch(words);
  expect(app.simulator.tenant.submissions).toHaveLength(0);
}

async function asked(): Promise<void> {
  await app.say('responder1', 'dump hosta OfficeClickToRun');
  await app.loop.tick();
}

describe('an approval is refused', () => {
  test('to the requester, administrators included, and the refusal is journaled', async () => {
    await asked();
    refused(await app.press('responder1', 'approve'), /nobody approves their own/);
    await app.run(10_000);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    expect(journal()).toContain('"selfApproval"');
  });

  test('to somebody who goes on pressing, without the journal growing on and on', async () => {
    await asked();
    const lines = () =>
      journal()
        .split('\n')
        .filter((line) => line.includes('console:stranger'));
    for (let press = 0; press < refusalsPerHour + 40; press += 1)
      refused(await app.press('stranger', 'approve'), /not listed/);
    expect(
      lines().filter((line) => line.includes('"pressRefused"') || line.includes('"commandRefused"')),
    ).toHaveLength(refusalsPerHour);
    expect(lines().filter((line) => line.includes('"refusalsLeftOut"'))).toHaveLength(1);
    // Nobody else's are left out, and an hour later this one's are written again.
    refused(await app.press('onlooker1', 'approve'), /need the role approver/);
    expect(journal()).toContain('console:onlooker1');
    await app.run(3_600_000);
    await app.press('stranger', 'approve');
    expect(lines()).toHaveLength(refusalsPerHour + 2);
  });

  test('to the same person from another account in another chat', async () => {
    await asked();
    refused(
      await app.press('U0RILEY', 'approve', { surface: 'slack', place: 'C0INCIDENT' }),
      /nobody approves their own, from no account/,
    );
  });

  test('to somebody without the role, to the unlisted, and to a guest who is listed', async () => {
    await asked();
    refused(await app.press('onlooker1', 'approve'), /need the role approver/);
    refused(await app.press('stranger', 'approve'), /not listed/);
    refused(
      await app.say('approver1', `approve ${app.newest().id} ${approvalCodeOf(app.newest())}`, {
        trust: 'guest',
      }),
      /Guests/,
    );
  });

  test('from a place that the policy does not list, typed or pressed', async () => {
    await asked();
    refused(await app.press('approver1', 'approve', { place: 'elsewhere' }), /not listed in the policy/);
    refused(
      await app.say('approver1', `approve ${app.newest().id} ${approvalCodeOf(app.newest())}`, {
        place: 'elsewhere',
      }),
      /not listed in the policy/,
    );
  });

  test('from a stale card', async () => {
    await asked();
    refused(await app.press('approver1', 'approve', { revision: 0 }), /older state/);
  });

  test('with a wrong fingerprint, typed or pressed', async () => {
    await asked();
    refused(
      await app.press('approver1', 'approve', { fingerprint: '0'.repeat(16) }),
      /fingerprint is not that of/,
    );
    const typed = await app.say('approver1', `approve ${app.newest().id} r1-${'0'.repeat(16)}`);
    // With the request as it is now.
    expect(typed.kind).toBe('card');
    expect(textOf(typed)).toMatch(/fingerprint is not that of/);
  });

  test('the second time, naming who was first', async () => {
    await app.say('onlooker1', 'help');
    await app.say('responder2', 'dump hosta OfficeClickToRun');
    await app.loop.tick();
    const request = app.newest();
    await app.press('approver1', 'approve', { request });
    const second = await app.press('responder1', 'approve', { request });
    expect(textOf(second)).toMatch(/approved already by Avery Approver/);
    await app.run(5_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('to one of two who press at the same moment', async () => {
    await app.say('responder2', 'dump hosta OfficeClickToRun');
    await app.loop.tick();
    const request = app.newest();
    const both = await Promise.all([
      app.press('approver1', 'approve', { request }),
      app.press('responder1', 'approve', { request }),
    ]);
    expect(both.map((reply) => reply.kind).sort()).toEqual(['asked', 'sentence']);
    await app.run(5_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('after it expired, even before the loop has noticed', async () => {
    await asked();
    const request = app.newest();
    app.clock.move(31 * 60_000);
    refused(await app.press('approver1', 'approve', { request }), /expired/);
    await app.run(5_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
    expect(app.card().view.status).toMatch(/expired/i);
  });

  test('while submissions are frozen, and works again afterwards', async () => {
    await asked();
    await app.say('approver1', 'freeze change window until 05:00');
    refused(
      await app.press('approver1', 'approve'),
      /frozen by Avery Approver.*change window until 05:00.*unfreeze/,
    );
    await app.say('approver1', 'unfreeze');
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
  });
});

test('a freeze names what is being sent at that moment, because it comes too late for that', async () => {
  await asked();
  await app.press('approver1', 'approve');
  const { id } = app.newest();
  app.simulator.tenant.faults.plant({ what: 'delay', on: 'run', ms: 100 });
  const sending = new Promise<void>((resolve) => {
    app.store.subscribe((_request, event) => {
      if (event.type === 'claimed') resolve();
    });
  });
  await app.loop.submission.pass();
  await sending;
  expect(textOf(await app.say('approver1', 'freeze hold'))).toMatch(new RegExp(`Too late for ${id}`, 'i'));
  await app.loop.submission.settled();
  expect(stageOf(app.newest()).state).toBe('running');
});

describe('a run is refused', () => {
  test('when the approval is older than runWithin', async () => {
    await asked();
    await app.say('approver1', 'freeze hold');
    await app.say('approver1', 'unfreeze');
    app.simulator.tenant.changeDevice('hosta.corp.example', { portalSession: true });
    await app.press('approver1', 'approve');
    await app.run(32 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'lapsed', waitedFor: 'deviceBusy' },
    });
    app.simulator.tenant.changeDevice('hosta.corp.example', { portalSession: false });
    await app.run(5 * 60_000);
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  test('when a freeze came between approval and submission, until it is lifted', async () => {
    await asked();
    await app.press('approver1', 'approve');
    await app.say('approver1', 'freeze hold');
    await app.run(60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'frozen' });
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    await app.restart();
    await app.run(60_000);
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    await app.say('approver1', 'unfreeze');
    await app.run(10_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('when the device left the scope between approval and submission', async () => {
    await asked();
    await app.say('approver1', 'freeze hold');
    await app.say('approver1', 'unfreeze');
    await app.press('approver1', 'approve');
    app.simulator.tenant.changeDevice('hosta.corp.example', { tags: ['no-lr'] });
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'deviceOutOfScope' },
    });
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    expect(app.card().view.lead).toMatch(/scope|policy/);
  });
});

describe('a request is refused', () => {
  test.each([
    ['a device out of scope', 'dump dc1 lsass', /out of scope/],
    ['hidden characters', 'dump hosta Office\u202eClick', /U\+202E/],
    ['hidden characters in a script argument', 'run hosta minidump.ps1 a\u200bb', /U\+200B/],
    ['an argument that begins with a hyphen', 'dump hosta -Force', /"?-/],
    [
      'an ambiguous host, listing the candidates',
      'dump kiosk notepad',
      /kiosk\.corp\.example[\s\S]*kiosk\.branch\.example/,
    ],
    ['an unknown host', 'dump nosuchhost notepad', /knows no device/],
    ['an order that Defender does not take', 'on hosta get C:\\a.txt ; run x.ps1', /order|before|after/],
    ['more than 4,000 characters', `run hosta x.ps1 ${'a'.repeat(4000)}`, /4,?000/],
    ['an unknown verb, with a suggestion', 'dmup hosta notepad', /dump/],
  ])('for %s', async (_name, text, words) => {
    refused(await app.say('responder1', text), words);
    expect(app.store.all()).toEqual([]);
  });

  test('from somebody without the role, from an unlisted place, and while frozen', async () => {
    refused(await app.say('onlooker1', 'dump hosta notepad'), /need the role responder/);
    refused(await app.say('responder1', 'dump hosta notepad', { place: 'elsewhere' }), /not listed/);
    await app.say('approver1', 'freeze hold');
    refused(await app.say('responder1', 'dump hosta notepad'), /frozen/);
    expect(journal()).toMatch(/"commandRefused"[^\n]*"missingRole"/);
  });

  test('for somebody who may only read help', async () => {
    expect(textOf(await app.say('stranger', 'help'))).toContain('/lr');
    expect(textOf(await app.say('stranger', 'whoami'))).toContain('console:stranger');
    refused(await app.say('stranger', 'list'), /not listed/);
  });
});

describe('taking back', () => {
  test('a denial needs the role, asks for a reason, and ends the request', async () => {
    await asked();
    refused(await app.press('onlooker1', 'deny'), /role/);
    expect(await app.press('approver1', 'deny')).toMatchObject({
      kind: 'form',
      form: { verb: 'deny', optional: true },
    });
    await app.press('approver1', 'deny', { input: 'wrong host' });
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'denied', reason: 'wrong host' },
    });
    expect(app.card().view.lead).toContain('wrong host');
    expect(app.card().view.buttons).toEqual([]);
  });

  test('a reason of the longest length is shown whole, and a longer one is refused with that length', async () => {
    await asked();
    const reason = `${'why '.repeat(maxReason / 4 - 1)}end.`;
    refused(
      await app.press('approver1', 'deny', { input: `${reason}.` }),
      /at most 500 .* has 501, so nothing was denied/,
    );
    refused(await app.say('approver1', `deny ${app.newest().id} ${reason}.`), /at most 500 characters/);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    // Spaces at its ends are no part of it.
    await app.press('approver1', 'deny', { input: ` ${reason}\n` });
    await app.loop.tick();
    expect(app.card().view.lead).toContain(reason);
  });

  test('a withdrawal is the requester’s, also after the approval as long as nothing was sent', async () => {
    await asked();
    await app.say('approver1', 'freeze hold');
    refused(await app.press('onlooker1', 'withdraw'), /Only Riley Responder/);
    await app.press('responder1', 'withdraw');
    await app.say('approver1', 'unfreeze');
    await app.run(5_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'withdrawn' } });
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  test('a cancel of a running session is sent to Defender once, and the card tells how it ended', async () => {
    await asked();
    await app.press('approver1', 'approve');
    await app.until('running');
    const { id } = app.newest();
    expect(textOf(await app.say('responder1', `cancel ${id} wrong process`))).toMatch(/accepted the cancel/);
    expect(textOf(await app.say('approver1', `cancel ${id}`))).toMatch(/Riley Responder asked Defender/);
    const finished = await app.until('finished');
    expect(outcomeOf(finished)).toBe('cancelled');
    await app.loop.tick();
    expect(app.card().view.status).toMatch(/cancelled/i);
  });
});
