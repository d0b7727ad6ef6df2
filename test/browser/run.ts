// `npm run test:browser`: the built program, a headless Chromium, and the whole story of the main job in light and dark, on a phone and a desktop.
// The last line counts the steps; pictures for the README are written to docs/images.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { packageRoot } from '../support/packageRoot.ts';
import { checkCards } from './cards.ts';
import { launch } from './chromium.ts';
import { freePort, startProgram } from './program.ts';
import { steps } from './story.ts';
import { visit } from './visit.ts';
import type { Look, Visit } from './visit.ts';

const looks: readonly Look[] = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 390 },
  { scheme: 'dark', width: 390 },
];
const pictures = join(packageRoot, 'docs', 'images');
const counted = { passed: 0, failed: 0, skipped: 0 };

async function picture({ page, look, isPhone }: Visit, moment: string): Promise<void> {
  // Of the empty page one picture is enough.
  if (moment !== 'running' && !(look.scheme === 'light' && !isPhone())) return;
  const name = moment === 'running' ? `console-${isPhone() ? 'phone-' : ''}${look.scheme}` : `console-${moment}`;
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

async function tell(browser: Browser, look: Look): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lr-browser-'));
  const port = await freePort();
  let program = await startProgram(port, dataDir);
  const reader = await visit(browser, program.url, look);
  const outside = {
    picture,
    async restart() {
      await program.stop();
      await reader.page.locator('#offline').waitFor({ state: 'visible' });
      program = await startProgram(port, dataDir);
    },
  };
  console.log(`\n${look.scheme}, ${look.width} px`);
  let broken = false;
  try {
    for (const { name, run } of steps) {
      if (broken) {
        counted.skipped += 1;
        continue;
      }
      const began = performance.now();
      try {
        await run(reader, outside);
        if (reader.complaints().length > 0) throw new Error(reader.complaints().join('\n    '));
        counted.passed += 1;
        console.log(`  ok    ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        // What follows builds on it, so it is not tried.
        broken = true;
        counted.failed += 1;
        console.log(`  FAIL  ${name}\n    ${error instanceof Error ? error.message : String(error)}`);
        await reader.page.screenshot({ path: join(tmpdir(), `lr-browser-${look.scheme}-${look.width}.png`) });
        console.log(`    picture: ${join(tmpdir(), `lr-browser-${look.scheme}-${look.width}.png`)}`);
      }
    }
  } finally {
    await reader.close();
    await program.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const browser = await launch();
if (browser === undefined) {
  console.log('No Chromium was found. Install one (Debian: apt-get install chromium) or name it in CHROMIUM_PATH.');
  counted.skipped = looks.length * steps.length;
} else {
  mkdirSync(pictures, { recursive: true });
  const only = process.argv[2];
  for (const look of looks) if (only === undefined || only === `${look.scheme}-${look.width}`) await tell(browser, look);
  if (only === undefined || only === 'cards') {
    const cards = await checkCards(browser);
    counted.passed += cards.passed;
    counted.failed += cards.failures.length;
    console.log(`\ncards\n  ok    ${cards.passed} drawings, narrow and wide, light and dark${cards.failures.map((failure) => `\n  FAIL  ${failure}`).join('')}`);
  }
  await browser.close();
}
console.log(`\n${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped`);
process.exitCode = counted.failed === 0 ? 0 : 1;
