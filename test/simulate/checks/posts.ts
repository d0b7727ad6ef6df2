// Checks of each live response POST at the moment it leaves the process, and of each one that Defender takes: by
// what people and the world did, not by what the bot concluded.
import type { HttpRequest } from '../../../src/adapters/outbound/http.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import type { Tenant } from '../../../src/simulator/tenant.ts';
import type { PersonName, VariantName } from '../life/policies.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';
import type { DeedChecks } from './deeds.ts';
import type { Ledger } from './ledger.ts';

/** Longer than the bot may take to learn of a change before it sends: the look at the file, or a reading of groups. Milliseconds. */
const learnsWithin = 45_000;
/** Between the last reading of the library and the POST. Milliseconds. */
const readsWithin = 150_000;
/** What was claimed just before a freeze is on its way for so long. Milliseconds. */
const leavesWithin = 180_000;
/** A list of Defender shows every action by then; and a clock that is wrong by more hides it from a search. Milliseconds. */
const shownWithin = 30 * 60_000;
const clockMargin = 9 * 60_000;
const minute = 60_000;

/** Something that holds from a moment on (elapsed milliseconds). */
export interface Since<T> {
  readonly at: number;
  readonly what: T;
}

export interface World {
  readonly policies: readonly Since<VariantName>[];
  /** Members of the group that gives the role of approvers. */
  readonly members: readonly Since<ReadonlySet<PersonName>>[];
  /** SHA-256 of library files by name. */
  readonly library: readonly Since<ReadonlyMap<string, string>>[];
  /** When the clock was last set, if it was. */
  readonly clockSetAt: number;
  /** By how much the machine's clock was off at most. Milliseconds. */
  readonly mostClockOff: number;
  readonly deeds: Pick<DeedChecks, 'frozenSince' | 'pressed'>;
  /** The clock that nobody sets: Defender's. */
  readonly schedule: { trueTime(): number };
  /** What Defender has started, by that clock. */
  readonly defender: { readonly tenant: Pick<Tenant, 'submissions'> };
}

interface Sent {
  readonly Comment: string;
  readonly Commands: readonly {
    readonly type: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
  }[];
}

/** What held at some moment within the last `ms`. */
export function lately<T>(all: readonly Since<T>[], now: number, ms: number): readonly T[] {
  return all
    .filter(({ at }, index) => at <= now && (all[index + 1]?.at ?? Infinity) >= now - ms)
    .map(({ what }) => what);
}

export class PostChecks {
  readonly #ledger: Ledger;
  readonly #world: World;
  readonly #elapsed: () => number;
  #seen = 0;

  constructor(ledger: Ledger, world: World, elapsed: () => number) {
    this.#ledger = ledger;
    this.#world = world;
    this.#elapsed = elapsed;
  }

  /** A POST leaves the process whose store this is. */
  leaves(ask: HttpRequest, store: Store): void {
    const sent = JSON.parse(String(ask.body)) as Sent;
    const [, id = '', nonce = ''] = /^lr:(lr-[0-9a-z]+):([0-9a-z]+)/.exec(sent.Comment) ?? [];
    const request = store.get(id);
    const ledger = this.#ledger;
    ledger.count('POSTs sent');
    if (request === undefined) {
      ledger.broken('unapproved', `a POST for ${sent.Comment}, of which the store has no request`);
      return;
    }
    const session = request.sessions[0];
    const attempt = session?.attempts.at(-1);
    if (
      session?.stage.state !== 'submitting' ||
      attempt === undefined ||
      !sent.Comment.startsWith(attempt.tag) ||
      attempt.nonce !== nonce
    )
      ledger.broken('twice', `${id}: a POST although it is ${session?.stage.state ?? request.stage.state}`);
    this.#checkFreeze(request, store);
    this.#checkDevice(request);
    this.#checkEarlier(id);
    this.#checkCommands(request, sent);
    this.#checkVotes(request);
    this.#checkTimes(request);
    this.#checkContent(request);
    this.#checkPolicy(request);
  }

