// Faults planted in the policy file, each reported on its own line with what to write instead.
import { describe, expect, test } from '@jest/globals';
import { example, problems } from './policyOf.ts';

type Row = readonly [fault: string, from: string, to: string, says: RegExp, on?: string];

const peopleAndTiers: readonly Row[] = [
  [
    'a misspelt section',
    'freeze: [approver]',
    'freze: [approver]',
    /"freze" is not known here; did you mean freeze\?/,
  ],
  [
    'an unknown key of a person',
    'name: Sam Second, console: responder2',
    'name: Sam Second, consol: responder2',
    /"consol" is not known here; did you mean console\?/,
  ],
  [
    'a person without an account',
    'name: Sam Second, console: responder2',
    'name: Sam Second',
    /has no account/,
  ],
  ['a person without a name', 'id: responder2, name: Sam Second', 'id: responder2', /is missing/],
  ['a duplicate person', 'id: responder2, name: Sam', 'id: responder1, name: Sam', /responder1 is taken/],
  ['an account of two people', 'console: responder2', 'console: responder1', /belongs to responder1 already/],
  ['a name as a Slack id', 'console: responder2', 'slack: sam', /Slack member id/],
  ['an e-mail address as a Teams id', 'console: responder2', 'teams: sam@corp.example', /Entra object id/],
  [
    'a role with somebody unknown',
    'approver: [approver1, responder2]',
    'approver: [approver1, responder22]',
    /responder22; did you mean responder2\?/,
  ],
  [
    'a role that is no list',
    'approver: [approver1, responder2]',
    'approver: approver1',
    /must be a list of people/,
  ],
  [
    'a malformed group',
    'approver: [approver1, responder2]',
    'approver: [approver1, "slack:leads"]',
    /Slack user group/,
  ],
  [
    'an approver role nobody has',
    'approver: [approver1, responder2]',
    'approver: []',
    /nobody has the role approver/,
    'high: {',
  ],
  [
    'a tier without an approve role',
    'standard: { request: responder, approve: approver,',
    'standard: { request: responder,',
    /is missing/,
  ],
  [
    'a tier with an undefined role',
    'standard: { request: responder,',
    'standard: { request: responders,',
    /no role responders; did you mean responder\?/,
  ],
  ['a bad duration', 'expireAfter: 2h', 'expireAfter: 2 hours', /a number and a unit/],
  ['a duration that is a number', 'expireAfter: 2h', 'expireAfter: 120', /a number and a unit/],
  ['a duration without end', 'expireAfter: 2h', 'expireAfter: 60d', /at most 7d/],
  [
    'a time at Defender that is no duration',
    'expireAfter: 2h',
    'expireAfter: 2h, cancelParkedAfter: soon',
    /a number and a unit/,
  ],
  [
    'a time at Defender without end',
    'expireAfter: 2h',
    'expireAfter: 2h, cancelParkedAfter: 30d',
    /at most 7d: Defender/,
  ],
  [
    'a time at Defender that an online device may need',
    'expireAfter: 2h',
    'expireAfter: 2h, cancelParkedAfter: 9m',
    /at least 10m/,
  ],
  [
    'a misspelt time at Defender',
    'expireAfter: 2h',
    'expireAfter: 2h, cancelParkAfter: 4h',
    /did you mean cancelParkedAfter\?/,
  ],
];

const recipes: readonly Row[] = [
  [
    'a bad reason',
    'runWithin: 1h, reason: optional',
    'runWithin: 1h, reason: sometimes',
    /"optional" or "required"/,
  ],
  [
    'a recipe with an undefined tier',
    '    tier: high\n  collect:',
    '    tier: hihg\n  collect:',
    /no tier hihg under "approval"; did you mean high\?/,
  ],
  [
    'a place without its argument',
    "Args: '{process}'",
    "Args: '{proces} {process}'",
    /\{proces\} has no argument/,
  ],
  [
    'an argument without its place',
    'process: { chars: A-Za-z0-9._-, max: 64 }',
    'process: { chars: A-Za-z0-9._-, max: 64 }\n      pid: { chars: 0-9, max: 6 }',
    /no command uses \{pid\}/,
  ],
  ['chars that cannot be read', 'chars: A-Za-z0-9._-, max: 64', 'chars: Z-A, max: 64', /cannot be read/],
  [
    'chars that let a command in',
    'chars: A-Za-z0-9._-, max: 64',
    "chars: 'A-Za-z0-9;$', max: 64",
    /may not hold \$ ;/,
  ],
  [
    'chars with a typographic quote, which PowerShell takes for one',
    'chars: A-Za-z0-9._-, max: 64',
    "chars: 'A-Za-z0-9“', max: 64",
    /may not hold “/,
  ],
  ['chars with another', 'chars: A-Za-z0-9._-, max: 64', "chars: 'A-Za-z0-9‚', max: 64", /may not hold ‚/],
  [
    'chars with a blank for a place without quotes',
    'chars: A-Za-z0-9._-, max: 64',
    "chars: 'A-Za-z0-9._ -', max: 64",
    /allow a blank, and \{process\} stands without quotes in the Args of command 0: .* Write "\{process\}" with double quotes in Args, or take the blank out of chars/,
  ],
  [
    'chars hidden between the ends of a range',
    'chars: A-Za-z0-9._-, max: 64',
    'chars: À-⁰, max: 64',
    /no invisible characters/,
  ],
  ['chars hidden in a range', 'chars: A-Za-z0-9._-, max: 64', "chars: ' -z', max: 64", /may not hold/],
  [
    'a usage that is not the arguments',
    'usage: dump <host> <process>',
    'usage: dump <host> <image>',
    /must be "dump <host> <process>"/,
  ],
  [
    'an example that does not parse',
    'example: dump hosta OfficeClickToRun',
    'example: dump hosta -x',
    /does not parse: <process> may not begin/,
  ],
  [
    'a command of no kind',
    "- { GetFile: 'C:\\Windows\\System32\\drivers\\etc\\hosts' }",
    '- { Args: x }',
    /exactly one of RunScript/,
  ],
  [
    'a script that is a path',
    'RunScript: collect.ps1',
    'RunScript: C:\\collect.ps1',
    /not a name of the library/,
  ],
  [
    'a system that nobody knows',
    'systems: [linux, macos]',
    'systems: [linux, mac]',
    /must be windows, linux or macos, or a list of them/,
  ],
  [
    'a system in capitals',
    'systems: [linux, macos]',
    'systems: Linux',
    /must be windows, linux or macos, or a list of them/,
  ],
  [
    'no system at all',
    'systems: [linux, macos]',
    'systems: []',
    /leave it out for a recipe that is for every system/,
  ],
];

