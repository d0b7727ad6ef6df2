// A download link is a bearer secret, and the record of who made and saw what is the point: one is nowhere on
// disk or in the log, the other always is.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { approvedHouse, openTestApp } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { journalText } from '../../support/store/journal.ts';

let app: TestApp;
afterEach(() => app.close());

function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

describe('after a whole story', () => {
  test('no link signature is in the data folder or in the log, and every mint, view and refusal is in the journal', async () => {
    const logLines: string[] = [];
    app = await openTestApp({ logLines });
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    await app.press('responder1', 'approve');
    await app.press('approver1', 'approve');
    await app.until('finished');
    await app.loop.tick();
    const { id } = app.newest();
    const onCard = app.card().view.links[0]?.url ?? '';
    const told = await app.say('responder1', `link ${id} 1`);
    await app.say('approver1', `output ${id} 0`);
    app.simulator.tenant.faults.plant({
      what: 'redirect',
      on: 'blob',
      times: 5,
      value: 'http://169.254.169.254/',
    });
    await app.say('approver1', `link ${id} 0`);
    await app.restart();

    const signatures = [onCard, told.kind === 'sentence' ? (told.link?.url ?? '') : ''].map(
      (url) => new URL(url).searchParams.get('sig') ?? '',
    );
    expect(signatures.every((sig) => sig.length > 20)).toBe(true);
    // As it stands, and with what is sealed in it opened.
    const written = everyFile(app.dir) + journalText(app.dir) + logLines.join('');
    for (const sig of signatures) {
      expect(written).not.toContain(sig);
      expect(written).not.toContain(encodeURIComponent(sig));
    }
    expect(written).not.toContain('sig=');
    for (const fact of [
      '"linkMinted"',
      '"resultViewed"',
      '"pressRefused"',
      '"selfApproval"',
      '"excerptRead"',
    ])
      expect(written).toContain(fact);
  });

  test('the data folder, its files and all below are for their owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      app = await approvedHouse('dump hosta notepad');
      await app.until('finished');
      await app.run(5_000);
      const all = readdirSync(app.dir, { recursive: true, encoding: 'utf8' });
      expect(all.some((name) => name.startsWith('outputs/'))).toBe(true);
      for (const name of ['.', ...all]) {
        const { mode, isDirectory } = ((stats) => ({
          mode: (stats.mode & 0o777).toString(8),
          isDirectory: stats.isDirectory(),
        }))(statSync(join(app.dir, name)));
        expect([name, mode]).toEqual([name, isDirectory ? '700' : '600']);
      }
    } finally {
      process.umask(umask);
    }
  });
});
