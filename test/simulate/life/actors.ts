// The people of a simulated day: each does what the plan says by what stands in the chats at that moment.
import type { Json, SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { cardOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import type { Chance } from '../core/chance.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import type { Weather } from '../core/weather.ts';
import type { Deed, DeedChecks } from '../checks/deeds.ts';
import type { Ledger } from '../checks/ledger.ts';
import type { Move, Surface } from '../plan/plan.ts';
import { blobOrigin } from '../world/defenderSide.ts';
import type { DefenderSide } from '../world/defenderSide.ts';
import type { SlackSide } from '../world/slackSide.ts';
import { teamsChannel, teamsGroup } from '../world/teamsSide.ts';
import type { TeamsSide } from '../world/teamsSide.ts';
import { people, slackIncidents, slackRoom } from './policies.ts';
import type { PersonName } from './policies.ts';

export interface ActorParts {
  readonly schedule: Schedule;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly slack: SlackSide;
  readonly teams: TeamsSide;
  readonly defender: DefenderSide;
  readonly ledger: Ledger;
  readonly deeds: DeedChecks;
}

/** A card with a button, in either chat. */
interface Pressable {
  readonly request: string;
  /** The digest that it shows, as the button carries it. */
  readonly digest: string;
  readonly press: (who: PersonName) => void;
}

export class Actors {
  readonly #parts: ActorParts;
  readonly #owner: Owner = { name: 'people' };
  readonly #byDelivery = new Map<string, Deed>();

  constructor(parts: ActorParts) {
    this.#parts = parts;
  }

  /** The deed that a delivery carried. */
  deedOf(surface: Surface, delivery: number): Deed | undefined {
    return this.#byDelivery.get(`${surface} ${delivery}`);
  }

  say({ surface, who, room, line, mark }: Extract<Move, { readonly do: 'say' }>): void {
    const person = people[who];
    const deed = this.#deed(who, line, mark === undefined ? {} : { mark });
    if (surface === 'slack') {
      const channel = room === 'open' ? slackIncidents : room === 'private' ? slackRoom : `D${person.slack}`;
      if (room === 'direct') this.#parts.slack.world.direct(person.slack);
      void this.#parts.slack.person(person.slack).command(channel, line);
    } else {
      this.#parts.teams.say(
        person.teams,
        room === 'direct' ? `a:direct-${person.teams.id}` : teamsGroup,
        `lr ${line}`,
      );
    }
    this.#note(surface, deed);
  }

  press({ surface, who, verb, pick }: Extract<Move, { readonly do: 'press' }>): void {
    const { schedule, chance, weather } = this.#parts;
    const offered = surface === 'slack' ? this.#inSlack(verb) : this.#inTeams(verb);
    const card = offered[Math.min(offered.length - 1, Math.floor(pick * offered.length))];
    if (card === undefined) return;
    const once = (): void => {
      const deed = this.#deed(who, `${verb} on ${card.request} in ${surface}`, {
        verb,
        request: card.request,
        digest: card.digest,
      });
      card.press(who);
      this.#note(surface, deed);
    };
    once();
    if (weather.strikes('doublePresses', surface))
      schedule.after(chance.between('again soon', 50, 2_500), this.#owner, once);
    if (surface === 'slack' && verb === 'deny')
      schedule.after(chance.between('types', 4_000, 40_000), this.#owner, () =>
        this.#submit(who, card.request),
      );
  }

  /** Somebody opens a link that stands on a card: it has to lead somewhere for as long as it says. */
  openLink({ pick }: Extract<Move, { readonly do: 'openLink' }>): void {
    const { slack, teams, defender, schedule, ledger } = this.#parts;
    const drawn = [
      ...slack.world.messages.filter(({ deleted }) => !deleted).map(({ blocks }) => blocks),
      ...teams.connector.messages.map(({ body }) => body),
    ];
    const links = drawn.flatMap((one) =>
      remembered<object, readonly string[]>(linksOf, one, () => linksIn(one)),
    );
    const found = links[Math.floor(pick * links.length)];
    if (found === undefined) return;
    const url = new URL(found);
    const ends = Date.parse(url.searchParams.get('se') ?? '');
    if (ends <= schedule.trueTime()) return;
    ledger.count('links opened');
    const { status } = defender.open(url);
    if (status !== 200)
      ledger.broken(
        'deadLink',
        `a link that says it ends at ${new Date(ends).toISOString()} was answered with ${status}`,
      );
  }

  #submit(who: PersonName, request: string): void {
    const { slack } = this.#parts;
    const account = people[who].slack;
    // The one that was opened last is in front, and may have stopped asking meanwhile.
    const front = [...slack.world.views.values()].findLast(({ user }) => user === account);
    const blocks = (front?.view['blocks'] ?? []) as readonly Json[];
    if (!blocks.some(({ type }) => type === 'input')) return;
    const deed = this.#deed(who, `the reason for denying ${request}`, { verb: 'deny', request });
    void slack.person(account).submit('not now');
    this.#note('slack', deed);
  }

  #deed(
    person: PersonName,
    what: string,
    more: Pick<Deed, 'mark'> | Pick<Deed, 'verb' | 'request' | 'digest'>,
  ): Deed {
    const deed: Deed = {
      person,
      at: this.#parts.schedule.elapsed(),
      what,
      acknowledged: false,
      answered: false,
      ...more,
    };
    this.#parts.deeds.did(deed);
    return deed;
  }

  #note(surface: Surface, deed: Deed): void {
    const { slack, teams } = this.#parts;
    this.#byDelivery.set(`${surface} ${surface === 'slack' ? slack.delivered : teams.delivered}`, deed);
  }

  #inSlack(verb: string): readonly Pressable[] {
    const { slack } = this.#parts;
    return slack.world.messages.flatMap((message) => {
      if (message.deleted || !hasButton(message, verb)) return [];
      // What the person sees: by the time of the press it may have been drawn again.
      const seen = { ...message };
      return [
        {
          request: requestOf(message),
          digest: digestIn(message.blocks),
          press: (who: PersonName) => void slack.person(people[who].slack).press(seen, `lr.${verb}.`),
        },
      ];
    });
  }

  #inTeams(verb: string): readonly Pressable[] {
    const { teams } = this.#parts;
    return [teamsGroup, teamsChannel].flatMap((place) =>
      teams.connector.in(place).flatMap((message) => {
        const data = message.to === undefined ? dataOf(message, verb) : undefined;
        if (data === undefined) return [];
        const request = (data['lr'] as { readonly requestId?: string } | undefined)?.requestId ?? '';
        return [
          {
            request,
            digest: digestIn(data),
            press: (who: PersonName) => teams.press(people[who].teams, place, message.id, data),
          },
        ];
      }),
    );
  }
}

