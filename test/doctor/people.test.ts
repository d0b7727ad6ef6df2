// Row 5.5: one human listed as two people, told by the e-mails that Slack and Entra know, over the wire.
import { entraEmails } from '../../src/adapters/entra/emails.ts';
import { slackEmails } from '../../src/adapters/slack/checks.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../src/adapters/clock.ts';
import { Http } from '../../src/adapters/outbound/http.ts';
import type { Person } from '../../src/bot/policy/policy.ts';
import { showLine } from '../../src/doctor/report.ts';
import type { Line } from '../../src/adapters/checks/line.ts';
import { examinePeople } from '../../src/doctor/people.ts';
import { json, serve } from '../support/defender/defenderFakes.ts';
import type { Loopback } from '../support/defender/defenderFakes.ts';
import { jwt, tokenSource } from '../support/programs/doctorBench.ts';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';

let dir: string;
let slack: FakeSlack;
let graph: Loopback;
let directory: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
let graphStatus: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-people-'));
  slack = await startFakeSlack();
  slack.world.scopes = [...slack.world.scopes, 'users:read.email'];
  directory = new Map();
  graphStatus = 200;
  graph = await serve((ask, response) => {
    const found = directory.get(/users\/([^?]+)/.exec(ask.path)?.[1] ?? '');
    if (graphStatus !== 200) json(response, graphStatus, { error: { code: 'Forbidden' } });
    else json(response, found === undefined ? 404 : 200, found ?? {});
  });
});
afterEach(async () => {
  await slack.close();
  await graph.close();
  rmSync(dir, { recursive: true, force: true });
});

const oid = (n: number): string => `5f0c1d2e-0000-4000-8000-00000000000${n}`;
const marie: Person = { id: 'mc1', name: 'Marie Curie', accounts: ['slack:U0MARIE', `teams:${oid(1)}`] };
const other: Person = { id: 'ms', name: 'M. Sklodowska', accounts: ['slack:U0MS'] };
const third: Person = { id: 'ada', name: 'Ada Lovelace', accounts: [`teams:${oid(2)}`] };

async function told(
  people: readonly Person[],
  withGraph = true,
): Promise<{ readonly lines: readonly Line[]; readonly text: string }> {
  const http = new Http();
  const lines: Line[] = [];
  try {
    await examinePeople(
      {
        people,
        directories: [
          slackEmails({ botToken: slack.tokens.bot, apiUrl: slack.apiUrl, allowedTeams: [] }),
          ...(withGraph ? [entraEmails(graph.origin, tokenSource(jwt()))] : []),
        ],
      },
      { http, clock: createClock() },
      (line) => lines.push(line),
    );
  } finally {
    await http.close();
  }
  const text = lines.map((line) => showLine(line, { json: false, colours: false, secrets: [] })).join('');
  for (const { email } of slack.world.users.values())
    if (email !== undefined) expect(text).not.toContain(email);
  return { lines, text };
}

describe('two people with one e-mail', () => {
  test('at Slack are warned of, with names and without the address', async () => {
    slack.world.user('U0MARIE', { email: 'Marie.Curie@corp.example' });
    slack.world.user('U0MS', { email: 'marie.curie+lr@corp.example' });
    const { lines } = await told([marie, other]);
    expect(lines.filter(({ verdict }) => verdict === 'warn')).toEqual([
      {
        verdict: 'warn',
        check: 'people.email',
        found: 'Marie Curie (mc1) and M. Sklodowska (ms) have the same e-mail (m***@corp.example, at Slack)',
        next: expect.stringContaining('make it one entry'),
      },
    ]);
  });

  test.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['mail', { mail: 'ms@corp.example', userPrincipalName: 'x@corp.example' }],
    ['userPrincipalName', { mail: null, userPrincipalName: 'MS@corp.example' }],
    ['the name of a guest', { mail: null, userPrincipalName: 'ms_corp.example#EXT#@tenant.onmicrosoft.com' }],
  ])('at Slack and Entra, by %s', async (_how, entry) => {
    slack.world.user('U0MARIE', { email: 'mc@corp.example' });
    slack.world.user('U0MS', { email: 'ms@corp.example' });
    directory = new Map<string, Readonly<Record<string, unknown>>>([
      [oid(1), { mail: 'mc@corp.example' }],
      [oid(2), entry],
    ]);
    const { lines } = await told([marie, other, third]);
    expect(lines.filter(({ verdict }) => verdict === 'warn').map(({ found }) => found)).toEqual([
      'M. Sklodowska (ms) and Ada Lovelace (ada) have the same e-mail (m***@corp.example, at Slack and Entra)',
    ]);
  });
});

test('people with e-mails of their own are well, and one person may have one address in two places', async () => {
  slack.world.user('U0MARIE', { email: 'mc@corp.example' });
  slack.world.user('U0MS', { email: 'ms@corp.example' });
  directory = new Map([[oid(1), { mail: 'mc@corp.example', userPrincipalName: 'mc@corp.example' }]]);
  expect((await told([marie, other, third])).lines).toEqual([
    {
      verdict: 'ok',
      check: 'people.email',
      found:
        'no two people have the same e-mail (Slack: 2 of 2 accounts told one, Entra: 1 of 2 accounts told one)',
    },
  ]);
});

test('without the scope nothing is compared at Slack, after one call, and it is said how', async () => {
  slack.world.scopes = slack.world.scopes.filter((scope) => scope !== 'users:read.email');
  slack.world.user('U0MARIE', { email: 'mc@corp.example' });
  const { lines } = await told([marie, other], false);
  expect(lines).toEqual([
    {
      verdict: 'skip',
      check: 'people.email',
      found: 'e-mails of Slack are not compared: the token has no users:read.email',
      next: expect.stringContaining('OAuth & Permissions'),
    },
  ]);
});

test('without the permission nothing is compared at Entra, after one call', async () => {
  slack.world.user('U0MARIE', { email: 'mc@corp.example' });
  slack.world.user('U0MS', { email: 'ms@corp.example' });
  graphStatus = 403;
  const { lines } = await told([marie, other, third]);
  expect(lines.map(({ verdict }) => verdict)).toEqual(['skip', 'ok']);
  expect(graph.asked).toHaveLength(1);
});
