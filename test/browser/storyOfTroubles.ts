// What goes another way on the page: refusals, private places, lost answers, restarts, devices that are away.
import { strict as assert } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import type { Locator } from 'playwright-core';
import type { Visit } from './visit.ts';
import type { Step } from './step.ts';

/** Everything the chat says of its requests, times left out. */
async function truth({ page }: Visit): Promise<unknown> {
  return page.evaluate(`fetch('/console/api/cards').then((answer) => answer.json()).then(({ messages }) => messages.filter((one) => one.kind === 'card')
    .map(({ view, state, place }) => ({ id: view.requestId, place, state, status: view.status, title: view.title, facts: view.facts, steps: view.steps.map((step) => step.status), buttons: view.buttons.map((button) => button.label).filter((label) => !/link/i.test(label)) }))
    .sort((a, b) => (a.id + a.place < b.id + b.place ? -1 : 1)))`);
}

/** The same, once two readings in a row agree: with the time standing still, what is under way ends soon. */
async function settledTruth(visit: Visit): Promise<unknown> {
  let last = await truth(visit);
  for (let readings = 0; readings < 200; readings += 1) {
    const next = await truth(visit);
    if (isDeepStrictEqual(next, last)) return next;
    last = next;
  }
  throw new Error('what the chat says goes on changing, though its time stands still');
}