/** A card of ours begins each block id with it. */
function requestOf({ blocks }: SlackMessageKept): string {
  const ids = blocks.map((block) => /^lr\.(lr-[0-9a-z]+)\./.exec(String(block['block_id']))?.[1]);
  return ids.find((id) => id !== undefined) ?? '';
}

type Data = Readonly<Record<string, unknown>>;

/** Verbs of the buttons, by what was drawn, which is replaced when a card is drawn again and never changed. */
const slackButtons = new WeakMap<object, ReadonlySet<string>>();
const teamsButtons = new WeakMap<object, ReadonlyMap<string, Data>>();

const linksOf = new WeakMap<object, readonly string[]>();

function linksIn(drawn: object): readonly string[] {
  const links = JSON.stringify(drawn).matchAll(new RegExp(`${blobOrigin}[^"\\\\)>\\s]+`, 'g'));
  return [...links].map(([url]) => url);
}

function remembered<Drawn extends object, Found>(
  known: WeakMap<Drawn, Found>,
  drawn: Drawn,
  find: () => Found,
): Found {
  const before = known.get(drawn);
  if (before !== undefined) return before;
  const found = find();
  known.set(drawn, found);
  return found;
}

function hasButton({ blocks }: SlackMessageKept, verb: string): boolean {
  return remembered(slackButtons, blocks, () => {
    const elements = blocks.flatMap((block) =>
      block['type'] === 'actions' ? (block['elements'] as readonly Json[]) : [],
    );
    return new Set(elements.map((element) => String(element['action_id']).split('.')[1] ?? ''));
  }).has(verb);
}

/** Of the first button that carries one: all buttons of a card carry the same. */
function digestIn(card: object): string {
  return remembered(digests, card, () => {
    const found = /\\?"(?:f|fingerprint)\\?":\\?"([0-9a-f]{16})/.exec(JSON.stringify(card));
    return found?.[1] ?? '';
  });
}

const digests = new WeakMap<object, string>();

/** What a button of a Teams card carries, in a second step too. */
function dataOf(message: FakeMessage, verb: string): Data | undefined {
  return remembered(teamsButtons, message.body, () => buttonsOf(message)).get(`lr.${verb}.v1`);
}

/** The first of each verb. */
function buttonsOf(message: FakeMessage): ReadonlyMap<string, Data> {
  const found = new Map<string, Data>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, verb, data } = value as Data;
    if (type === 'Action.Execute' && typeof verb === 'string' && !found.has(verb))
      found.set(verb, data as Data);
    Object.values(value).forEach(walk);
  };
  walk(cardOf(message));
  return found;
}
