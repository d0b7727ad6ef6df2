// A process for tests to kill: opens a store and changes it as fast as it can, telling each acknowledged
// change on stdout. With `hold` it only takes the lock.
import { writeSync } from 'node:fs';
import { createClock } from '../../../src/adapters/clock.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import { testKeys } from './testKeys.ts';
import { approved, askedOf, claimed } from '../../adapters/store/sample.ts';

const [dir = '', what = 'work'] = process.argv.slice(2);
const tell = (line: string): void => {
  writeSync(1, `${line}\n`);
};

try {
  const store = await openStore({
    dir,
    clock: createClock(),
    log: createLog({ level: 'silent' }),
    keys: testKeys,
    snapshotEvery: 50,
  });
  tell('open');
  if (what === 'hold') setInterval(() => undefined, 60_000);
  for (let index = 0; what === 'work'; index += 1) {
    const id = `p${process.pid}-${index}`;
    await store.add(askedOf(id));
    tell(`${id} awaitingApproval`);
    await store.change(id, () => ({ event: approved }));
    tell(`${id} queued`);
    await store.change(id, () => ({ event: claimed(id), session: 0 }));
    tell(`${id} submitting`);
    await new Promise((resolve) => setImmediate(resolve));
  }
} catch (error) {
  tell(`error ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
