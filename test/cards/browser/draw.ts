// Draws one golden card in a page, as near to Teams and Slack as their host settings let us: the one place
// that knows how.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from '../../support/root.ts';
import { hostConfig, palettes } from './hostConfig.ts';
import { slackHtml } from './slackHtml.ts';

const renderer = readFileSync(
  join(root, 'node_modules', 'adaptivecards', 'dist', 'adaptivecards.min.js'),
  'utf8',
);
const style = readFileSync(join(root, 'node_modules', 'adaptivecards', 'dist', 'adaptivecards.css'), 'utf8');

export const looks = [
  { mode: 'light', width: 320 },
  { mode: 'dark', width: 320 },
  { mode: 'light', width: 560 },
  { mode: 'dark', width: 560 },
] as const;
export type Look = (typeof looks)[number];

// Teams' message root breaks long words (fluentui react-northstar chatMessageStyles.ts), which text runs
// inherit: without it a path would run out of the card.
const wrapping = 'word-break:break-word;overflow-wrap:break-word';

/** `file` tells which chat it is for; `json` is the golden's text. */
export async function drawGolden(
  page: Page,
  file: string,
  json: string,
  { mode, width }: Look,
): Promise<void> {
  await page.setViewportSize({ width, height: 200 });
  if (file.endsWith('.slack.json')) {
    await page.setContent(
      slackHtml(
        (JSON.parse(json) as { readonly blocks: readonly Readonly<Record<string, unknown>>[] }).blocks,
        mode,
      ),
    );
    return;
  }
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

/** Whether anything runs out of the card, to the right. */
export async function overflows(page: Page): Promise<boolean> {
  const wide = await page.evaluate(
    `document.documentElement.scrollWidth > document.documentElement.clientWidth || [...document.querySelectorAll('#card *')].some((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')`,
  );
  return wide === true;
}
