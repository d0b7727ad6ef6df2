// The reader of the policy in a thread of its own: the bot that reads a changed file goes on meanwhile, and a
// text that takes without end is given up.
import { Worker } from 'node:worker_threads';
import { moduleFile } from '../packageFiles.ts';
import type { ReadPolicy } from './policyFile.ts';
import type { FileProblem } from './yamlFile.ts';

export type ReadText = ReadPolicy | { readonly problems: readonly FileProblem[] };

/**
 * A policy of 500 people and 200 recipes takes a tenth of a second, the longest allowed one and a half; ten
 * times that on a busy machine.
 */
export const longestReading = 20_000;
/** Megabytes. */
const largestHeap = 512;

/**
 * What the text means, or why nobody knows. Never rejects.
 * @param patience milliseconds
 */
export function readApart(
  text: string,
  patience = longestReading,
): Promise<ReadText | { readonly unread: string }> {
  const thread = new Worker(moduleFile('adapters', 'config', 'policyThread.js'), {
    resourceLimits: { maxOldGenerationSizeMb: largestHeap },
  });
  // A stop of the bot does not wait for it.
  thread.unref();
  return new Promise((resolve) => {
    const end = (found: ReadText | { readonly unread: string }): void => {
      clearTimeout(timer);
      resolve(found);
      void thread.terminate();
    };
    const timer = setTimeout(() => {
      end({
        unread: `reading it takes longer than ${patience / 1000} s: make it shorter, or look for thousands of brackets, quotes or anchors in it`,
      });
    }, patience);
    thread
      .on('message', end)
      .on('error', (error: Error) => end({ unread: `its reader failed: ${error.message}` }));
    thread.postMessage(text);
  });
}
