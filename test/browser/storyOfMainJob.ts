// The main job on the page: asked, approved, followed, and its results read.
import { strict as assert } from 'node:assert';
import type { BrowserContext, Download, Page } from 'playwright-core';
import type { Visit } from './visit.ts';
import type { Step } from './step.ts';

const ask = 'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"';

/** How far a card stands from the top of the screen, to see whether anything jumps. */
async function topOfCard({ page }: Visit): Promise<number> {
  const box = await page.locator('.posted .card').last().boundingBox();
  return box?.y ?? Number.NaN;
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

export const mainJob: readonly Step[] = [
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
];
