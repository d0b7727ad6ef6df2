// The text of `policy.yaml`: the example with its comments, and in it the people, roles, places and devices
// that were answered; taken only when our own reader takes it.
import { readPolicy } from '../adapters/config/policyFile.ts';
import type { Chat, PersonAnswer, PolicyAnswers } from './questions/answers.ts';

/** Marks a place in the policy that waits for what `/lr whoami` prints. */
export const laterMark = 'LATER:';

/** Thrown when what was answered makes no policy; the message is for people. */
export class NoPolicy extends Error {}

/** @param example text of policy.example.yaml @param chats none: the local console @throws NoPolicy */
export function policyText(
  example: string,
  { people, places, devices }: PolicyAnswers,
  chats: readonly Chat[],
): string {
  const surfaces = [...new Set(chats.map((chat) => (chat === 'teams' ? 'teams' : 'slack')))];
  const head = `# Who may do what, where and to which device. Written by the setup of live-response-bot; change it as you like (docs/policy.md).
# It is read at start and again when it changes; every mistake is reported at once with its line. What is not allowed here is refused.
# What waits for an id is marked with "${laterMark}": type "/lr whoami" in the chat, and put what it prints there.
`;
  const body = example.slice(example.indexOf('\n\n') + 1);
  const groups = `[${devices.map(quoted).join(', ')}]`;
  const text = `${head}${withSection(
    withSection(
      withSection(
        withGroups(body, groups),
        'people',
        people.map((person) => personLine(person, surfaces)),
      ),
      'roles',
      [
        `  responder: [${people
          .filter((one) => one.asks)
          .map(({ id }) => quoted(id))
          .join(', ')}]`,
        `  approver: [${people
          .filter((one) => one.approves)
          .map(({ id }) => quoted(id))
          .join(', ')}] # nobody approves their own request, whatever roles they have`,
      ],
    ),
    'places',
    placeLines(places, surfaces),
  )}`;
  const read = readPolicy(text);
  if ('problems' in read)
    throw new NoPolicy(
      read.problems
        .map(({ where, text: problem }) => `${where === '' ? '' : `${where}: `}${problem}`)
        .join('; '),
    );
  return text;
}

function personLine({ id, name, slack, teams }: PersonAnswer, surfaces: readonly string[]): string {
  const known = [
    ...(slack === undefined ? [] : [`slack: ${slack}`]),
    ...(teams === undefined ? [] : [`teams: ${teams.toLowerCase()}`]),
  ];
  const missing = surfaces.filter((surface) => (surface === 'slack' ? slack : teams) === undefined);
  // An account of the console holds the entry's place: next to a real chat there is no console, so it lets
  // nobody in.
  const accounts = known.length === 0 ? [`console: ${quoted(id)}`] : known;
  const later = missing
    .map((surface) => (surface === 'slack' ? 'slack: U...' : 'teams: <object id>'))
    .join(', ');
  const note =
    missing.length === 0
      ? ''
      : ` # ${laterMark} ${later}${known.length === 0 ? ` in place of "console: ${id}"` : ''}; "/lr whoami" prints it`;
  return `  - { id: ${quoted(id)}, name: ${quoted(name)}, ${accounts.join(', ')} }${note}`;
}

function placeLines(places: readonly string[], surfaces: readonly string[]): readonly string[] {
  const shown = [
    "  # - { place: 'slack:C0123456', approvals: true, notify: 'slack:S0614TZR7', results: card }",
    "  # - { place: 'teams:19:0123456789abcdef@thread.tacv2', approvals: true, results: card }",
  ];
  if (surfaces.length === 0)
    return ["  - { place: 'console:incidents', approvals: true, results: card }", ...shown];
  const lines = places.map((place) => `  - { place: ${quoted(place)}, approvals: true, results: card }`);
  const missing = surfaces.filter((surface) => !places.some((place) => place.startsWith(`${surface}:`)));
  const later = missing.map(
    (surface) =>
      `  # ${laterMark} the channel in ${surface === 'slack' ? 'Slack' : 'Teams'}: invite the bot, type "/lr whoami" there, and put the line that it prints here, with "approvals: true".`,
  );
  // A policy must have a place for approvals; one of the console is none in a real chat, so nothing can be
  // asked or approved there.
  const holder =
    lines.length === 0
      ? ["  - { place: 'console:later', approvals: true, results: private } # take this line out then"]
      : [];
  return [...lines, ...later, ...holder, ...shown];
}

/** Anything that YAML could take for something else is put in double quotes, which JSON's are too. */
function quoted(text: string): string {
  return /^[a-z][a-z0-9_-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/.test(text)
    ? text
    : JSON.stringify(text);
}

function withSection(text: string, name: string, lines: readonly string[]): string {
  const section = new RegExp(`^${name}:\\n(?:[ ].*\\n)+`, 'm');
  if (!section.test(text)) throw new NoPolicy(`policy.example.yaml has no section "${name}"`);
  return text.replace(section, () => `${name}:\n${lines.join('\n')}\n`);
}

function withGroups(text: string, groups: string): string {
  const allowed = /^( {2}allow:\n {4}groups: )\[.*\]$/m;
  if (!allowed.test(text)) throw new NoPolicy('policy.example.yaml has no device groups under "allow"');
  return text.replace(allowed, (_whole, before: string) => `${before}${groups}`);
}
