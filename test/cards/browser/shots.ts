// Draws the golden cards in a real browser, phone and desktop wide, light and dark, as pictures to look at.
// Run after a build: node dist/test/cards/browser/shots.js <folder> [part of a name]. CHROMIUM names the browser.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { packageRoot } from '../../support/packageRoot.ts';
import { hostConfig, palettes } from './hostConfig.ts';
import { slackHtml } from './slackHtml.ts';

const [folder, part = ''] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: shots <folder> [part of a name]');
mkdirSync(folder, { recursive: true });

const goldens = join(packageRoot, 'cards', 'examples');
const renderer = readFileSync(join(packageRoot, 'node_modules', 'adaptivecards', 'dist', 'adaptivecards.min.js'), 'utf8');
const style = readFileSync(join(packageRoot, 'node_modules', 'adaptivecards', 'dist', 'adaptivecards.css'), 'utf8');
const looks = [
  { mode: 'light', width: 320 },
  { mode: 'dark', width: 320 },
  { mode: 'light', width: 560 },
  { mode: 'dark', width: 560 },
] as const;

// Teams' message root breaks long words (fluentui react-northstar chatMessageStyles.ts), which text runs inherit: without it a path would run out of the card.
const wrapping = 'word-break:break-word;overflow-wrap:break-word';

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ deviceScaleFactor: 1 });
/** Elements wider than the card: text that runs out of sight. */
let overflowing = 0;
for (const file of readdirSync(goldens).filter((name) => name.endsWith('.json') && name.includes(part))) {
  const json = readFileSync(join(goldens, file), 'utf8');
  for (const { mode, width } of looks) {
    await page.setViewportSize({ width, height: 200 });
    if (file.endsWith('.slack.json')) {
      await page.setContent(slackHtml((JSON.parse(json) as { readonly blocks: readonly Readonly<Record<string, unknown>>[] }).blocks, mode));
    } else {
      const palette = palettes[mode];
      await page.setContent(`<style>${style}
        body{margin:0;background:${palette.page};color:${palette.text}} #card{margin:6px;border-radius:6px;overflow:hidden;border:1px solid ${palette.line};${wrapping}}
        .ac-pushButton{font:600 14px 'DejaVu Sans',sans-serif;background:${palette.button};color:${palette.text};border:1px solid ${palette.line};border-radius:4px;padding:6px 10px}
        .ac-pushButton.style-positive{background:#5B5FC7;color:#fff} .ac-pushButton.style-destructive{background:${palette.button};color:${palette.colors.attention}}
        .ac-actionSet{flex-wrap:wrap;row-gap:8px} .ac-pushButton>div{overflow:visible!important}
        textarea,input{width:100%;box-sizing:border-box}</style><div id="card"></div>`);
      await page.addScriptTag({ content: renderer });
      await page.evaluate(`{
        const card = new AdaptiveCards.AdaptiveCard();
        card.hostConfig = new AdaptiveCards.HostConfig(${JSON.stringify(hostConfig(mode))});
        card.parse(${json});
        document.getElementById('card').append(card.render());
      }`);
    }
    const wide = await page.evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth || [...document.querySelectorAll('#card *')].some((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')`);
    if (wide === true) {
      overflowing += 1;
      process.stdout.write(`${file} ${mode} ${width}: something is wider than the card\n`);
    }
    await page.locator('#card').screenshot({ path: join(folder, `${file.replace(/\.json$/, '')}.${mode}.${width}.png`) });
    // The second step of the first button, once for each card that has one.
    if (width === 320 && mode === 'light' && file.startsWith('awaiting-approval.adaptive')) {
      await page.locator('.ac-pushButton').nth(0).click();
      await page.locator('#card').screenshot({ path: join(folder, 'approve-step.png') });
      await page.locator('.ac-pushButton', { hasText: 'Deny' }).first().click();
      await page.locator('#card').screenshot({ path: join(folder, 'deny-step.png') });
    }
  }
}
await browser.close();
process.stdout.write(`drawn into ${folder}, ${overflowing} too wide\n`);
process.exitCode = overflowing === 0 ? 0 : 1;
