// Every example card in the real renderer, narrow and wide, light and dark: nothing may run out of it, and no
// text may be missing.
import type { Browser } from 'playwright-core';
import { drawGolden, looks, overflows } from '../cards/browser/draw.ts';
import { chatRenderings } from '../cards/examples/rendered.ts';

/**
 * What a reader must see at once: text blocks, runs and the captions of buttons, but not what a button only
 * opens.
 */
function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Readonly<Record<string, unknown>>;
  const own = [
    node['text'],
    typeof node['type'] === 'string' && node['type'].startsWith('Action.') ? node['title'] : undefined,
  ];
  const below = Object.entries(node).flatMap(([key, child]) =>
    key === 'card' || key === 'fallback' || key === 'msteams' ? [] : textsOf(child),
  );
  return [...own.filter((one): one is string => typeof one === 'string'), ...below];
}

/** White space and the breaks of wrapped lines say nothing. */
const squeezed = (text: string): string => text.replace(/\s+/g, '');

export async function checkCards(
  browser: Browser,
): Promise<{ readonly passed: number; readonly failures: readonly string[] }> {
  const page = await browser.newPage();
  const failures: string[] = [];
  let passed = 0;
  for (const { file, text: json } of chatRenderings.filter((one) => one.file.endsWith('.adaptive.json'))) {
    for (const look of looks) {
      await drawGolden(page, file, json, look);
      const seen = squeezed(await page.locator('#card').innerText());
      const missing = textsOf(JSON.parse(json)).filter((text) => !seen.includes(squeezed(text)));
      const wide = await overflows(page);
      if (!wide && missing.length === 0) passed += 1;
      else
        failures.push(
          `${file}, ${look.mode}, ${look.width} px: ${[...(wide ? ['something runs out of the card'] : []), ...missing.map((text) => `"${text.slice(0, 80)}" is not to be seen`)].join('; ')}`,
        );
    }
  }
  await page.close();
  return { passed, failures };
}
