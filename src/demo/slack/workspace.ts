// Workspace of the stories: the example policy's people and places, as Slack has them.
import { readFileSync } from 'node:fs';
import { packageFile } from '../../adapters/packageFiles.ts';
import type { FakeSlack } from './fakeSlack.ts';

export const incidents = 'C0INCIDENT';
export const privateRoom = 'C0PRIVATE1';

/** The example policy, or that of another version, with its people and places in Slack. */
export function slackPolicy(example = readFileSync(packageFile('policy.example.yaml'), 'utf8')): string {
  return example
    .replace('console: responder1', 'slack: U0RILEY1')
    .replace('console: responder2', 'slack: U0SAMMY1')
    .replace('console: approver1', 'slack: U0AVERY1')
    .replace('console: onlooker1', 'slack: U0OLLIE1')
    .replace(
      "'console:incidents', approvals: true, notify: 'console:approver1'",
      `'slack:${incidents}', approvals: true, notify: 'slack:S0APPROVE'`,
    )
    .replace('console:soc-private', `slack:${privateRoom}`);
}

/** A workspace with the policy's people, a stranger, a guest and the channels. */
export function seedWorkspace({ world }: FakeSlack): void {
  const people = [
    ['U0RILEY1', 'Riley'],
    ['U0SAMMY1', 'Sam'],
    ['U0AVERY1', 'Avery'],
    ['U0OLLIE1', 'Ola'],
    ['U0NOBODY', 'Nobody'],
  ] as const;
  for (const [id, name] of people) world.user(id, { name });
  const members = [...people.map(([id]) => id), 'U0BOT'];
  world.channel(incidents, { name: 'incidents', members });
  world.channel(privateRoom, { name: 'soc-private', private: true, members });
  world.groups.set('S0APPROVE', ['U0AVERY1']);
}
