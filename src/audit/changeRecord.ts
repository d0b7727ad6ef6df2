// Verbs of the audit that change the record, which only somebody at the machine may do while the bot is
// stopped: accept it after a restore, hold it for a court, forget a person.
import { rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../adapters/clock.ts';
import { createLog } from '../adapters/log.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { audit } from '../adapters/store/audit/audit.ts';
import { history, personsIn } from '../adapters/store/history.ts';
import { anchorOf, appendAnchor } from '../adapters/store/journal/anchors.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import type { Head } from '../adapters/store/journal/line.ts';
import { FolderInUse, lockHolder } from '../adapters/store/journal/lock.ts';
import { openStore } from '../adapters/store/journal/requestStore.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { removeSnapshots } from '../adapters/store/journal/snapshot.ts';
import { anchorsFor } from './readRecord.ts';
import type { Place } from './readRecord.ts';

/**
 * Opens the store under its lock, and closes it again. @throws FolderInUse, and what keeps a bot from
 * starting
 */
async function withStore(
  place: Place,
  keys: Keys,
  task: (store: Store) => Promise<number>,
  withoutLost = false,
): Promise<number> {
  const store = await openStore({
    dir: place.folder,
    clock: createClock(),
    log: createLog({ level: 'error' }),
    keys,
    withoutLost,
  });
  try {
    return await task(store);
  } finally {
    await store.close();
  }
}

const operator = (): string => `${userInfo().username} at the machine`;

export async function accept(place: Place, keys: Keys, given: Head): Promise<number> {
  const { folder, record } = place;
  const holder = await lockHolder(folder);
  if (holder !== undefined) throw new FolderInUse(folder, holder);
  const report = audit({ disk: realDisk, folder, keys });
  if (report.wrong !== undefined) {
    console.error(
      `BROKEN: ${report.wrong.sentence}. A journal that is not what the bot wrote cannot be accepted: restore the data folder from a backup, then accept what that holds.`,
    );
    return 1;
  }
  if (report.head.seq !== given.seq || report.head.hash !== given.hash) {
    console.error(
      `Nothing was accepted: the journal in ${folder} ends at ${report.head.seq}:${report.head.hash}. If that is what was restored, give this head.`,
    );
    return 1;
  }
  const anchors = await anchorsFor(place);
  const furthest = anchors.reduce((most, one) => Math.max(most, one.seq), given.seq);
  // One that is newer than the journal, as after half a restore, would keep the bot from starting.
  removeSnapshots(realDisk, folder);
  return await withStore(
    place,
    keys,
    async (store) => {
      const { seq, hash } = store.head();
      const gone =
        furthest > seq
          ? ` Lines ${seq + 1} to ${furthest} were written once and are not in it: requests, approvals and what was sent to Defender in that time are not known.`
          : '';
      await store.note({
        type: 'accepted',
        seq,
        hash,
        by: operator(),
        why: `the record was restored and accepted as of line ${seq}${furthest > seq ? `; lines ${seq + 1} to ${furthest} are lost` : ''}. Check what waits here, and in Defender what ran, then unfreeze`,
      });
      if (store.lost().length > 0)
        await store.note({ type: 'forgotten', people: store.lost(), by: operator() });
      if (record.anchorFile !== undefined)
        await appendAnchor(record.anchorFile, anchorOf({ seq, hash }, Date.now(), keys, true));
      console.log(
        `Accepted: the record goes on from line ${seq}, and the bot starts frozen. "unfreeze" in a chat releases it.${gone}`,
      );
      if (record.anchorUrl !== undefined)
        console.log(
          `The webhook ${record.anchorUrl.origin} still has the anchors of lines after ${seq}: note there that they count no more.`,
        );
      return 0;
    },
    true,
  );
}

export async function hold(place: Place, keys: Keys, word: string, why: string): Promise<number> {
  return await withStore(place, keys, async (store) => {
    const holds = holdsIn(store, place.folder, word);
    if (holds.length === 0) return unknown(place.folder, word);
    for (const one of holds)
      await store.note({ type: 'legalHold', ...one, by: operator(), ...(why === '' ? {} : { why }) });
    console.log(
      `Held: ${holds[0]?.kind === 'person' ? word : `anybody who stands in request ${word}`} cannot be forgotten until "${commandFor('audit', `release ${word}`)}".`,
    );
    return 0;
  });
}

export async function release(place: Place, keys: Keys, word: string): Promise<number> {
  return await withStore(place, keys, async (store) => {
    const standing = new Set(store.record().holds.map(({ on }) => on));
    const holds = holdsIn(store, place.folder, word).filter(({ on }) => standing.has(on));
    if (holds.length === 0) {
      console.error(`No legal hold stands on ${word}.`);
      return 1;
    }
    for (const one of holds) await store.note({ type: 'legalHoldReleased', ...one, by: operator() });
    console.log(`Released: the legal hold on ${word} has ended.`);
    return 0;
  });
}

export async function forget(place: Place, keys: Keys, word: string): Promise<number> {
  const { folder } = place;
  return await withStore(place, keys, async (store) => {
    const persons = store.personsNamed(word);
    if (persons.length === 0) {
      console.error(
        `The record in ${folder} knows nobody by ${JSON.stringify(word)}: give the id of the policy, an account such as slack:U123, or the name.`,
      );
      return 1;
    }
    const { holds, takenOver } = store.record();
    const touches = (request: string): boolean =>
      personsIn(realDisk, folder, request).some((person) => persons.includes(person));
    const held = holds.find(({ kind, on }) => (kind === 'person' ? persons.includes(on) : touches(on)));
    if (held !== undefined) {
      console.error(
        `Nothing was forgotten: a legal hold ${held.kind === 'person' ? `on ${word}` : `on request ${held.on}, in which ${word} stands,`} has been in force since ${new Date(held.at).toISOString()}. "${commandFor('audit', `release ${held.kind === 'person' ? word : held.on}`)}" ends it, once it may be ended.`,
      );
      return 1;
    }
    const open = store.open().find((request) => touches(request.id));
    if (open !== undefined) {
      console.error(
        `Nothing was forgotten: ${word} stands in request ${open.id}, which is still open, and nobody could tell its requester from its approver then. Let it end first.`,
      );
      return 1;
    }
    await store.forget(persons, operator());
    // It holds accounts in plain words, and is learned again.
    rmSync(join(folder, 'last-known.json'), { force: true });
    console.log(
      `Forgotten: ${word} (${persons.join(', ')}). Names, accounts and reasons of this person in the journal and its snapshots cannot be read again, by nobody; the journal still verifies.`,
    );
    console.log(
      'NOT forgotten by this: backups of people.keys (a bot that starts on a restored one destroys the key again), the log, cards and messages in the chats, what was typed and pressed and is kept in the delivery files until the next start, Comments and actions at Defender, and what others wrote of this person.',
    );
    if (takenOver !== undefined)
      console.log(
        `Lines 1 to ${takenOver.lines} are of version 0.1 and hold names, accounts and reasons in plain words: where this person stands in them, that stays.`,
      );
    return 0;
  });
}

/** A person by id, account or name; or a request. */
function holdsIn(
  store: Store,
  folder: string,
  word: string,
): readonly { readonly kind: 'person' | 'request'; readonly on: string }[] {
  const persons = store.personsNamed(word);
  if (persons.length > 0) return persons.map((on) => ({ kind: 'person' as const, on }));
  return history(realDisk, folder, word).length > 0 ? [{ kind: 'request', on: word }] : [];
}

function unknown(folder: string, word: string): number {
  console.error(`The record in ${folder} knows neither a person nor a request by ${JSON.stringify(word)}.`);
  return 1;
}
