// Defender: host and clock, then one small reading of each kind that the bot needs, then the library and the
// right to run. Each call is made once, and not at all where it is known beforehand why it would be refused.
import type { Endpoint } from '../../adapters/defender/clouds.ts';
import { clouds, cloudNames } from '../../adapters/defender/clouds.ts';
import { readError, readPage } from '../../adapters/defender/wire.ts';
import type { TokenSource } from '../../adapters/entra/credentials.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { call, isAnswer } from '../../adapters/checks/call.ts';
import type { CallDefender, Called, Caller, Unanswered } from '../../adapters/checks/call.ts';
import { examineClock } from '../../adapters/checks/clockSkew.ts';
import { examineLibrary } from './library.ts';
import { fail, ok, skip, warn } from '../../adapters/checks/line.ts';
import type { Line, Tell } from '../../adapters/checks/line.ts';
import { notDefender, refused } from '../refused.ts';
import { examineLimits } from './tenantLimits.ts';
import { examineRunRight } from './runRight.ts';
import { examineToken } from './token.ts';
import type { TokenFindings } from './token.ts';
import { examineUnsigned } from './unsigned.ts';
import type { UnsignedScripts } from './unsigned.ts';

export interface DefenderSubject {
  readonly endpoint: Endpoint;
  readonly tokens: TokenSource;
  /** The tenant of the settings. */
  readonly tenant: string;
  /** Audiences that the settings state besides the known ones. */
  readonly audiences?: readonly string[];
  readonly unsigned: UnsignedScripts;
  /** Undefined when the policy cannot be used. */
  readonly policy: Policy | undefined;
  /** LR_OFFLINE_QUEUE in milliseconds, where it is set, and LR_SESSIONS. */
  readonly limits: { readonly offlineQueue?: number; readonly sessions: number };
  /** Whether to send the one POST that shows the right to run. */
  readonly probe: boolean;
}

export async function examineDefender(subject: DefenderSubject, caller: Caller, tell: Tell): Promise<void> {
  const { endpoint, tokens, tenant, policy, audiences = [] } = subject;
  const found = await examineToken(
    { tokens, scope: endpoint.scope, audiences, tenant, now: caller.clock.now() },
    tell,
  );
  const api = callsTo(endpoint, found, caller);

  const machines = await api('GET', '/api/machines?$top=1');
  if (!isAnswer(machines)) {
    tell(
      fail(
        'defender.host',
        `${hostName(endpoint)} gives no answer: ${machines.why}`,
        'Let this machine reach it over https (proxy, firewall, DNS), or check DEFENDER_CLOUD and DEFENDER_API_URL.',
      ),
    );
    skipFrom(0, tell, 'Fix defender.host first.');
    return;
  }
  tell(ok('defender.host', `${hostName(endpoint)} answers`));
  examineClock(machines, 'Defender', tell);
  if (found.blocked !== undefined) {
    skipFrom(1, tell, `Fix the line above first: ${found.blocked}.`);
    return;
  }

  const lackingMachines = found.lacking('machines');
  const first = lackingMachines === undefined ? machinesLine(machines) : lacking('machines', lackingMachines);
  tell(first);
  if (machines.status === 401) {
    skipFrom(2, tell, 'Fix defender.machines first: Defender does not take the token.');
    return;
  }
  const noActions = found.lacking('list');
  tell(
    noActions === undefined
      ? actionsLine(await api('GET', '/api/machineactions?$top=1'))
      : lacking('actions', noActions),
  );
  await examineLimits(
    { api, lacking: noActions, stated: subject.limits.offlineQueue, sessions: subject.limits.sessions },
    tell,
  );
  const library = await examineLibrary({ api, policy, lacking: found.lacking('library') }, tell);
  await examineUnsigned({ api, library, unsigned: subject.unsigned }, tell);
  if (!subject.probe) tell(skip('defender.run', 'the right to run was not probed', 'Leave out --no-probe.'));
  else await examineRunRight({ api, lacking: found.lacking('submit') ?? found.lacking('machines') }, tell);
}

const order = [
  'defender.clock',
  'defender.machines',
  'defender.actions',
  'defender.limits',
  'defender.library',
  'defender.run',
] as const;

function skipFrom(first: number, tell: Tell, next: string): void {
  for (const check of order.slice(first)) tell(skip(check, 'not looked at', next));
}

function lacking(subject: string, why: string): Line {
  return skip(`defender.${subject}`, `not asked, because ${why}`, 'See its line above.');
}

function callsTo({ apiUrl }: Endpoint, { token }: TokenFindings, caller: Caller): CallDefender {
  return (method, path, body) =>
    call(caller, {
      method,
      url: new URL(`${apiUrl}${path}`),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` }),
      },
      ...(body === undefined ? {} : { body }),
    });
}

function hostName({ apiUrl }: Endpoint): string {
  const names = cloudNames.filter((name) => clouds[name].apiUrl === apiUrl);
  return `${new URL(apiUrl).host}${names.length === 0 ? '' : ` (cloud ${names.join(' and ')})`}`;
}

function machinesLine(answer: Called): Line {
  const check = 'defender.machines';
  // "404 if there are no recent machines" in the pages, an empty 200 in the field.
  const items =
    answer.status === 404 && readError(answer.body?.value).apiCode !== undefined
      ? []
      : readPage(answer.body?.value).items;
  if (answer.status >= 300 && answer.status !== 404) return refused(check, 'machines', answer);
  if (items === undefined) return notDefender(check, answer);
  if (items.length === 0)
    return warn(
      check,
      'Defender answers, and shows no device',
      'Onboard a device, or check that AZURE_TENANT_ID and DEFENDER_CLOUD are those of the devices.',
    );
  return ok(check, 'devices can be looked up');
}

function actionsLine(answer: Called | Unanswered): Line {
  const check = 'defender.actions';
  if (!isAnswer(answer))
    return fail(
      check,
      `no whole answer: ${answer.why}`,
      'Run the doctor again; if it stays so, look at the way to Defender.',
    );
  if (answer.status >= 300) return refused(check, 'list', answer);
  return readPage(answer.body?.value).items === undefined
    ? notDefender(check, answer)
    : ok(check, 'machine actions can be followed');
}
