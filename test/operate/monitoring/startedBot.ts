// A started bot with both chats, and what its /metrics says, as the tests of the metrics, rules and dashboard read it.
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace } from '../../support/slack/slackTestApp.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

export interface StartedBot {
  readonly app: TeamsTestApp;
  readonly slack: FakeSlack;
  /** What Prometheus would read now. */
  text(): Promise<string>;
  close(): Promise<void>;
}

export async function startBot(): Promise<StartedBot> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  const app = new TeamsTestApp();
  await app.open({
    beside: slackChat({
      botToken: slack.tokens.bot,
      signingSecret: slack.tokens.signingSecret,
      apiUrl: slack.apiUrl,
      allowedTeams: [],
    }),
  });
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
