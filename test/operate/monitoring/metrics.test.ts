// The metrics of a started bot, over its admin port: names and units as Prometheus wants them, every series from the
// start, nothing in them that names anybody, and docs/health.md, which tells of each.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalKinds } from '../../../src/bot/policy/refusals/refusal.ts';
import { callKinds } from '../../../src/liveResponse/pacing/callRates.ts';
import { answerClasses, chatCallKinds } from '../../../src/adapters/outbound/answerClass.ts';
import { ana, ben, channel, group } from '../../support/chats/teamsHarness.ts';
import { root } from '../../support/root.ts';
import { namesIn, seriesIn, startBot, typesIn } from './startedBot.ts';
import type { StartedBot } from './startedBot.ts';

let bot: StartedBot;
let fresh: string;
beforeAll(async () => {
  bot = await startBot();
  fresh = await bot.text();
});
afterAll(() => bot.close());

const promtool = spawnSync('promtool', ['--version']).error === undefined;
const whereInstalled = promtool ? test : test.skip;

function lint(text: string): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
}

describe('the metrics of a bot that has just started', () => {
  whereInstalled('are taken by promtool without a word', () => {
    expect(lint(fresh)).toEqual({ status: 0, said: '' });
    // What it would say of the names that prom-client gives by itself.
    expect(lint('# HELP a_total x\n# TYPE a_total gauge\na_total 1\n').said).toMatch(/_total/);
  });

  test('have every series already, at 0 where nothing has happened', () => {
    const series = seriesIn(fresh);
    const expected = [
      ...refusalKinds.map((reason) => `lr_refusals_total{reason="${reason}"}`),
      ...callKinds.flatMap((kind) =>
        answerClasses.map((answer) => `lr_defender_calls_total{kind="${kind}",answer="${answer}"}`),
      ),
      ...['slack', 'teams'].flatMap((chat) =>
        chatCallKinds.flatMap((kind) =>
          answerClasses.map(
            (answer) => `lr_chat_calls_total{chat="${chat}",kind="${kind}",answer="${answer}"}`,
          ),
        ),
      ),
      ...['awaitingApproval', 'queued', 'submitting', 'running', 'unknown'].map(
        (state) => `lr_open_requests{state="${state}"}`,
      ),
      ...[
        'asked',
        'approved',
        'denied',
        'claimed',
        'submitted',
        'lost',
        'ended',
        'overdue',
        'cardPosted',
      ].map((type) => `lr_events_total{type="${type}"}`),
      ...['approved', 'denied', 'expired', 'withdrawn', 'refused'].map(
        (decision) => `lr_decision_seconds_count{decision="${decision}"}`,
      ),
      'lr_journal_sync_seconds_count',
      'lr_clock_jumps_total',
    ];
    expect(refusalKinds.length).toBeGreaterThan(40);
    expect(expected.filter((one) => !series.has(one))).toEqual([]);
    expect(series.get('lr_events_total{type="asked"}')).toBe(0);
    expect(series.get('lr_open_requests{state="awaitingApproval"}')).toBe(0);
    expect(series.get('lr_build_info{version="0.1.0"}')).toBe(1);
  });

  test('have a series for each worker that docs/architecture.md names', () => {
    const [, told = ''] = /By the names that `\/healthz` shows[^:]*:([^]*?)A slow chat/.exec(
      readFileSync(join(root, 'docs', 'architecture.md'), 'utf8'),
    ) ?? [undefined];
    const series = seriesIn(fresh);
    const names = [...fresh.matchAll(/^lr_worker_alive\{worker="(\w+)"\}/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
    for (const name of names) {
      expect(series.has(`lr_worker_failing{worker="${name}"}`)).toBe(true);
      expect(series.has(`lr_worker_last_run_timestamp_seconds{worker="${name}"}`)).toBe(true);
    }
  });

  test('tell of the process too, with the delay of its event loop', () => {
    const types = typesIn(fresh);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'process_open_fds',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_gc_duration_seconds',
    ])
      expect(types.has(name)).toBe(true);
  });

  test('are few, and stay so: no label takes values from outside', () => {
    const lines = fresh.split('\n').filter((line) => line.startsWith('lr_'));
    expect(lines.length).toBeLessThan(1_500);
    // Slack was asked by several methods by now.
    const kinds = [...fresh.matchAll(/^lr_\w+_calls_total\{.*kind="([^"]+)"/gm)].map(([, kind]) => kind);
    const known: readonly string[] = [...callKinds, ...chatCallKinds];
    expect(kinds.filter((kind) => kind === undefined || !known.includes(kind))).toEqual([]);
    const labels = new Set([...fresh.matchAll(/(\w+)="/g)].map(([, label]) => label));
    expect([...labels].sort()).toEqual(
      [
        'answer',
        'chat',
        'check',
        'decision',
        'kind',
        'le',
        'major',
        'minor',
        'of',
        'patch',
        'reason',
        'space',
        'state',
        'type',
        'version',
        'window',
        'worker',
      ].filter((label) => labels.has(label)),
    );
  });
});

describe('docs/health.md', () => {
  test('tells of each metric of ours with its labels and its type, and of no other', () => {
    const guide = readFileSync(join(root, 'docs', 'health.md'), 'utf8');
    const told = [...guide.matchAll(/^\| `(lr_\w+)(?:\{([\w, ]+)\})?` \| (\w+) \|/gm)].map(
      ([, name = '', labels = '', type = '']) => `${name}{${labels}} ${type}`,
    );
    const ours = [...typesIn(fresh)].flatMap(([name, type]) => {
      if (!name.startsWith('lr_')) return [];
      const labels = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(fresh)?.[1] ?? '';
      const names = [...labels.matchAll(/(\w+)=/g)].map(([, label]) => label);
      return [`${name}{${names.join(', ')}} ${type}`];
    });
    expect(told.sort()).toEqual(ours.sort());
  });
});

describe('after a request, a refusal and an approval', () => {
  let later: ReadonlyMap<string, number>;
  let text: string;
  beforeAll(async () => {
    await bot.app.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"');
    const card = await bot.app.card(channel, /Waiting for approval/);
    // Nobody approves their own.
    await bot.app.click(ana, group, await bot.app.card(group, /Waiting for approval/), 'approve');
    await bot.app.click(ben, channel, card, 'approve');
    await bot.app.card(group, /Finished/);
    text = await bot.text();
    later = seriesIn(text);
  });
  const of = (series: string): number => later.get(series) ?? Number.NaN;

  test('it was counted: events, the decision, the refusal, calls by kind and answer', () => {
    expect(of('lr_events_total{type="asked"}')).toBe(1);
    expect(of('lr_events_total{type="submitted"}')).toBe(1);
    expect(of('lr_decision_seconds_count{decision="approved"}')).toBe(1);
    expect(of('lr_decision_seconds_count{decision="denied"}')).toBe(0);
    expect(of('lr_refusals_total{reason="selfApproval"}')).toBe(1);
    expect(of('lr_defender_calls_total{kind="submit",answer="2xx"}')).toBe(1);
    expect(of('lr_defender_call_seconds_count{kind="submit"}')).toBe(1);
    expect(of('lr_chat_calls_total{chat="teams",kind="post",answer="2xx"}')).toBeGreaterThanOrEqual(2);
    expect(of('lr_chat_calls_total{chat="teams",kind="update",answer="2xx"}')).toBeGreaterThanOrEqual(1);
    expect(of('lr_card_lag_seconds_count')).toBeGreaterThanOrEqual(1);
    expect(of('lr_chat_calls_total{chat="slack",kind="read",answer="2xx"}')).toBeGreaterThanOrEqual(1);
  });

  test('each line of the journal was timed, and its size is that of the files', () => {
    // One more is just being made durable, at most.
    for (const timed of ['append', 'sync'])
      expect([0, 1]).toContain(of(`lr_journal_${timed}_seconds_count`) - of('lr_journal_lines'));
    expect(of('lr_journal_bytes')).toBeGreaterThan(of('lr_journal_lines') * 100);
    expect(of('lr_journal_lines_since_snapshot')).toBe(of('lr_journal_lines'));
    expect(of('lr_snapshot_timestamp_seconds')).toBe(0);
  });

  test('the budget has what was not used', () => {
    expect(of('lr_defender_budget_limit{kind="submit",window="1m"}')).toBe(10);
    expect(of('lr_defender_budget_left{kind="list",window="60m"}')).toBeLessThan(1_500);
    expect(of('lr_defender_wait_seconds{kind="submit"}')).toBe(0);
  });

  test('nothing in it names a device, a person, a place, a request or a host', () => {
    const [request] = bot.app.service.store.all();
    if (request === undefined) throw new Error('there is no request');
    const { asked, id, targets, subject } = request;
    const words = [
      id,
      asked.requester.id,
      asked.requester.name,
      asked.account.slice(asked.account.indexOf(':') + 1),
      asked.place.slice(asked.place.indexOf(':') + 1),
      targets[0].device.id,
      targets[0].device.name,
      'OfficeClickToRun',
      'beacon',
      subject.digest,
      '127.0.0.1',
      'http',
    ];
    expect(words.filter((word) => text.includes(word))).toEqual([]);
  });

  test('no series was added that was not there at the start', () => {
    const before = new Set([...seriesIn(fresh).keys()].filter((one) => one.startsWith('lr_')));
    expect([...later.keys()].filter((one) => one.startsWith('lr_') && !before.has(one))).toEqual([]);
    expect(namesIn(text).size).toBeGreaterThan(60);
  });

  whereInstalled('and promtool has still nothing to say', () => {
    expect(lint(text)).toEqual({ status: 0, said: '' });
  });
});
