// The whole story of the main job, told through the page by four people: what each step does, and what must
// be seen after it.
import { strict as assert } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import type { BrowserContext, Download, Locator, Page } from 'playwright-core';
import type { Visit } from './visit.ts';

export interface Step {
  readonly name: string;
  readonly run: (visit: Visit, world: Outside) => Promise<void>;
}

/** What the story does outside the page. */
export interface Outside {
  readonly restart: () => Promise<void>;
  readonly picture: (visit: Visit, name: string) => Promise<void>;
}

const ask = 'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"';

/** How far a card stands from the top of the screen, to see whether anything jumps. */
async function topOfCard({ page }: Visit): Promise<number> {
  const box = await page.locator('.posted .card').last().boundingBox();
  return box?.y ?? Number.NaN;
}

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

/**
 * Lets the time stand still at the moment the newest card shows it, from within the page: a test that reads
 * and then presses may come too late.
 */
async function pauseWhenCardShows({ page }: Visit, text: string): Promise<void> {
  await page.evaluate(`{
    const messages = document.getElementById('messages');
    const observer = new MutationObserver(() => {
      if (![...messages.querySelectorAll('.posted .adaptive')].at(-1)?.textContent.includes(${JSON.stringify(text)})) return;
      observer.disconnect();
      document.querySelector('input[name=speed][value="0"]').click();
    });
    observer.observe(messages, { subtree: true, childList: true });
  }`);
}

/** The next download, whichever page it begins in: the link opens one of its own. */
function downloaded(context: BrowserContext): Promise<Download> {
  return new Promise((resolve) => {
    const listen = (page: Page): void => void page.once('download', resolve);
    context.pages().forEach(listen);
    context.once('page', listen);
  });
}

/** Reads the newest card in another of its views. */
async function inTab({ page }: Visit, tab: string): Promise<string> {
  const card = page.locator('.posted').last();
  await card.getByRole('tab', { name: tab }).click();
  await card
    .locator(tab === 'Journal' ? '.journal li' : 'pre')
    .first()
    .waitFor();
  const text = (await card.locator('.panel').innerText()).replace(/^Copy\n/, '');
  return text;
}

