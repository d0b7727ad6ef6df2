// `npm run bench`: runs every benchmark in turn, or the one that is named. They print ratios; the goals stand
// next to them.
import { run as doors } from './doors.bench.ts';
import { run as store } from './store.bench.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = { store, doors };
const [named] = process.argv.slice(2);
const chosen = named === undefined ? Object.values(benches) : [benches[named]];
for (const bench of chosen) {
  if (bench === undefined)
    throw new Error(`there is no benchmark ${named ?? ''}; there are ${Object.keys(benches).join(', ')}`);
  await bench();
}
