// The clock waits for each question by its words: one that `setup` asks in other words, or in another order,
// would make it wait for ever.
import { expect, test } from '@jest/globals';
import type { Asker, Question } from '../../../src/setup/questions/asker.ts';
import { askCredential } from '../../../src/setup/questions/credentials.ts';
import type { Parts } from '../../../src/setup/questions/credentials.ts';
import { askChat, askPolicy, askTenant, simulated } from '../../../src/setup/questions/interview.ts';
import { readFlags } from '../../../src/setup/questions/flags.ts';
import { answersFor } from './answers.ts';

const tokens = { bot: 'xoxb-1-2-canary', app: 'xapp-1-A0-1-canary' };
const named = [
  { name: 'Riley Responder', slack: 'U0RILEY1', objectId: 'aaaaaaaa-0000-4000-8000-000000000001' },
  { name: 'Avery Approver', slack: 'U0AVERY1', objectId: 'bbbbbbbb-0000-4000-8000-000000000002' },
];

test('what the clock answers is what setup asks, in its order', async () => {
  const answers = answersFor(tokens, named);
  const asked: string[] = [];
  const next = ({ ask }: Question): string => {
    asked.push(ask);
    return answers[asked.length - 1]?.text ?? '';
  };
  const asker: Asker = {
    say: () => undefined,
    choose: (question, choices, usual) => {
      const down = next(question).split('\u001b[B').length - 1;
      return Promise.resolve(
        choices[choices.findIndex(({ value }) => value === usual) + down]?.value ?? usual,
      );
    },
    text: (question, _check, usual) => Promise.resolve(next(question) || (usual ?? '')),
    maybe: (question) => Promise.resolve(next(question) || undefined),
    secret: (question) => Promise.resolve(next(question) || undefined),
    confirm: (question, usual) => {
      next(question);
      return Promise.resolve(usual);
    },
    during: (_what, work) => work(),
  };
  const given = readFlags(['--place', 'slack:C0123456'], {});
  if (given === 'help' || 'problems' in given) throw new Error(JSON.stringify(given));
  const chat = await askChat(given, asker);
  let known: Parts = { chat, tenant: simulated, secrets: new Map() };
  for (const part of ['SLACK', 'Microsoft'] as const)
    known = await askCredential(part, known, asker, undefined);
  const tenant = await askTenant(given, chat, asker);
  known = await askCredential('AZURE', { ...known, tenant }, asker, undefined);
  await askPolicy(given, chat, tenant, asker);
  expect(asked).toEqual(answers.map(({ question }) => question));
});
