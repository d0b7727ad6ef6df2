// What runs in the thread that reads a policy: one text in, a policy or its problems out.
import { parentPort } from 'node:worker_threads';
import { readPolicy } from './policyFile.ts';

/** More would only make the log longer: they are corrected one after the other. */
const mostProblems = 200;

parentPort?.once('message', (text: string) => {
  const read = readPolicy(text);
  parentPort?.postMessage('problems' in read ? { problems: read.problems.slice(0, mostProblems) } : read);
});
