// Settings of the record: the key of the journal, and where its head is noted. Read by the bot, and by the
// programs that examine its folder.
import { parseKeys } from '../store/journal/keys.ts';
import { Secret } from '../secret.ts';
import { readUrl } from './environment.ts';
import type { Environment } from './environment.ts';

export type KeySetting =
  { readonly kind: 'text'; readonly secret: Secret } | { readonly kind: 'file'; readonly path: string };

export interface RecordSettings {
  /** Absent: a key of its own in the data folder, for console and simulator. */
  readonly key?: KeySetting;
  readonly anchorFile?: string;
  readonly anchorUrl?: URL;
  /** The head is noted after so many lines, and after so many milliseconds with any. */
  readonly everyLines: number;
  readonly everyMs: number;
}

export function readRecord(env: Environment): RecordSettings {
  const text = env.text('LR_JOURNAL_KEY');
  const path = env.text('LR_JOURNAL_KEY_FILE');
  if (text !== undefined && path !== undefined)
    env.problem(
      'LR_JOURNAL_KEY and LR_JOURNAL_KEY_FILE are both set. Remove one: nobody could tell which key counts.',
    );
  if (text !== undefined) {
    const read = parseKeys(text);
    if ('wrong' in read)
      env.problem(`LR_JOURNAL_KEY ${read.wrong}. A key is made by: openssl rand -base64 32`);
  }
  const anchorFile = env.text('LR_ANCHOR_FILE');
  const anchorUrl = readUrl(env, 'LR_ANCHOR_URL');
  return {
    ...(text === undefined
      ? path === undefined
        ? {}
        : { key: { kind: 'file' as const, path } }
      : { key: { kind: 'text' as const, secret: new Secret(text) } }),
    ...(anchorFile === undefined ? {} : { anchorFile }),
    ...(anchorUrl === undefined ? {} : { anchorUrl }),
    everyLines: env.whole('LR_ANCHOR_EVERY_LINES', 100, 1, 100_000),
    everyMs: env.duration('LR_ANCHOR_EVERY', '5m'),
  };
}
