// Ratios of the store: absolute times belong to the machine, what must hold everywhere is how they compare
// with the disk beneath.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createClock } from '../../src/adapters/clock.ts';
import { createLog } from '../../src/adapters/log.ts';

import { audit } from '../../src/adapters/store/audit/audit.ts';
import type { AuditReport } from '../../src/adapters/store/audit/audit.ts';
import { realDisk } from '../../src/adapters/store/journal/disk.ts';
import { noHead } from '../../src/adapters/store/journal/line.ts';
import type { Store } from '../../src/adapters/store/journal/requestStore.ts';
import { openStore } from '../../src/adapters/store/journal/requestStore.ts';
import type { RequestFact } from '../../src/liveResponse/request/events.ts';
import { approved, askedOf, auditOf, claimed, lineAfter, peopleIn } from '../adapters/store/sample.ts';
import { testKeys } from '../support/store/testKeys.ts';

const rounds = 400;
const log = createLog({ level: 'silent' });
const clock = createClock();
const fact: RequestFact = { type: 'cardShown', intent: 'none', shown: 1 };

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0;
}

/** Append and fdatasync of a line as long as the store's, with nothing around it. */
function raw(folder: string, bytes: Buffer): readonly number[] {
  const fd = openSync(join(folder, 'raw'), 'a');
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    times.push(performance.now() - start);
  }
  closeSync(fd);
  return times;
}

async function changes(store: Store, id: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await store.change(id, () => ({ event: fact }));
    times.push(performance.now() - start);
  }
  return times;
}

/** Writes a journal of whole stories straight to the file; `requests` of them. */
function prepare(folder: string, requests: number): number {
  const fd = openSync(join(folder, 'journal-000000001.ndjson'), 'w', 0o600);
  let head = noHead;
  const people = peopleIn(realDisk, folder);
  for (let index = 0; index < requests; index += 1) {
    const id = `r${index}`;
    for (const event of [{ type: 'asked', request: askedOf(id) } as const, approved, claimed(id), fact]) {
      const line = lineAfter(head, { at: clock.now(), request: id, event }, people);
      writeSync(fd, `${line.text}\n`);
      head = line.head;
    }
  }
  closeSync(fd);
  return head.seq;
}

/** What is measured is the work, not what else the machine did meanwhile, nor the first run of cold code. */
const runs = Math.min(5, Number(process.env['BENCH_ROUNDS'] ?? 5));

/**
 * Lines a second, by the clock and by the time that one core worked, of the best run of several: on a machine
 * that does other things too, only the second says anything.
 */
function measured(check: () => AuditReport): { readonly said: string } {
  let [byClock, byCore, problem] = [0, 0, ''];
  for (let run = 0; run < runs; run += 1) {
    const used = process.cpuUsage();
    const started = performance.now();
    const { lines, wrong } = check();
    const wall = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(used);
    byClock = Math.max(byClock, lines / wall);
    byCore = Math.max(byCore, lines / ((user + system) / 1_000_000));
    if (wrong !== undefined) problem = ` WRONG: ${wrong.sentence}`;
  }
  return {
    said: `${Math.round(byClock)} lines/s, ${Math.round(byCore)} lines per second of one core, best of ${runs} runs${problem}`,
  };
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lr-bench-'));
  try {
    const p50 = new Map<number, number>();
    let ratio = 0;
    for (const requests of [100, 10_000]) {
      const dir = join(folder, String(requests));
      realDisk.makeFolder(dir);
      prepare(dir, requests);
      const started = performance.now();
      const store = await openStore({ dir, clock, log, keys: testKeys, snapshotEvery: 1_000_000 });
      console.log(
        `store: start with ${requests} requests, whole journal: ${(performance.now() - started).toFixed(0)} ms`,
      );
      await changes(store, 'r0');
      const line = lineAfter(
        noHead,
        { at: clock.now(), request: 'r0', event: fact },
        peopleIn(realDisk, dir),
      );
      const beside = raw(dir, Buffer.from(`${line.text}\n`));
      const times = await changes(store, 'r0');
      p50.set(requests, percentile(times, 0.5));
      ratio = percentile(times, 0.5) / percentile(beside, 0.5);
      console.log(
        `store: durable change, ${requests} requests: p50 ${percentile(times, 0.5).toFixed(3)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms; ${ratio.toFixed(2)} x raw append+fdatasync (goal <= 2)`,
      );
      const closing = performance.now();
      await store.close();
      const reopening = performance.now();
      const again = await openStore({ dir, clock, log, keys: testKeys });
      console.log(
        `store: ${requests} requests: last snapshot ${(reopening - closing).toFixed(0)} ms, start from it ${(performance.now() - reopening).toFixed(0)} ms`,
      );
      await again.audited();
      await again.close();
    }
    console.log(
      `store: durable change at 10,000 requests: ${((p50.get(10_000) ?? 0) / (p50.get(100) ?? 1)).toFixed(2)} x at 100 (goal <= 1.5)`,
    );
    const whole = join(folder, '10000');
    const keyed = measured(() => audit({ disk: realDisk, folder: whole, keys: testKeys }));
    console.log(`store: audit ${keyed.said} (goal >= 100,000)`);
    const { said } = measured(() => auditOf(realDisk, whole));
    console.log(
      `store: audit that also opens and compares every one of 10,000 requests of the snapshot: ${said}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
