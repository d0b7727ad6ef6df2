// Conversation references of Teams: how each conversation and each person is reached, recorded from what
// comes in and kept over restarts. Plain data of our own, so that another library can take over the file.
import { join } from 'node:path';
import type { Keeper, Log } from '../../../liveResponse/ports.ts';
import type { ConversationKind, Inbound } from '../inbound/activity.ts';
import { realDisk } from '../../store/journal/disk.ts';
import type { Disk } from '../../store/journal/disk.ts';
import type { Keys } from '../../store/journal/keys.ts';
import { signedText, verifiedText } from '../../store/journal/keys.ts';
import { parsedJson, readJson, replaceFile } from '../../store/outputStore.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

export interface PlaceReference {
  readonly serviceUrl: string;
  readonly kind: ConversationKind;
  readonly tenantId?: string;
  readonly teamId?: string;
  /** The bot's own id there, `28:…`. */
  readonly bot: string;
  /** Shared with another organisation: stays so once seen. */
  readonly external: boolean;
  /** Native slash commands, and so messages to one member alone, were seen to work here. */
  readonly targeted: boolean;
  /** Messages to one member alone were refused here: not tried again before this time. Epoch milliseconds. */
  readonly noTargetedUntil?: number;
}

export interface PersonReference {
  /** Teams' id of this person for this bot, `29:…`. */
  readonly account: string;
  readonly name: string;
  /** The one-to-one conversation, once known. */
  readonly direct?: string;
  readonly tenantId?: string;
  readonly serviceUrl: string;
  readonly bot: string;
}

/**
 * Kept at most; the oldest go first. A card whose place was forgotten is reached through the global service
 * URL.
 */
const mostPlaces = 5_000;
const mostPeople = 20_000;

const fileName = 'teams-conversations.json';

export interface ConversationsOptions {
  readonly folder: string;
  readonly keys: Keys;
  readonly log: Log;
  /**
   * The folder was just taken over from version 0.1, whose file carries no key; later such a file is not
   * read.
   */
  readonly unkeyed: boolean;
  /** The machine's own by default. */
  readonly disk?: Disk;
}

export class Conversations implements Keeper {
  readonly name = 'teams conversations';
  readonly #disk: Disk;
  readonly #path: string;
  readonly #log: Log;
  readonly #keys: Keys;
  readonly #places = new RecentMap<string, PlaceReference>(mostPlaces);
  readonly #people = new RecentMap<string, PersonReference>(mostPeople);
  #writing: Promise<void> | undefined;
  #dirty = false;
  #trouble: string | undefined;

