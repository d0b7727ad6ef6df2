// `npm run bench`: runs every benchmark in turn. They print ratios; the goals stand beside them.
import { run as store } from './store.bench.ts';

await store();
