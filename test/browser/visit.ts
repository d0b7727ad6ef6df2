// One visit to the page in one look: what the story does with it, and everything that must never be seen
// while it does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { root } from '../support/root.ts';

export interface Look {
  readonly scheme: 'light' | 'dark';
  readonly width: number;
}

/**
 * Real milliseconds for anything to be seen: some of it takes 15 s of a slow device's time, and the machine
 * may be busy.
 */
const patience = 60_000;
const inspection = readFileSync(join(root, 'test', 'browser', 'inspect.js'), 'utf8');
/** Roles that a person operates, each of which needs a name. */
const controls = [
  'button',
  'link',
  'textbox',
  'combobox',
  'checkbox',
  'switch',
  'radio',
  'tab',
  'tabpanel',
  'option',
  'listbox',
  'dialog',
  'log',
  'region',
  'complementary',
];

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
}

export interface Visit {
  readonly page: Page;
  readonly look: Look;
  /** Text of the card, or the panel it shows. */
  readonly card: Locator;
  readonly isPhone: () => boolean;
  be(person: string): Promise<void>;
  goTo(place: string): Promise<void>;
  say(text: string): Promise<void>;
  /** Presses a button of the newest card in sight. */
  press(label: string): Promise<void>;
  confirm(label: string): Promise<void>;
  speed(label: string): Promise<void>;
  trouble(label: string, on: boolean): Promise<void>;
  /** Resolves when the newest card shows it. */
  cardShows(text: RegExp): Promise<void>;
  seen(text: string | RegExp): Promise<void>;
  /** Overflow, contrast and names as the page stands now; throws with every finding. */
  inspect(): Promise<void>;
  /** Console errors and outside requests so far; those of `during` are expected. */
  complaints(): readonly string[];
  /** The bot is down on purpose: failing connections are no complaint. */
  expectLost(lost: boolean): void;
  close(): Promise<void>;
}

export async function visit(browser: Browser, url: string, look: Look): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.width < 760 ? 844 : 900 },
    colorScheme: look.scheme,
    acceptDownloads: true,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints: string[] = [];
  let lost = false;
  page.on('console', (message) => {
    const expected = lost && message.text().includes('ERR_');
    if (['error', 'warning'].includes(message.type()) && !expected)
      complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => void complaints.push(`page error: ${error.message}`));
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (hostname !== '127.0.0.1' && protocol !== 'data:')
      complaints.push(`outside request: ${request.url()}`);
  });
  await page.goto(url);
  await page.locator('body.ready').waitFor();

  const isPhone = (): boolean => look.width < 760;
  const hasPanel = (): boolean => look.width >= 1120;
  const card = page.locator('.posted .panel').last();
  async function inWorld(act: () => Promise<void>): Promise<void> {
    if (!hasPanel()) await page.locator('#open-world').click();
    await act();
    if (!hasPanel()) await page.keyboard.press('Escape');
  }
  /** Resolves when the page has been told of the change: a command typed next must not overtake it. */
  async function changed(act: () => Promise<void>): Promise<void> {
    await Promise.all([
      page
        .waitForResponse((response) => response.url().includes('/console/api/world/'))
        .then((response) => response.finished()),
      act(),
    ]);
  }
  async function choose(box: string, name: string): Promise<void> {
    if (isPhone()) await page.locator('#open-who').click();
    await page.locator(`${box} label`, { hasText: name }).click();
    await page
      .locator(`${box} label:has(:checked)`, { hasText: name })
      .waitFor({ state: isPhone() ? 'attached' : 'visible' });
  }

  const self: Visit = {
    page,
    look,
    card,
    isPhone,
    be: (person) => choose('#people', person),
    goTo: (place) => choose('#places', place),
    async say(text) {
      await page.locator('#text').fill(text);
      await page.locator('#text').press('Enter');
      await page.locator('#messages .typed', { hasText: text }).last().waitFor();
      await page.locator('#composer:not([aria-busy])').waitFor();
    },
    async press(label) {
      // A card that handles a press takes no other; the message that tells of the first may be seen before
      // that has ended.
      await page
        .locator('.posted')
        .last()
        .locator('.adaptive:not(.busy)')
        .getByRole('button', { name: label })
        .first()
        .click();
    },
    async confirm(label) {
      await page.locator('dialog').getByRole('button', { name: label }).click();
    },
    speed: (label) =>
      inWorld(async () => {
        const segment = page.locator('.segment', { hasText: new RegExp(`^${label}$`) });
        if (!(await segment.locator('input').isChecked())) await changed(() => segment.click());
      }),
    trouble: (label, on) =>
      inWorld(async () => {
        const input = page.getByRole('switch', { name: label });
        if ((await input.isChecked()) !== on)
          await changed(() => page.locator('.toggle', { hasText: label }).first().click());
      }),
    async cardShows(text) {
      await page.locator('.posted').last().locator('.adaptive', { hasText: text }).waitFor();
    },
    async seen(text) {
      await page.locator('#messages', { hasText: text }).waitFor();
    },
    async inspect() {
      const found = await page.evaluate<readonly string[]>(inspection);
      const session = await context.newCDPSession(page);
      const { nodes } = (await session.send('Accessibility.getFullAXTree')) as {
        readonly nodes: readonly AxNode[];
      };
      await session.detach();
      const nameless = nodes
        .filter(
          (node) =>
            !node.ignored &&
            controls.includes(node.role?.value ?? '') &&
            (node.name?.value ?? '').trim() === '',
        )
        .map((node) => `a ${node.role?.value ?? '?'} without a name`);
      const all = [...found, ...nameless];
      if (all.length > 0) throw new Error(all.slice(0, 12).join('\n    '));
    },
    complaints: () => complaints,
    expectLost: (now) => void (lost = now),
    close: () => context.close(),
  };
  return self;
}
