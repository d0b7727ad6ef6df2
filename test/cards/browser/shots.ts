// Draws the example cards in a real browser, phone and desktop wide, light and dark, as pictures to look at.
// Run after a build: node dist/test/cards/browser/shots.js <folder> [part of a name]. CHROMIUM_PATH names the
// browser.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '../../browser/chromium.ts';
import { chatRenderings } from '../examples/rendered.ts';
import { drawGolden, looks, overflows } from './draw.ts';

const [folder, part = ''] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: shots <folder> [part of a name]');
mkdirSync(folder, { recursive: true });

const browser = await launch();
if (browser === undefined) throw new Error('No Chromium was found; CHROMIUM_PATH names one.');
const page = await browser.newPage({ deviceScaleFactor: 1 });
/** Elements wider than the card: text that runs out of sight. */
let overflowing = 0;
for (const { file, text: json } of chatRenderings.filter((one) => one.file.includes(part))) {
  for (const look of looks) {
    const { mode, width } = look;
    await drawGolden(page, file, json, look);
    if (await overflows(page)) {
      overflowing += 1;
      process.stdout.write(`${file} ${mode} ${width}: something is wider than the card\n`);
    }
    await page
      .locator('#card')
      .screenshot({ path: join(folder, `${file.replace(/\.json$/, '')}.${mode}.${width}.png`) });
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
