// One visit to the page in one look: what the story does with it, and everything that must never be seen
// while it does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
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
  isPhone(): boolean;
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

class PageVisit implements Visit {
  readonly page: Page;
  readonly look: Look;
  readonly card: Locator;
  readonly #context: BrowserContext;
  readonly #complaints: string[] = [];
  #lost = false;

  constructor(context: BrowserContext, page: Page, look: Look) {
    this.#context = context;
    this.page = page;
    this.look = look;
    this.card = page.locator('.posted .panel').last();
    page.setDefaultTimeout(patience);
    page.on('console', (message) => {
      const expected = this.#lost && message.text().includes('ERR_');
      if (['error', 'warning'].includes(message.type()) && !expected)
        this.#complaints.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => void this.#complaints.push(`page error: ${error.message}`));
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (hostname !== '127.0.0.1' && protocol !== 'data:')
        this.#complaints.push(`outside request: ${request.url()}`);
    });
  }

  isPhone(): boolean {
    return this.look.width < 760;
  }

  #hasPanel(): boolean {
    return this.look.width >= 1120;
  }

  async #inWorld(act: () => Promise<void>): Promise<void> {
    if (!this.#hasPanel()) await this.page.locator('#open-world').click();
    await act();
    if (!this.#hasPanel()) await this.page.keyboard.press('Escape');
  }

  /** Resolves when the page has been told of the change: a command typed next must not overtake it. */
  async #changed(act: () => Promise<void>): Promise<void> {
    await Promise.all([
      this.page
        .waitForResponse((response) => response.url().includes('/console/api/world/'))
        .then((response) => response.finished()),
      act(),
    ]);
  }

  async #choose(box: string, name: string): Promise<void> {
    if (this.isPhone()) await this.page.locator('#open-who').click();
    await this.page.locator(`${box} label`, { hasText: name }).click();
    await this.page
      .locator(`${box} label:has(:checked)`, { hasText: name })
      .waitFor({ state: this.isPhone() ? 'attached' : 'visible' });
  }

  be(person: string): Promise<void> {
    return this.#choose('#people', person);
  }

  goTo(place: string): Promise<void> {
    return this.#choose('#places', place);
  }

  async say(text: string): Promise<void> {
    await this.page.locator('#text').fill(text);
    await this.page.locator('#text').press('Enter');
    await this.page.locator('#messages .typed', { hasText: text }).last().waitFor();
    await this.page.locator('#composer:not([aria-busy])').waitFor();
  }

  async press(label: string): Promise<void> {
    // A card that handles a press takes no other; the message that tells of the first may be seen before
    // that has ended.
    await this.page
      .locator('.posted')
      .last()
      .locator('.adaptive:not(.busy)')
      .getByRole('button', { name: label })
      .first()
      .click();
  }

  async confirm(label: string): Promise<void> {
    await this.page.locator('dialog').getByRole('button', { name: label }).click();
  }

  speed(label: string): Promise<void> {
    return this.#inWorld(async () => {
      const segment = this.page.locator('.segment', { hasText: new RegExp(`^${label}$`) });
      if (!(await segment.locator('input').isChecked())) await this.#changed(() => segment.click());
    });
  }

  trouble(label: string, on: boolean): Promise<void> {
    return this.#inWorld(async () => {
      const input = this.page.getByRole('switch', { name: label });
      if ((await input.isChecked()) !== on)
        await this.#changed(() => this.page.locator('.toggle', { hasText: label }).first().click());
    });
  }

  async cardShows(text: RegExp): Promise<void> {
    await this.page.locator('.posted').last().locator('.adaptive', { hasText: text }).waitFor();
  }

  async seen(text: string | RegExp): Promise<void> {
    await this.page.locator('#messages', { hasText: text }).waitFor();
  }

  async inspect(): Promise<void> {
    const found = await this.page.evaluate<readonly string[]>(inspection);
    const session = await this.#context.newCDPSession(this.page);
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
  }

  complaints(): readonly string[] {
    return this.#complaints;
  }

  expectLost(lost: boolean): void {
    this.#lost = lost;
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

export async function visit(browser: Browser, url: string, look: Look): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.width < 760 ? 844 : 900 },
    colorScheme: look.scheme,
    acceptDownloads: true,
    reducedMotion: 'reduce',
  });
  const opened = new PageVisit(context, await context.newPage(), look);
  await opened.page.goto(url);
  await opened.page.locator('body.ready').waitFor();
  return opened;
}
