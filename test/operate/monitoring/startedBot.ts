// A started bot with both chats, and what its /metrics says, as the tests of the metrics, rules and dashboard read it.
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { incidents, seedWorkspace } from '../../support/slack/slackTestApp.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';
import type { TeamsAppOptions } from '../../support/chats/teamsTestApp.ts';

export interface StartedBot {
  readonly app: TeamsTestApp;
  readonly slack: FakeSlack;
  /** What Prometheus would read now. */
  text(): Promise<string>;
  close(): Promise<void>;
}

/** Slack’s channel takes the cards of Teams’ approvals too. */
const bothChats = (text: string): string =>
  unhurried(text).replace(
    'places:\n',
    `places:\n  - { place: "slack:${incidents}", approvals: true, results: card }\n`,
  );

export async function startBot(options: Pick<TeamsAppOptions, 'disk'> = {}): Promise<StartedBot> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  const app = new TeamsTestApp();
  await app.open({
    ...options,
    policy: bothChats,
    beside: slackChat({
      botToken: slack.tokens.bot,
      signingSecret: slack.tokens.signingSecret,
      apiUrl: slack.apiUrl,
      allowedTeams: [],
    }),
  });
  slack.target = `${app.url}/slack/events`;
  return {
    app,
    slack,
    text: () => metricsOf(app.adminUrl),
    async close() {
      await app.close();
      await slack.close();
    },
  };
}

export async function metricsOf(adminUrl: string | undefined): Promise<string> {
  return await (await fetch(`${adminUrl ?? ''}/metrics`)).text();
}

/** `# TYPE` lines: each metric with its type. */
export function typesIn(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
}

/** Every series with its value, such as `lr_chat_up{chat="slack"}`. */
export function seriesIn(text: string): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/^([a-z_:]+(?:\{.*\})?) (\S+)$/gm)].map(([, series = '', value = '']) => [
      series,
      Number(value),
    ]),
  );
}

/** The names by which an expression may ask for what is in this text: a histogram has three. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set(
    [...typesIn(text)].flatMap(([name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** What the two ports say of a bot, and what Prometheus reads of it. */
export interface Standing {
  readonly health: number;
  readonly ready: number;
  readonly status: string;
  /** Checks that are not well, with the reason. */
  readonly wrong: ReadonlyMap<string, string>;
  readonly series: ReadonlyMap<string, number>;
}

export async function standingOf(adminUrl: string | undefined): Promise<Standing> {
  const [health, ready] = [await fetch(`${adminUrl ?? ''}/healthz`), await fetch(`${adminUrl ?? ''}/readyz`)];
  const { status, checks } = (await ready.json()) as {
    readonly status: string;
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly why?: string }[];
  };
  await health.arrayBuffer();
  return {
    health: health.status,
    ready: ready.status,
    status,
    wrong: new Map(checks.flatMap(({ name, ok, why = '' }) => (ok ? [] : [[name, why]]))),
    series: seriesIn(await metricsOf(adminUrl)),
  };
}

/** Asks again and again until it is so. The test's own time ends a wait that is in vain. */
export async function untilStanding(
  adminUrl: string | undefined,
  isSo: (standing: Standing) => boolean,
): Promise<Standing> {
  let standing = await standingOf(adminUrl);
  while (!isSo(standing)) standing = await standingOf(adminUrl);
  return standing;
}