export const steps: readonly Step[] = [
  {
    name: 'the inspection itself sees pale text, something too wide and a nameless button',
    async run(visit) {
      const { page } = visit;
      await visit.inspect();
      await page.evaluate(`{
        const bad = document.createElement('div');
        const wide = document.createElement('div');
        bad.id = 'bad';
        bad.textContent = 'pale';
        bad.style.color = 'var(--line)';
        wide.style.width = '3000px';
        wide.textContent = 'wide';
        bad.append(wide, document.createElement('button'));
        document.querySelector('main').append(bad);
      }`);
      await assert.rejects(
        visit.inspect(),
        /contrast[\s\S]*(too wide|right edge)[\s\S]*button without a name/,
      );
      await page.evaluate("document.getElementById('bad').remove()");
    },
  },
  {
    name: 'the empty page teaches what to type and who decides',
    async run(visit, { picture }) {
      const { page } = visit;
      await page.getByRole('heading', { name: /Ask here/ }).waitFor();
      assert.match(await page.locator('#empty').innerText(), /Riley Responder[\s\S]*Avery Approver/);
      await visit.inspect();
      await picture(visit, 'start');
    },
  },
  {
    name: 'the panels of people and simulator open, are named, and close by Escape',
    async run(visit) {
      if (!visit.isPhone()) return;
      const { page } = visit;
      for (const id of ['who', 'world']) {
        await page.locator(`#open-${id}`).click();
        await page.locator(`#${id}:popover-open`).waitFor();
        await visit.inspect();
        await page.keyboard.press('Escape');
        await page.locator(`#${id}`).waitFor({ state: 'hidden' });
      }
    },
  },
  {
    name: 'a command is completed by Tab alone and sent by Enter',
    async run(visit) {
      const { page } = visit;
      const text = page.locator('#text');
      await text.pressSequentially('du');
      await page.locator('#options [role=option]', { hasText: 'dump <host> <process>' }).waitFor();
      await visit.inspect();
      await text.press('Tab');
      await text.pressSequentially('hosta');
      await page.keyboard.type(' ');
      await page.locator('#options [role=option]', { hasText: 'OfficeClickToRun' }).waitFor();
      await text.press('Tab');
      assert.equal(await text.inputValue(), 'dump hosta OfficeClickToRun ');
      await text.pressSequentially('--reason "beacon seen at 02:40"');
      await text.press('Enter');
      await visit.cardShows(/Waiting for approval/);
      await visit.seen('/lr dump hosta OfficeClickToRun');
    },
  },
  {
    name: 'the arrow keys bring back what was typed',
    async run({ page }) {
      const text = page.locator('#text');
      await text.focus();
      await text.press('ArrowUp');
      assert.equal(await text.inputValue(), ask);
      await text.press('ArrowDown');
      assert.equal(await text.inputValue(), '');
    },
  },
  {
    name: 'the second step can be left, and then nothing has happened',
    async run(visit) {
      await visit.press('Approve');
      await visit.page.locator('dialog[open]').waitFor();
      await visit.inspect();
      await visit.page.keyboard.press('Escape');
      await visit.page.locator('dialog[open]').waitFor({ state: 'detached' });
      await visit.cardShows(/Waiting for approval/);
      assert.equal(await visit.page.locator('.whisper').count(), 0);
    },
  },
  {
    name: 'the requester’s own approval is refused, to the requester alone',
    async run(visit) {
      await visit.press('Approve');
      await visit.confirm('Approve and run');
      await visit.page.locator('.whisper', { hasText: 'nobody approves their own' }).waitFor();
      await visit.cardShows(/Waiting for approval/);
      await visit.inspect();
      // The refusal may be seen before the press has been answered; a reload would break that off.
      await visit.page.locator('.posted').last().locator('.adaptive:not(.busy)').waitFor();
      // The hint appears after the messages, and must not cover the last of them.
      await visit.page.reload();
      await visit.page.locator('body.ready').waitFor();
      await visit.page.locator('#coach').waitFor();
      const hidden = await visit.page.evaluate<number>(
        `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.querySelector('#messages > :last-child').getBoundingClientRect().bottom - document.querySelector('#timeline').getBoundingClientRect().bottom))))`,
      );
      assert.ok(hidden <= 1, `${hidden} px of the last message are out of sight`);
    },
  },
  {
    name: 'an onlooker sees no whisper of others, and may not approve',
    async run(visit) {
      await visit.be('Ola');
      assert.equal(await visit.page.locator('.whisper').count(), 0);
      await visit.press('Approve');
      await visit.confirm('Approve and run');
      await visit.page.locator('.whisper', { hasText: 'Only Ola Onlooker sees this' }).waitFor();
      await visit.cardShows(/Waiting for approval/);
    },
  },
  {
    name: 'another person approves by the keyboard alone, and the card does not jump',
    async run(visit) {
      const { page } = visit;
      await visit.be('Avery');
      const approve = page
        .locator('.posted')
        .last()
        .locator('.adaptive:not(.busy)')
        .getByRole('button', { name: 'Approve' });
      await approve.focus();
      const before = await topOfCard(visit);
      await page.keyboard.press('Enter');
      await page.locator('dialog[open]').waitFor();
      await page.keyboard.press('Enter');
      await visit.cardShows(/Approved by/);
      assert.ok(
        Math.abs((await topOfCard(visit)) - before) <= 1,
        `the card moved from ${before} to ${await topOfCard(visit)}`,
      );
    },
  },
  {
    name: 'the excerpt of the first command stands on the card while the second still runs',
    async run(visit, { picture }) {
      const { page } = visit;
      await visit.trouble('Devices are slow', true);
      await pauseWhenCardShows(visit, '51 MB');
      await visit.speed('10×');
      await visit.cardShows(/51 MB/);
      await page.locator('#open-world[aria-label*="paused"]').waitFor({ state: 'attached' });
      await visit.speed('1×');
      await visit.cardShows(/Running/);
      await visit.inspect();
      await page.locator('#timeline').evaluate((timeline: { scrollTop: number }) => (timeline.scrollTop = 0));
      await page.evaluate('document.activeElement.blur()');
      await page.locator('.posted .card.scrolled').waitFor({ state: 'detached' });
      await picture(visit, 'running');
      await visit.trouble('Devices are slow', false);
      await visit.speed('60×');
    },
  },
  {
    name: 'the finished card has a link, and the file is downloaded from the simulator’s blob server',
    async run(visit) {
      const { page } = visit;
      await visit.cardShows(/Finished: succeeded/);
      await visit.inspect();
      const link = page.locator('.posted').last().getByRole('link', { name: 'Download' });
      await link.waitFor();
      const [download] = await Promise.all([downloaded(page.context()), link.click()]);
      assert.match(download.suggestedFilename(), /OfficeClickToRun\.dmp\.zip/);
    },
  },
  {
    name: 'output and a new link come to the reader alone, and to nobody without the role',
    async run(visit) {
      const { page } = visit;
      await visit.press('Full output');
      await page.locator('.whisper pre', { hasText: '51 MB' }).waitFor();
      await visit.inspect();
      await visit.be('Ola');
      const told = await page.locator('.whisper').count();
      await visit.press('Full output');
      await page.locator('.whisper').nth(told).waitFor();
      assert.equal(await page.locator('.whisper pre').count(), 0);
    },
  },
  {
    name: 'the same state is there as Block Kit JSON, as text and as journal lines, and no link stands in the journal',
    async run(visit) {
      const blocks = JSON.parse(await inTab(visit, 'Slack')) as { readonly blocks?: unknown };
      assert.ok(Array.isArray(blocks.blocks));
      await visit.inspect();
      assert.match(await inTab(visit, 'Text'), /\[.*Finished: succeeded\]/);
      await visit.inspect();
      const journal = await inTab(visit, 'Journal');
      assert.match(journal, /asked[\s\S]*approved[\s\S]*submitted[\s\S]*ended/);
      assert.doesNotMatch(journal, /sig=|https?:\/\//);
      await visit.inspect();
      await visit.page.locator('.posted').last().getByRole('tab', { name: 'Card' }).click();
    },
  },
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
