// Duplicate people: one human listed as two, recognised by the e-mail addresses that the platforms know.
// These are compared here, never kept, never shown whole, and never taken as identity.
import type { Caller, EmailDirectory } from '../adapters/checks/call.ts';
import { ok, skip, warn } from '../adapters/checks/line.ts';
import type { Tell } from '../adapters/checks/line.ts';
import type { Person } from '../bot/policy/policy.ts';
import { idsOn } from '../liveResponse/request/request.ts';

export interface PeopleSubject {
  readonly people: readonly Person[];
  /** Who can be asked about accounts. */
  readonly directories: readonly EmailDirectory[];
}

interface Address {
  readonly person: Person;
  readonly platform: string;
  /** For comparing. */
  readonly address: string;
}

/** What came of asking a platform. */
interface Read {
  readonly platform: string;
  readonly addresses: readonly Address[];
  /** Accounts that were asked about. */
  readonly asked: number;
  readonly not?: { readonly why: string; readonly next: string };
}

const check = 'people.email';
/**
 * Accounts of each platform that are asked about: the strictest takes a hundred such calls a minute, and the
 * bot needs some of them.
 */
const mostAsked = 60;

export async function examinePeople(
  { people, directories }: PeopleSubject,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  if (people.length < 2) return;
  const reads = await Promise.all(directories.map((directory) => readEmails(people, directory, caller)));
  for (const { not } of reads) if (not !== undefined) tell(skip(check, not.why, not.next));
  const addresses = reads.flatMap((read) => read.addresses);
  const pairs = sameAddress(addresses);
  for (const [one, other] of pairs) {
    tell(
      warn(
        check,
        `${one.person.name} (${one.person.id}) and ${other.person.name} (${other.person.id}) have the same e-mail (${masked(one.address)}, at ${one.platform === other.platform ? one.platform : `${one.platform} and ${other.platform}`})`,
        'If they are one human, that human can approve what they asked for themselves: make it one entry with all accounts.',
      ),
    );
  }
  if (addresses.length > 0 && pairs.length === 0) {
    const counted = reads
      .filter(({ asked }) => asked > 0)
      .map((read) => `${read.platform}: ${read.addresses.length} of ${read.asked} accounts told one`);
    tell(ok(check, `no two people have the same e-mail (${counted.join(', ')})`));
  }
}

async function readEmails(
  people: readonly Person[],
  directory: EmailDirectory,
  caller: Caller,
): Promise<Read> {
  const { name: platform } = directory;
  const listed = people.flatMap((person) =>
    idsOn(directory.surface, person.accounts).map((id) => ({ person, id })),
  );
  const asked = listed.slice(0, mostAsked);
  const addresses: Address[] = [];
  for (const { person, id } of asked) {
    const answer = await directory.ask(id, caller);
    if ('stopped' in answer) {
      const { stopped, why, next } = answer;
      return stopped === 'unanswered'
        ? {
            platform,
            addresses,
            asked: asked.length,
            not: { why: `e-mails of ${platform} were not compared: ${why}`, next },
          }
        : {
            platform,
            addresses: [],
            asked: 0,
            not: { why: `e-mails of ${platform} are not compared: ${why}`, next },
          };
    }
    for (const address of new Set(answer.told.map(addressOf)))
      if (address !== undefined) addresses.push({ person, platform, address });
  }
  const more = {
    why: `only the first ${mostAsked} of ${listed.length} accounts of ${platform} were compared by e-mail`,
    next: 'Nothing: names are compared for all of them.',
  };
  return {
    platform,
    addresses,
    asked: asked.length,
    ...(listed.length > mostAsked ? { not: more } : {}),
  };
}

/** Lower case, without what follows a plus; the address inside the name of a guest. */
function addressOf(told: unknown): string | undefined {
  if (typeof told !== 'string' || told.length > 320) return undefined;
  const guest = /^(.+)_([^_]+)#ext#@/i.exec(told);
  const [local = '', domain = '', ...rest] = (guest === null ? told : `${guest[1] ?? ''}@${guest[2] ?? ''}`)
    .trim()
    .toLowerCase()
    .split('@');
  const plain = local.replace(/\+.*$/, '');
  return plain === '' || domain === '' || rest.length > 0 ? undefined : `${plain}@${domain}`;
}

/** Each pair of people once, whatever number of addresses they share. */
function sameAddress(all: readonly Address[]): readonly (readonly [Address, Address])[] {
  const pairs = new Map<string, readonly [Address, Address]>();
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) {
      if (one.address !== other.address || one.person.id === other.person.id) continue;
      const key = [one.person.id, other.person.id].toSorted().join(' ');
      if (!pairs.has(key)) pairs.set(key, [one, other]);
    }
  }
  return [...pairs.values()];
}

/** The first letter and the domain: enough for a person who knows the address to recognise it. */
function masked(address: string): string {
  const at = address.indexOf('@');
  return `${address.slice(0, 1)}***${address.slice(at)}`;
}
