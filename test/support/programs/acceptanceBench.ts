// `npm run acceptance` with all it needs: a folder, a simulated tenant on its own ports, the policy of
// docs/acceptance.md, and a proxy that changes answers.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileChange } from '../../../src/simulator/profile.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { fixtureIn, startAcceptance } from './acceptanceRun.ts';
import type { AcceptanceRun, Fixture } from './acceptanceRun.ts';
import { changedAnswers } from '../defender/changedAnswers.ts';
import type { ChangedAnswers, Passing } from '../defender/changedAnswers.ts';
import { root } from '../root.ts';

export const device = 'hosta.corp.example';

export interface AcceptanceBench {
  readonly folder: string;
  /** Where fixtures are written. */
  readonly out: string;
  /** The policy of docs/acceptance.md as it stands there, for a device. */
  policy(name?: string): string;
  /** A tenant whose devices take a fiftieth of the time. */
  tenant(profile?: ProfileChange): Promise<Simulator>;
  proxied(url: string, change: (passing: Passing) => void): Promise<ChangedAnswers>;
  settings(url: string, more?: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  start(words: readonly string[], env: Readonly<Record<string, string>>): AcceptanceRun;
  /** Both people played, through a proxy that changes answers. */
  played(
    change: (passing: Passing) => void,
    profile?: ProfileChange,
  ): Promise<{ readonly code: number | null; readonly text: string; readonly fixture: Fixture }>;
  /** Ends every program that was started. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export function openAcceptanceBench(): AcceptanceBench {
  const folder = mkdtempSync(join(tmpdir(), 'lr-acceptance-'));
  const out = join(folder, 'out');
  mkdirSync(out);
  const runs: AcceptanceRun[] = [];
  const closing: (() => Promise<void>)[] = [];

  const bench: AcceptanceBench = {
    folder,
    out,
    policy(name = device) {
      const page = readFileSync(join(root, 'docs', 'acceptance.md'), 'utf8');
      const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, text.replaceAll('testpc.corp.example', name), { mode: 0o600 });
      return file;
    },
    async tenant(profile = {}) {
      const simulator = await startSimulator({
        deviceSpeed: 50,
        profile: { commandMs: [50_000, 50_000], getFileMs: [50_000, 50_000], ...profile },
      });
      closing.push(() => simulator.stop());
      return simulator;
    },
    async proxied(url, change) {
      const proxy = await changedAnswers(url, change);
      closing.push(() => proxy.close());
      return proxy;
    },
    settings: (url, more = {}) => ({
      DEFENDER_API_URL: url,
      DEFENDER_AUTH: 'none',
      LR_POLL_MS: '200',
      LR_CALLS_PER_MINUTE: '10000',
      LR_CALLS_PER_HOUR: '100000',
      LR_POLICY: more['LR_POLICY'] ?? bench.policy(),
      ...more,
    }),
    start(words, env) {
      const run = startAcceptance([...words, '--data', join(folder, 'data'), '--out', out], env);
      runs.push(run);
      return run;
    },
    async played(change, profile) {
      const { url } = await bench.tenant(profile);
      const proxy = await bench.proxied(url, change);
      const run = bench.start(['--device', device, '--play'], bench.settings(proxy.url));
      const code = await run.ended;
      return { code, text: run.text(), fixture: fixtureIn(out).json };
    },
    async end() {
      for (const run of runs.splice(0)) {
        run.signal('SIGKILL');
        await run.ended;
      }
    },
    async close() {
      await bench.end();
      for (const close of closing.reverse()) await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** Two people at the terminal, to the moment it was sent. */
export async function approve(run: AcceptanceRun): Promise<void> {
  await run.seen(/Two people of the policy sit here/);
  run.type('analyst: ask');
  await run.seen(/\(approve\) Approve/);
  run.type('lead: approve');
  const [, code = ''] = await run.seen(/lead: approve (r\d+-[0-9a-f]{16})/);
  run.type(`lead: approve ${code}`);
  await run.seen(/Sent: action/);
}

/** "verdict: what was measured". */
export function measured({ measures }: Fixture, name: string): string {
  const found = measures.find((one) => one.name === name);
  return `${found?.verdict ?? ''}: ${found?.tenant ?? ''}`;
}