  /** Reads what an earlier process learned. @throws the system's error */
  constructor({ disk = realDisk, folder, keys, log, unkeyed }: ConversationsOptions) {
    this.#disk = disk;
    this.#path = join(folder, fileName);
    this.#keys = keys;
    this.#log = log;
    const file = readJson(disk, this.#path);
    const text = verifiedText(keys, fileName, file);
    if (text !== undefined) this.#load(parsedJson(text));
    else if (unkeyed && file !== undefined) {
      this.#load(file);
      this.#save();
    } else if (file !== undefined) {
      // It says where cards are sent.
      log.error('teamsReferencesRefused', {
        file: fileName,
        why: 'it does not carry this bot\u2019s key; each conversation is learned again from its next message',
      });
    }
  }

  place(id: string): PlaceReference | undefined {
    return this.#places.get(id);
  }

  person(objectId: string): PersonReference | undefined {
    return this.#people.get(objectId);
  }

  /**
   * Service URLs are stable but can change, and a reference made at install can be unusable: every message
   * renews it.
   */
  record(message: Inbound, external: boolean): void {
    const before = this.#places.get(message.place);
    const tenantId = message.tenants[0];
    const teamId = message.teamId ?? before?.teamId;
    this.#setPlace(message.place, {
      serviceUrl: message.serviceUrl,
      kind: message.kind,
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(teamId === undefined ? {} : { teamId }),
      bot: message.bot.id,
      external: external || message.shared || (before?.external ?? false),
      targeted: message.targeted || (before?.targeted ?? false),
      // A native slash command is proof that they work by now.
      ...(message.targeted || before?.noTargetedUntil === undefined
        ? {}
        : { noTargetedUntil: before.noTargetedUntil }),
    });
    const { objectId, id, name } = message.from;
    if (objectId === undefined || !id.startsWith('29:')) return;
    const direct = message.kind === 'personal' ? message.place : this.#people.get(objectId)?.direct;
    this.#setPerson(objectId, {
      account: id,
      name: name ?? this.#people.get(objectId)?.name ?? 'there',
      ...(direct === undefined ? {} : { direct }),
      ...(tenantId === undefined ? {} : { tenantId }),
      serviceUrl: message.serviceUrl,
      bot: message.bot.id,
    });
  }

  recordDirect(objectId: string, direct: string | undefined): void {
    const person = this.#people.get(objectId);
    if (person === undefined) return;
    const { account, name, tenantId, serviceUrl, bot } = person;
    this.#setPerson(objectId, {
      account,
      name,
      ...(direct === undefined ? {} : { direct }),
      ...(tenantId === undefined ? {} : { tenantId }),
      serviceUrl,
      bot,
    });
  }

  noTargeted(place: string, until: number): void {
    const known = this.#places.get(place);
    if (known !== undefined) this.#setPlace(place, { ...known, targeted: false, noTargetedUntil: until });
  }

  /** Places known to be channels of a team. */
  inTeam(teamId: string): readonly string[] {
    return [...this.#places].flatMap(([id, place]) => (place.teamId === teamId ? [id] : []));
  }

  forget(place: string): void {
    if (this.#places.delete(place)) this.#save();
  }

  /** Why what was learned is not on disk, while it is not. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  async recover(): Promise<boolean> {
    this.#save();
    await this.settled();
    return this.#trouble === undefined;
  }

  /** Resolves when all that was learned is on disk, or cannot be. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #setPlace(id: string, reference: PlaceReference): void {
    if (put(this.#places, id, reference)) this.#save();
  }

  #setPerson(id: string, reference: PersonReference): void {
    if (put(this.#people, id, reference)) this.#save();
  }

  #save(): void {
    this.#dirty = true;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await replaceFile(
          this.#disk,
          this.#path,
          signedText(
            this.#keys,
            fileName,
            JSON.stringify({
              version: 2,
              places: Object.fromEntries(this.#places),
              people: Object.fromEntries(this.#people),
            }),
          ),
        );
        this.#trouble = undefined;
      } catch (error) {
        // Everything here is learned again from the next messages, so a full disk must not stop them.
        this.#trouble = 'how conversations are reached cannot be written down';
        this.#log.error('teamsReferencesNotWritten', { error });
      }
    }
  }

  #load(file: unknown): void {
    const { places, people } = recordOf(file);
    if (places === undefined || people === undefined) return;
    for (const [id, one] of Object.entries(recordOf(places))) if (isPlace(one)) this.#places.set(id, one);
    for (const [id, one] of Object.entries(recordOf(people))) if (isPerson(one)) this.#people.set(id, one);
  }
}

/** Returns whether this value differs from the one before. */
function put<V extends object>(map: RecentMap<string, V>, id: string, value: V): boolean {
  const same = JSON.stringify(map.get(id)) === JSON.stringify(value);
  map.set(id, value);
  return !same;
}

function isPlace(value: unknown): value is PlaceReference {
  const { serviceUrl, kind, bot, external } = recordOf(value);
  return (
    typeof serviceUrl === 'string' && kind !== undefined && typeof bot === 'string' && external !== undefined
  );
}

function isPerson(value: unknown): value is PersonReference {
  const { account, serviceUrl, bot } = recordOf(value);
  return typeof account === 'string' && typeof serviceUrl === 'string' && bot !== undefined;
}
