// `npm run test:guides`: executes every command of the guides, as a reader would, and tells page by page what
// was run, what needs the real platform, and what does not work as it is written.
// npm run test:guides -- docs/slack-setup.md these pages alone; --installed takes node_modules and dist of
// this checkout
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { startCloud } from './cloud.ts';
import { stopAll } from './processes.ts';
import { allPages } from './pages.ts';
import { runPages } from './runner.ts';
import type { Outcome } from './pageRun.ts';

function lines(outcomes: readonly Outcome[]): string {
  const count = (result: Outcome['result']): number => outcomes.filter((one) => one.result === result).length;
  const more = [
    [count('repeated'), 'the same again'],
    [count('own-step'), 'a step of their own in .ci/run'],
    [count('elsewhere'), 'executed by another guide'],
    [count('tested'), 'taken from the page and run by a test'],
    [count('long'), 'left out for their length'],
    [count('not-root'), 'left out because they want root'],
  ] as const;
  const said = more.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return `${count('executed')} commands executed, ${count('real-platform')} marked as needing the real platform, ${count('failed')} failed${said.length === 0 ? '' : `\n(${said.join(', ')})`}`;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg.startsWith('--') && arg !== '--installed');
  const pages = args.filter((arg) => !arg.startsWith('--'));
  const missing = pages.find((page) => !existsSync(join(root, page)));
  if (unknown !== undefined || missing !== undefined) {
    process.stderr.write(
      unknown === undefined
        ? `There is no page ${missing ?? ''}.\n`
        : `${unknown} is no option: npm run test:guides -- [--installed] [page ...]\n`,
    );
    process.exitCode = 2;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'lr-guides-cloud-'));
  const cloud = await startCloud(folder);
  let page = '';
  try {
    const outcomes = await runPages({
      root,
      pages: pages.length > 0 ? pages : allPages(),
      cloud,
      installed: args.includes('--installed'),
      tell(outcome) {
        if (outcome.page !== page) process.stdout.write(`\n${outcome.page}\n`);
        page = outcome.page;
        const time = outcome.result === 'executed' ? ` (${(outcome.ms / 1000).toFixed(1)} s)` : '';
        const why =
          outcome.why === undefined
            ? ''
            : outcome.result === 'failed'
              ? `\n    ${outcome.why}`
              : `: ${outcome.why}`;
        process.stdout.write(
          `  ${outcome.result === 'failed' ? 'FAILED' : outcome.result}  ${outcome.line}: ${outcome.text.replaceAll('\n', ' ')}${time}${why}\n`,
        );
      },
    });
    if (cloud.strangers.size > 0)
      process.stdout.write(`\nAsked for, and played by nobody: ${[...cloud.strangers].sort().join(', ')}\n`);
    process.stdout.write(`\n${lines(outcomes)}\n`);
    process.exitCode =
      outcomes.some(({ result }) => result === 'failed') ||
      !outcomes.some(({ result }) => result === 'executed')
        ? 1
        : 0;
  } finally {
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stopAll();
    process.exit(130);
  });
}
await main();