  #checkFreeze({ id }: Request, store: Store): void {
    const { frozenSince } = this.#world.deeds;
    if (store.freeze() !== undefined)
      this.#ledger.broken('frozen', `${id}: a POST while submissions are frozen`);
    else if (frozenSince !== undefined && this.#elapsed() - frozenSince > leavesWithin)
      this.#ledger.broken(
        'frozen',
        `${id}: a POST ${Math.round((this.#elapsed() - frozenSince) / 1000)} s after somebody was told that submissions are frozen`,
      );
  }

  /** What may run on a device must not meet a second script of ours. */
  #checkDevice({ id, targets: [{ device }] }: Request): void {
    for (const { request } of this.#ledger.durable.values()) {
      const session = request.sessions[0];
      if (
        request.id !== id &&
        session?.device.id === device.id &&
        ['submitting', 'running', 'unknown'].includes(session.stage.state)
      )
        this.#ledger.broken(
          'device',
          `${id}: a POST for ${device.name}, which ${request.id} holds (${session.stage.state})`,
        );
    }
  }

  /** What Defender has shown for long is followed, even where a person asks to send it again. */
  #checkEarlier(id: string): void {
    const { defender, mostClockOff } = this.#world;
    // The search begins by the clock of the attempt, less a margin.
    if (mostClockOff > clockMargin) return;
    const before = defender.tenant.submissions.find(({ comment }) => comment.startsWith(`lr:${id}:`));
    if (before !== undefined && this.#world.schedule.trueTime() - before.at > shownWithin)
      this.#ledger.broken(
        'twice',
        `${id}: a POST, though Defender has shown it for ${Math.round((this.#world.schedule.trueTime() - before.at) / minute)} min`,
      );
  }

  #checkCommands({ id, subject }: Request, sent: Sent): void {
    const ran = sent.Commands.map(({ type, params }) =>
      [type, ...params.map(({ key, value }) => `${key}=${value}`)].join(' '),
    );
    const wanted = subject.commands.map(wire);
    if (ran.join('\n') !== wanted.join('\n'))
      this.#ledger.broken('altered', `${id}: sent ${ran.join(', ')} instead of ${wanted.join(', ')}`);
  }

  #checkVotes({ id, asked, sessions, subject }: Request): void {
    const grant = sessions[0]?.grant;
    const vote = grant?.votes[0];
    if (grant === undefined || vote === undefined) {
      this.#ledger.broken('unapproved', `${id}: a POST without a vote`);
      return;
    }
    if (vote.by.id === asked.requester.id)
      this.#ledger.broken('unapproved', `${id}: approved by its requester`);
    if (!this.#world.deeds.pressed(vote.by.id, id, bindingOf(vote.digest)))
      this.#ledger.broken('unapproved', `${id}: ${vote.by.id} never pressed for what is sent`);
    if (vote.digest !== subject.digest && grant.digest !== vote.digest)
      this.#ledger.broken('altered', `${id}: the vote is for another digest`);
    if (!this.#mayApprove(vote.by.id as PersonName))
      this.#ledger.broken('policy', `${id}: ${vote.by.id} has not been an approver for a while`);
  }

  #mayApprove(person: PersonName): boolean {
    const now = this.#elapsed();
    if (person === 'sam') return true;
    const grouped = lately(this.#world.members, now, learnsWithin).some((members) => members.has(person));
    const listed = lately(this.#world.policies, now, learnsWithin).some((name) => name !== 'fewerApprovers');
    return grouped || (person === 'ada' && listed);
  }

  #checkTimes({ id, asked, sessions }: Request): void {
    const now = this.#elapsed();
    const { clockSetAt } = this.#world;
    const [askedAt, approvedAt] = [this.#ledger.lastOf(id, 'asked'), this.#grantedAt(id)];
    if (askedAt === undefined || approvedAt === undefined) return;
    // A clock that was set meanwhile may give less time, and after a restart more: docs/limits.md.
    if (clockSetAt >= askedAt) return;
    const high = asked.terms.tier === 'high';
    const shorter = !lately(this.#world.policies, now, learnsWithin).some((name) => name !== 'shorter');
    const run = high && shorter ? 5 * minute : asked.terms.runWithin;
    if (now - approvedAt > run + 2_000)
      this.#ledger.broken(
        'expired',
        `${id}: sent ${Math.round((now - approvedAt) / 1000)} s after its approval, and ${run / 1000} s were allowed`,
      );
    const firstVote = this.#ledger.lastOf(id, 'approved') ?? approvedAt;
    if (firstVote - askedAt > asked.terms.expiresAt - asked.at + 2_000)
      this.#ledger.broken(
        'expired',
        `${id}: approved ${Math.round((firstVote - askedAt) / 1000)} s after it was asked`,
      );
    if (sessions.length !== 1) this.#ledger.broken('altered', `${id}: it has ${sessions.length} sessions`);
  }

  #grantedAt(id: string): number | undefined {
    return this.#ledger.lastOf(id, 'resubmitted') ?? this.#ledger.lastOf(id, 'approved');
  }

  #checkContent({ id, sessions }: Request): void {
    const content = sessions[0]?.grant.content;
    if (content === undefined || !('files' in content)) return;
    const recent = lately(this.#world.library, this.#elapsed(), readsWithin);
    for (const { name, sha256 } of content.files)
      if (!recent.some((library) => library.get(name.toLowerCase()) === sha256))
        this.#ledger.broken('altered', `${id}: ${name} has not had the approved content for a while`);
  }

  #checkPolicy(request: Request): void {
    const recent = lately(this.#world.policies, this.#elapsed(), learnsWithin);
    if (!recent.some((name) => allows(name, request)))
      this.#ledger.broken('policy', `${request.id}: against today's policy (${recent.join(', ')})`);
  }

  /** What Defender has taken so far: nothing twice that no person sent again. */
  taken(tenant: Tenant): void {
    if (tenant.submissions.length === this.#seen) return;
    this.#seen = tenant.submissions.length;
    const times = new Map<string, number>();
    for (const { comment } of tenant.submissions) {
      const id = /^lr:(lr-[0-9a-z]+):/.exec(comment)?.[1] ?? comment;
      times.set(id, (times.get(id) ?? 0) + 1);
    }
    for (const [id, count] of times)
      if (count > 1 + this.#ledger.timesOf(id, 'resubmitted'))
        this.#ledger.broken('twice', `${id}: Defender started it ${count} times`);
  }
}

/** Whether that policy lets this request run, by what is different in it. */
function allows(name: VariantName, { asked, targets, subject }: Request): boolean {
  switch (name) {
    case 'fewerResponders':
      return asked.requester.id !== 'rio';
    case 'lessDevices':
      return targets[0].device.group !== 'Servers' && !targets[0].device.tags.includes('pilot');
    case 'otherRecipe':
      return (
        asked.recipe !== 'dump' ||
        !subject.commands.some((command) => command.type === 'GetFile' && command.path.endsWith('.dmp.zip'))
      );
    default:
      return (
        asked.recipe !== 'dump' ||
        !subject.commands.some(
          (command) => command.type === 'GetFile' && /(?<!\.dmp)\.zip$/.test(command.path),
        )
      );
  }
}

function wire(command: Command): string {
  switch (command.type) {
    case 'PutFile':
      return `PutFile FileName=${command.fileName}`;
    case 'RunScript':
      return [
        'RunScript',
        `ScriptName=${command.scriptName}`,
        ...(command.args === undefined ? [] : [`Args=${command.args}`]),
      ].join(' ');
    case 'GetFile':
      return `GetFile Path=${command.path}`;
  }
}
