// Answers to the questions of the assistant about Teams and the people who use it.
import { registered } from '../entra/microsoftCloud.ts';

export const person = (id: string, role: string, teams: string): string =>
  `id=${id},roles=${role},teams=5f0c1d2e-0000-4000-8000-00000000000${teams}`;
const teamsPlace = 'teams:19:0123456789abcdef@thread.tacv2';
export const base = [
  '--yes',
  '--chat',
  'teams',
  '--host',
  'bot.example.com',
  '--teams-id',
  registered.teams.appId,
  '--person',
  person('riley', 'asks', '1'),
  '--person',
  person('avery', 'approves', '2'),
  '--place',
  teamsPlace,
];
export const ports = 'PORT=0\nLR_ADMIN_PORT=0\n';
export const other = '99999999-9999-4999-8999-999999999999';
