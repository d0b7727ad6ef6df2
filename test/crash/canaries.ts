// Canary secrets: all that was given to the program in secret, and words that were planted in reasons, outputs
// and links, looked for in every place where they may not be.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { approvers, privatePlaces } from './people.ts';
import type { LogLine } from './servers/chatControl.ts';

/** Something that was written somewhere. */
export interface Written {
  readonly where: string;
  readonly text: string;
}

export interface Searched {
  /** By name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of sessions whose results are private. */
  readonly privateOutputs: ReadonlySet<string>;
  /** The data folder, and what the program said to its log and to monitors. */
  readonly files: readonly Written[];
  readonly log: readonly LogLine[];
}

export interface Found {
  readonly leaks: readonly string[];
  /** Where planted words were seen and may be: proof that the search finds them. */
  readonly seen: Readonly<Record<string, number>>;
}

const reason = /canary-reason-(U0[A-Z0-9]+)-\d+-/g;
const output = /canary-output-[0-9a-f]{8}/g;
/** The signature of a result link. */
const signature = /[?&]sig=[A-Za-z0-9%+/_-]{16,}/;

export function canariesFound(searched: Searched): Found {
  const shown = searched.log.flatMap((line): readonly Written[] =>
    line.type === 'shown'
      ? [{ where: `a message in ${line.channel}`, text: line.body }]
      : line.type === 'private'
        ? [{ where: `an answer to ${line.user}`, text: line.text }]
        : line.type === 'delivery'
          ? [{ where: `the answer to ${line.deed.key}`, text: line.body }]
          : [],
  );
  const secrets = [...searched.files, ...shown].flatMap(({ where, text }) =>
    Object.entries(searched.secrets).flatMap(([name, secret]) =>
      secret !== '' && text.includes(secret) ? [`${name} is in ${where}`] : [],
    ),
  );
  const onDisk = searched.files.flatMap(planted);
  const inChats = searched.log.flatMap((line) => wronglyShown(line, searched.privateOutputs));
  const all = [...secrets, ...onDisk, ...inChats];
  return { leaks: [...new Set(all)], seen: seenIn(searched.log) };
}

function planted({ where, text }: Written): readonly string[] {
  // Texts of scripts are kept there for those who may read them, and deliveries until they are answered
  // (docs/storage.md).
  const kept = where.startsWith('outputs/');
  const waiting = /^(?:slack|teams)-deliveries\.ndjson$/.test(where);
  return [
    ...(waiting ? [] : [...text.matchAll(reason)]).map(([word]) => `the reason ${word} is in ${where}`),
    ...(kept ? [] : [...text.matchAll(output)].map(([word]) => `the output ${word} is in ${where}`)),
    ...(signature.test(text) ? [`the signature of a link is in ${where}`] : []),
  ];
}

function wronglyShown(line: LogLine, privateOutputs: ReadonlySet<string>): readonly string[] {
  if (line.type === 'shown') {
    if (privatePlaces.includes(line.channel)) return outputsIn(line.body, privateOutputs, line.channel);
    return [
      ...[...line.body.matchAll(reason)].map(([word]) => `the reason ${word} is shown in ${line.channel}`),
      ...outputsIn(line.body, privateOutputs, line.channel),
    ];
  }
  if (line.type !== 'private' || approvers.some(({ account }) => account === line.user)) return [];
  return [...line.text.matchAll(reason)].flatMap(([word, asker]) =>
    asker === line.user ? [] : [`the reason ${word} is shown to ${line.user}`],
  );
}

function outputsIn(text: string, hidden: ReadonlySet<string>, where: string): readonly string[] {
  return [...text.matchAll(output)].flatMap(([word]) =>
    hidden.has(word) ? [`the private output ${word} is shown in ${where}`] : [],
  );
}

function seenIn(log: readonly LogLine[]): Found['seen'] {
  const reasons = new Set<string>();
  const outputs = new Set<string>();
  for (const line of log) {
    if (line.type !== 'shown') continue;
    for (const [word] of line.body.matchAll(reason)) reasons.add(word);
    for (const [word] of line.body.matchAll(output)) outputs.add(word);
  }
  return { 'private reasons shown where they may be': reasons.size, 'outputs on public cards': outputs.size };
}

/** Every file below a folder; sockets are none. */
export function filesBelow(folder: string, prefix = ''): readonly Written[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry): readonly Written[] => {
    const where = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(folder, where);
    return entry.isFile() ? [{ where, text: readFileSync(join(folder, where), 'latin1') }] : [];
  });
}
