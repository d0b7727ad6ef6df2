// Which browser drives the page: a Chromium that is already on this machine, with everything off that talks
// to the outside by itself.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** Undefined when there is none; CHROMIUM_PATH names one that stands elsewhere. */
export async function launch(): Promise<Browser | undefined> {
  const path = process.env['CHROMIUM_PATH'] ?? usual.find((one) => existsSync(one));
  return path === undefined ? undefined : chromium.launch({ executablePath: path, args: flags });
}
