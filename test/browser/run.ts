// `npm run test:browser`: the built program, a headless Chromium, and the whole story of the main job in
// light and dark, on a phone and a desktop. The last line counts the steps; pictures for the README are
// written to docs/images. `light-390` and the like as an argument: that look alone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { addressIn, startProgram } from '../support/programs/program.ts';
import { root } from '../support/root.ts';
import { checkCards } from './cards.ts';
import { launch } from './chromium.ts';
import { freePort } from '../support/ports.ts';
import { steps } from './story.ts';
import { visit } from './visit.ts';
import type { Look, Visit } from './visit.ts';

/** Told two at a time, a desktop and a phone. */
const looks: readonly Look[] = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 390 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 390 },
];
const atOnce = 2;
const pictures = join(root, 'docs', 'images');

interface Told {
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const nameOf = ({ scheme, width }: Look): string => `${scheme}-${width}`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function picture(visit: Visit, moment: string): Promise<void> {
  const { page, look } = visit;
  // Of the empty page one picture is enough.
  if (moment !== 'running' && nameOf(look) !== 'light-1280') return;
  const name =
    moment === 'running' ? `console-${visit.isPhone() ? 'phone-' : ''}${look.scheme}` : `console-${moment}`;
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

async function tell(browser: Browser, look: Look): Promise<Told> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lr-browser-'));
  const env = {
    PORT: String(await freePort()),
    LR_ADMIN_PORT: '0',
    LR_DATA_DIR: dataDir,
    LR_LOG_LEVEL: 'error',
    LR_POLICY: join(root, 'policy.example.yaml'),
  };
  const start = () => startProgram('src/main.js', [], env);
  let program = await start();
  const reader = await visit(browser, addressIn(program.firstLine), look);
  const outside = {
    picture,
    async restart() {
      await program.kill('SIGTERM');
      await reader.page.locator('#offline').waitFor({ state: 'visible' });
      program = await start();
    },
  };
  const lines = [`\n${look.scheme}, ${look.width} px`];
  let passed = 0;
  try {
    for (const { name, run } of steps) {
      const began = performance.now();
      try {
        await run(reader, outside);
        if (reader.complaints().length > 0) throw new Error(reader.complaints().join('\n    '));
        passed += 1;
        lines.push(`  ok    ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        const shot = join(tmpdir(), `lr-browser-${nameOf(look)}.png`);
        await reader.page.screenshot({ path: shot });
        lines.push(
          `  FAIL  ${name}`,
          `    ${error instanceof Error ? error.message : String(error)}`,
          `    picture: ${shot}`,
          program.stderr(),
        );
        // What follows builds on it, so it is not tried.
        return { lines, passed, failed: 1, skipped: steps.length - passed - 1 };
      }
    }
    return { lines, passed, failed: 0, skipped: 0 };
  } finally {
    await reader.close();
    await program.kill('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const wanted = looks.filter((look) => process.argv[2] === undefined || process.argv[2] === nameOf(look));
const browser = await launch();
const told: Told[] = [];
if (browser === undefined) {
  say('No Chromium was found. Install one (Debian: apt-get install chromium) or name it in CHROMIUM_PATH.');
  told.push({ lines: [], passed: 0, failed: 0, skipped: wanted.length * steps.length });
} else {
  mkdirSync(pictures, { recursive: true });
  for (let at = 0; at < wanted.length; at += atOnce) {
    const some = await Promise.all(wanted.slice(at, at + atOnce).map((look) => tell(browser, look)));
    for (const one of some) one.lines.filter((line) => line !== '').forEach(say);
    told.push(...some);
  }
  if (process.argv[2] === undefined || process.argv[2] === 'cards') {
    const cards = await checkCards(browser);
    for (const failure of cards.failures) say(`  FAIL  ${failure}`);
    say(`  ok    ${cards.passed} drawings of the golden cards`);
    told.push({ lines: [], passed: cards.passed, failed: cards.failures.length, skipped: 0 });
  }
  await browser.close();
}
const sum = (of: 'passed' | 'failed' | 'skipped'): number => told.reduce((total, one) => total + one[of], 0);
say(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
