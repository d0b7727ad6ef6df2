// The probes of the Kubernetes manifest and the image's health program, asked of the real program: a bot that
// is degraded or frozen keeps its chats and is left running, however long Defender is away.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { OperatedBot } from '../operate/bot.ts';
import { addressIn } from '../support/programs/program.ts';
import { root } from '../support/root.ts';

interface Probe {
  readonly httpGet: { readonly path: string };
}
interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [
          Readonly<Record<'startupProbe' | 'livenessProbe' | 'readinessProbe', Probe>>,
        ];
      };
    };
  };
}
const [container] = (
  parse(readFileSync(join(root, 'manifest', 'kubernetes', 'base', 'deployment.yaml'), 'utf8')) as Deployment
).spec.template.spec.containers;

let bot: OperatedBot;
afterEach(() => bot.close());

/** What each probe sees on the port that the chats deliver to. */
async function probed(): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const)
    found[name] = (await fetch(`${addressIn(bot.program.firstLine)}${container[name].httpGet.path}`)).status;
  return found;
}

/** The image's HEALTHCHECK. */
function health(): { readonly code: number | null; readonly out: string } {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, 'manifest', 'container', 'healthcheck.mjs')],
    { env: { PORT: new URL(addressIn(bot.program.firstLine)).port }, encoding: 'utf8', timeout: 30_000 },
  );
  return { code: status, out: stdout };
}

const well = { startupProbe: 200, livenessProbe: 200, readinessProbe: 200 };
const left = { code: 0, out: '/healthz 200\n' };

describe('the probes leave a bot running and keep its chats', () => {
  test('while Defender cannot be read, from before its start on', async () => {
    bot = new OperatedBot();
    await bot.open();
    await bot.simulator.stop();
    await bot.start();
    await bot.until('a bot that is degraded for Defender', async () => {
      const said = await bot.ready();
      return said.includes('"status":"degraded"') && /"name":"defender","ok":false/.test(said);
    });
    expect(await probed()).toEqual(well);
    expect(health()).toEqual(left);
  });

  test('while it is frozen', async () => {
    bot = new OperatedBot();
    await bot.open();
    await bot.start();
    await bot.say('approver1', 'freeze odd approvals since noon');
    await bot.until('a bot that is frozen', async () =>
      JSON.stringify(await bot.say('responder1', 'dump hosta OfficeClickToRun')).includes('rozen'),
    );
    expect(await probed()).toEqual(well);
    expect(health()).toEqual(left);
  });
});