const scopeAndPlaces: readonly Row[] = [
  [
    'a misspelt systems',
    'systems: [linux, macos]',
    'system: [linux, macos]',
    /"system" is not known here; did you mean systems\?/,
  ],
  ['an unknown raw command', '  put: { tier: high }', '  push: { tier: high }', /"push" is not known here/],
  ['a raw command with an undefined tier', '  put: { tier: high }', '  put: { tier: low }', /no tier low/],
  [
    'a pattern as a device name',
    '    groups: [Domain Controllers]',
    "    groups: ['Domain*']",
    /no patterns/,
  ],
  ['a malformed place', "place: 'console:soc-private'", "place: '#soc'", /must be a place/],
  ['a place listed twice', "place: 'console:soc-private'", "place: 'console:incidents'", /listed twice/],
  [
    'a mention in another chat',
    "notify: 'console:approver1'",
    "notify: 'slack:S0614TZR7'",
    /same chat/,
    "place: 'console:incidents'",
  ],
  [
    'a results role that is undefined',
    'read: [responder, approver]',
    'read: [responder, aprover]',
    /no role aprover; did you mean approver\?/,
  ],
  ['a freeze role that is undefined', 'freeze: [approver]', 'freeze: [lead]', /no role lead/],
  ['a hidden character', 'name: Sam Second', 'name: Sam\u200B Second', /hidden character U\+200B/],
];

/** Line on which a text last stands. */
function lineWith(text: string, part: string): number {
  const at = text.split('\n').findLastIndex((line) => line.includes(part));
  if (at < 0) throw new Error(`no line holds ${part}`);
  return at + 1;
}

describe('a planted fault is named with its line', () => {
  test.each<Row>([...peopleAndTiers, ...recipes, ...scopeAndPlaces])('%s', (...row) => {
    // Taken apart here: Jest hands a callback to functions that declare one parameter more than a row has.
    const [, from, to, says, on] = row;
    expect(example).toContain(from);
    const text = example.replace(from, () => to);
    const found = problems(text);
    const changed = to.split('\n').find((line) => !example.includes(line)) ?? to;
    expect(found.map(({ text: said }) => said).join('\n')).toMatch(says);
    expect(found.find(({ text: said }) => says.test(said))?.line).toBe(lineWith(text, on ?? changed));
  });

  test('a wrong order is reported at the command that comes too late', () => {
    const text = example.replace(
      "      - { RunScript: collect.ps1 }\n      - { GetFile: 'C:\\windows\\TEMP\\collect.zip' }",
      "      - { GetFile: 'C:\\windows\\TEMP\\collect.zip' }\n      - { RunScript: collect.ps1 }",
    );
    expect(problems(text)).toEqual([
      {
        line: lineWith(text, 'RunScript: collect.ps1'),
        where: 'recipes.collect.commands[1]',
        text: 'RunScript cannot come after GetFile: Defender takes PutFile first, then RunScript, then GetFile.',
      },
    ]);
  });

  test('a recipe named like a command is refused', () => {
    const text = example
      .replace('  hosts:\n    usage: hosts <host>', '  host:\n    usage: host <host>')
      .replace('example: hosts hosta', 'example: host hosta');
    expect(problems(text)).toMatchObject([
      {
        line: lineWith(text, '  host:'),
        where: 'recipes.host',
        text: expect.stringContaining('word of the command language'),
      },
    ]);
  });

  test('no approvals place is refused', () => {
    const text = example.replace("approvals: true, notify: 'console:approver1'", 'approvals: false');
    expect(problems(text)).toMatchObject([
      { line: lineWith(text, 'places:'), text: expect.stringContaining('nobody would see a request') },
    ]);
  });
});