export const troubles: readonly Step[] = [
  {
    name: 'refusals say what to do next: an ambiguous host, a device the policy keeps out, a misspelt command',
    async run(visit) {
      await visit.be('Riley');
      await visit.say('dump kiosk lsass');
      await visit.page.locator('.whisper', { hasText: 'kiosk.branch.example' }).waitFor();
      await visit.say('dump dc1 lsass');
      await visit.page.locator('.whisper', { hasText: /dc1/ }).last().waitFor();
      await visit.say('dmup hosta lsass');
      await visit.page.locator('.whisper', { hasText: 'dump' }).last().waitFor();
      const markup = '<img src=x onerror=alert(1)> **bold** [link](http://evil.example)';
      await visit.say(markup);
      assert.equal(
        await visit.page.locator('#messages img:not(.avatar), #messages b, #messages a[href*=evil]').count(),
        0,
      );
      await visit.say('help');
      await visit.page.locator('.whisper pre', { hasText: 'Decide' }).waitFor();
      await visit.inspect();
    },
  },
  {
    name: 'a command typed before the one before it is answered is sent after it, and what could not be sent comes back into the line',
    async run(visit) {
      const { page } = visit;
      const text = page.locator('#text');
      const busy = page.locator('#composer[aria-busy]');
      const whispers = page.locator('.whisper');
      const told = await whispers.count();
      let letGo = (): void => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      // The answer is held back, not the command: the message is seen while its sender still waits.
      await page.route(
        '**/console/api/commands',
        async (route) => {
          const answer = await route.fetch();
          await held;
          await route.fulfill({ response: answer });
        },
        { times: 1 },
      );
      await text.fill('first hosta');
      await text.press('Enter');
      await page.locator('#messages .typed', { hasText: 'first hosta' }).waitFor();
      assert.equal(await text.inputValue(), '');
      await text.fill('second hosta');
      await text.press('Enter');
      await text.fill('third ho');
      await busy.waitFor();
      await whispers.nth(told).waitFor();
      assert.equal(await page.locator('#messages .typed', { hasText: 'second hosta' }).count(), 0);
      letGo();
      await page.locator('#messages .typed', { hasText: 'second hosta' }).waitFor();
      await busy.waitFor({ state: 'detached' });
      await whispers.nth(told + 1).waitFor();
      assert.equal(await text.inputValue(), 'third ho');

      // The first of two does not reach the bot; the second does, and leaves standing what is said of the
      // first.
      visit.expectLost(true);
      let cut = (): void => undefined;
      const cable = new Promise<void>((resolve) => (cut = resolve));
      await page.route(
        '**/console/api/commands',
        async (route) => {
          await cable;
          await route.abort('connectionrefused');
        },
        { times: 1 },
      );
      await text.fill('host hosta');
      await text.press('Enter');
      await text.fill('fourth hosta');
      await text.press('Enter');
      cut();
      await page.locator('#messages .typed', { hasText: 'fourth hosta' }).waitFor();
      await busy.waitFor({ state: 'detached' });
      assert.match(await page.locator('#problem').innerText(), /does not answer/);
      assert.equal(await text.inputValue(), 'host hosta');
      assert.equal(await page.locator('#messages .typed', { hasText: 'host hosta' }).count(), 0);
      visit.expectLost(false);
      await visit.inspect();
      await text.fill('');
    },
  },
  {
    name: 'a request of a private place is decided in both, and why it was denied stands there alone',
    async run(visit) {
      const { page } = visit;
      await visit.goTo('soc-private');
      await visit.say('hosts hostb');
      await visit.cardShows(/Waiting for approval/);
      await visit.be('Sam');
      await visit.press('Deny');
      await page.locator('dialog textarea').fill('wrong host, use hosta');
      await visit.inspect();
      await visit.confirm('Deny');
      await visit.cardShows(/Denied/);
      await visit.cardShows(/wrong host, use hosta/);
      await visit.goTo('incidents');
      await visit.cardShows(/Denied/);
      await visit.cardShows(/The reasons given are private/);
    },
  },
  {
    name: 'a lost request leaves it open whether it ran; a reload in the middle shows the same',
    async run(visit) {
      const { page } = visit;
      await visit.trouble('The request gets lost', true);
      await visit.be('Riley');
      await visit.say('dump hostb lsass');
      await visit.cardShows(/Waiting for approval/);
      await visit.be('Avery');
      await visit.speed('60×');
      await visit.press('Approve');
      await visit.confirm('Approve and run');
      await page.locator('.posted').last().getByRole('button', { name: 'Look again' }).waitFor();
      await visit.speed('Pause');
      const before = await settledTruth(visit);
      const whispers = await page.locator('.whisper').count();
      await page.reload();
      await page.locator('body.ready').waitFor();
      assert.deepEqual(await truth(visit), before);
      assert.equal(await page.locator('.whisper').count(), whispers);
      assert.match(await page.locator('#composer-label').innerText(), /Avery Approver/);
      await visit.inspect();
    },
  },
  {
    name: 'a restart of the bot in the middle is told, and shows the same truth again',
    async run(visit, { restart }) {
      const { page } = visit;
      const before = await settledTruth(visit);
      visit.expectLost(true);
      await restart();
      await page.locator('#offline').waitFor({ state: 'hidden' });
      await page.locator('.posted').last().getByRole('button', { name: 'Look again' }).waitFor();
      visit.expectLost(false);
      assert.deepEqual(await truth(visit), before);
    },
  },
  {
    name: 'sent again by somebody else than the requester, it runs and finishes',
    async run(visit) {
      // Only once all looks are done: before that a list that lags could make it run twice, and the bot
      // refuses.
      await visit.speed('60×');
      await visit.cardShows(/6 times/);
      await visit.press('Send again');
      await visit.confirm('Send, may run twice');
      await visit.cardShows(/Finished: succeeded/);
      await visit.inspect();
    },
  },
  {
    name: 'a device that is offline keeps the session waiting until its switch is on again',
    async run(visit) {
      const { page } = visit;
      await visit.trouble('hosta goes offline', true);
      await visit.be('Riley');
      await visit.say('hosts hosta');
      await visit.be('Avery');
      await visit.press('Approve');
      await visit.confirm('Approve and run');
      await visit.cardShows(/waiting for the device/i);
      await visit.trouble('hosta goes offline', false);
      await visit.cardShows(/Finished: succeeded/);
      assert.equal(await page.locator('.posted .adaptive', { hasText: 'Finished: succeeded' }).count(), 3);
    },
  },
  {
    name: 'a script that fails, a lost answer and a 429 are each told on their card, and the last two end well',
    async run(visit) {
      const { page } = visit;
      const told = async (card: Locator, text: RegExp): Promise<void> =>
        card.locator('.adaptive', { hasText: text }).waitFor();
      const started = async (trouble: string, text: string): Promise<Locator> => {
        await visit.trouble(trouble, true);
        const before = await page.locator('.posted').count();
        await visit.be('Riley');
        await visit.say(text);
        const card = page.locator('.posted').nth(before);
        await card.waitFor();
        await visit.be('Avery');
        await visit.press('Approve');
        await visit.confirm('Approve and run');
        await card.locator('.adaptive', { hasText: 'Approved by' }).waitFor();
        return card;
      };
      const failing = await started('Scripts fail on hosta', 'collect hosta');
      const lost = await started('The answer gets lost', 'hosts hostb');
      await lost.getByRole('button', { name: 'Cancel' }).waitFor();
      const throttled = await started('Too many requests (429)', 'get web1 /var/log/syslog');
      await told(throttled, /429|too many|throttl/i);
      await told(failing, /Finished: failed/);
      await told(lost, /Finished: succeeded/);
      await told(throttled, /Finished: succeeded/);
      await visit.trouble('Scripts fail on hosta', false);
      await visit.inspect();
    },
  },
];
