// The policy file as a whole: the example loads clean, every problem is reported at once, and what is allowed
// but probably not meant is a warning.
import { describe, expect, test } from '@jest/globals';
import { showProblems } from '../../../src/adapters/config/yamlFile.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { example, load, problems } from './policyOf.ts';

describe('a blank in chars (row 2.14)', () => {
  const blank = (args: string): string =>
    example
      .replace('chars: A-Za-z0-9._-, max: 64', "chars: 'A-Za-z0-9:\\\\ -', max: 64")
      .replace("Args: '{process}'", `Args: ${JSON.stringify(args)}`);

  test.each([
    '"{process}"',
    '-Path "{process}" -Deep',
    "-Path '{process}'",
    '-Name \'a\' -Path "x {process}"',
    '-Path “{process}”',
  ])('is allowed where the place stands in quotes: %s', (args) => {
    expect(load(blank(args)).policy.recipes.get('dump')?.commands[0]).toMatchObject({ args });
  });

  test.each([
    '{process}',
    '-Path {process}',
    '"a" {process} "b"',
    '"{process}" {process}',
    '"{process}',
    "-Path '\"' {process} '\"'",
  ])('is refused, with the line, where it does not: %s', (args) => {
    const [first] = problems(blank(args));
    expect(first?.text).toMatch(/what follows a blank there would be another parameter/);
    expect(blank(args).split('\n')[(first?.line ?? 1) - 1]).toContain('chars:');
  });
});

describe('the example', () => {
  const { policy, warnings } = load(example);

  test('loads without a warning', () => {
    expect(warnings).toEqual([]);
    expect(policy.people.map(({ id, name, accounts }) => [id, name, accounts])).toEqual([
      ['responder1', 'Riley Responder', ['console:responder1']],
      ['responder2', 'Sam Second', ['console:responder2']],
      ['approver1', 'Avery Approver', ['console:approver1']],
      ['onlooker1', 'Ola Onlooker', ['console:onlooker1']],
    ]);
    expect(policy.tiers.map(({ name }) => name)).toEqual(['high', 'standard']);
    expect(policy.tiers[0]).toMatchObject({
      expireAfter: 1_800_000,
      runWithin: 1_800_000,
      reason: 'optional',
    });
    expect(policy.places).toEqual([
      { place: 'console:incidents', approvals: true, notify: 'console:approver1', results: 'card' },
      { place: 'console:soc-private', approvals: false, results: 'private' },
    ]);
    expect(policy.raw).toEqual({ RunScript: 'high', GetFile: 'high', PutFile: 'high' });
  });

  test('warns of one human who may be listed twice, at the line of the second, and loads', () => {
    const twice = load(
      example.replace(
        '  - { id: responder2, name: Sam Second,',
        '  - { id: responder3, name: "Responder, Riley", console: r3 }\n  - { id: responder2, name: Sam Second,',
      ),
    );
    expect(twice.warnings).toEqual([
      {
        line: expect.any(Number),
        where: 'people[1]',
        text: expect.stringMatching(
          /^Riley Responder \(responder1\) and Responder, Riley \(responder3\) have the same name\./,
        ),
      },
    ]);
  });

  test('says nothing of parked sessions, and takes the time after which they are cancelled', () => {
    expect(policy.tiers[0]).not.toHaveProperty('cancelParkedAfter');
    expect(
      load(example.replace('expireAfter: 2h', 'expireAfter: 2h, cancelParkedAfter: 4h')).policy.tiers[1],
    ).toMatchObject({ cancelParkedAfter: 4 * 3_600_000 });
  });

  test('says nothing of how many may wait, and takes the numbers, one or both', () => {
    expect(policy.tiers[0]).not.toHaveProperty('pending');
    expect(
      load(example.replace('expireAfter: 2h', 'expireAfter: 2h, pending: { person: 7 }')).policy.tiers[1],
    ).toMatchObject({ pending: { person: 7, device: 10 } });
    for (const wrong of [
      '{ person: 0 }',
      '{ device: 1001 }',
      '{ person: 1.5 }',
      '{ people: 3 }',
      '7',
      '{ person: many }',
    ])
      expect(problems(example.replace('expireAfter: 2h', `expireAfter: 2h, pending: ${wrong}`))).not.toEqual(
        [],
      );
  });

  test('dumps a process as Microsoft’s own example does', () => {
    expect(parse('dump hostA OfficeClickToRun', policy.recipes)).toMatchObject({
      commands: [
        { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
        { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
      ],
    });
  });

  test.each([...policy.recipes.values()].map((recipe) => recipe.example ?? recipe.name))(
    '"%s" parses',
    (line) => {
      expect(parse(line, policy.recipes)).toMatchObject({ verb: 'ask', kind: 'recipe' });
    },
  );

  test('its commented lines are right as well', () => {
    const uncommented = example
      .replace(
        '  # - id: responder3\n  #   name: Robin Real\n  #   slack:',
        '  - id: responder3\n    name: Robin Real\n    slack:',
      )
      .replace('  #   teams: 5f0c', '    teams: 5f0c')
      .replaceAll('  # - { place', '  - { place');
    expect(uncommented.match(/^ {2}# /gm)).toBeNull();
    expect(load(uncommented).policy.people[4]?.accounts).toEqual([
      'slack:U0123ABCD',
      'teams:5f0c1d2e-0000-4000-8000-000000000000',
    ]);
  });
});

test('all problems are reported at once, in the order of their lines', () => {
  const text = example
    .replace('console: responder2', 'slack: sam')
    .replace('expireAfter: 2h', 'expireAfter: never')
    .replace("'{process}' }", "'{process} {x}' }")
    .replace('freeze: [approver]', 'freeze: [lead]');
  const found = problems(text);
  expect(found.map(({ where }) => where)).toEqual([
    'people[1].slack',
    'approval.standard.expireAfter',
    'recipes.dump.commands[0]',
    'freeze[0]',
  ]);
  expect(showProblems('policy.yaml', found.slice(0, 1))).toMatch(
    /^policy\.yaml:\d+: people\[1\]\.slack: must be a Slack member id/,
  );
});

test.each([
  ['', /must be a map/],
  ['- a\n- b', /must be a map/],
  ['people: [', /not YAML/],
  ['people: []\npeople: []', /not YAML.*unique/s],
  ['people: []', /section "roles" is missing/],
  ['a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]', /cannot be read/],
])('a file holding %j is refused and does not throw', (text, says) => {
  expect(
    problems(text)
      .map(({ text: said }) => said)
      .join('\n'),
  ).toMatch(says);
});

test('what is allowed but hardly meant is a warning', () => {
  const text = example
    .replace('groups: [Workstations, Servers]', 'groups: []')
    .replace('results: { read: [responder, approver] }', '')
    .replace('freeze: [approver]', '')
    .replace('approver: [approver1, responder2]', 'approver: [responder2]');
  expect(load(text).warnings.map(({ where }) => where)).toEqual([
    'devices',
    'results',
    'freeze',
    'approval.high.approve',
    'approval.standard.approve',
  ]);
});
