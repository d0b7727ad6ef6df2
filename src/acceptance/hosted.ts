// Hosted run of the main job, by the bot itself in this process: its policy, journal, four eyes and
// submission, with people at the terminal or in its chats. This part starts the bot, waits for what the
// people do, and looks on; it never submits, approves or cancels.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { placesOf } from '../adapters/console/people.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { chooseDevice, inScope } from '../bot/policy/devices/scope.ts';
import { blockOf, explain, isRefusal } from '../bot/policy/refusals/refusal.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { field } from '../liveResponse/text/json.ts';
import type { Request, RequestSession } from '../liveResponse/request/request.ts';
import type { Device } from '../liveResponse/device/records.ts';
import { splitSurfaceKey, stageOf } from '../liveResponse/request/request.ts';
import type { SessionIn } from '../liveResponse/request/session.ts';
import { sessionsIn } from '../bot/workers/transition.ts';
import { optionsFrom } from '../app/options.ts';
import { startService } from '../app/compose.ts';
import type { Service } from '../app/compose.ts';
import type { ServiceOptions } from '../app/options.ts';
import { ConfigError } from '../adapters/config/environment.ts';
import type { Options } from './options.ts';
import { Observer } from './observing.ts';
import { devicesOf, lookingWith } from './looking.ts';
import { approvalOf, createTerminal, players, standing, surface } from './terminal.ts';
import type { Table, Terminal } from './terminal.ts';
import type { TappedHttp } from './tap.ts';
import type { Outcome, Surroundings } from './outcome.ts';

/**
 * Looks after the end within which the bot has to have seen it and read the results, three minutes at the
 * usual gap. It tries for longer, and this is enough to see it work.
 */
const looksForResults = 90;
const recipe = 'dump';

/** The bot that runs here, and what it is run with. */
interface Run extends Surroundings {
  readonly service: Service;
  /** Undefined where the people are in a chat. */
  readonly terminal: Terminal | undefined;
  readonly options: Options;
  readonly settings: Settings;
}

/** @throws ConfigError, or what keeps the bot from starting */
export async function runHosted(
  options: Options,
  settings: Settings,
  around: Surroundings,
): Promise<Outcome> {
  const { http, print } = around;
  const terminal = options.mode === 'chat' ? undefined : createTerminal(print);
  const service = await startService(
    terminal === undefined
      ? { ...optionsFrom(settings), http, onWarning: print }
      : terminalOptions(options, settings, terminal, around),
  );
  let told: (() => Outcome) | undefined;
  try {
    told = await drive({ ...around, service, terminal, options, settings });
  } finally {
    await service.stop();
  }
  // Only now: while it stopped, a POST under way may still have been answered.
  return told();
}

async function drive(run: Run): Promise<() => Outcome> {
  const { service, terminal, options, settings, http, print, stop, real } = run;
  const apiUrl = service.simulator?.url ?? (settings.defender.kind === 'tenant' ? settings.defender.url : '');
  http.lookAt(apiUrl);
  const looking = lookingWith(settings, {
    http,
    apiUrl,
    clock: service.clock,
    stop,
    patience: options.patience,
    print,
  });
  const device = await testDevice(looking.calls, service.policy, options);
  if (terminal !== undefined && real && !isConfined(service.policy, device.name))
    throw new ConfigError(notConfined(device.name));

  const observer = new Observer({ ...looking, device });
  const outcome = outcomeOf(run, { observer, apiUrl, device });
  const known = new Set(service.store.all().map(({ id }) => id));
  const newest = (): Request | undefined =>
    service.store.all().find((one) => !known.has(one.id) && one.targets[0].device.id === device.id);
  const short = (why: string, request: () => Request | undefined) =>
    outcome(() => [
      false,
      `${stop.aborted ? 'stopped' : why}. ${standing(request(), observer.word())}${options.mode === 'chat' ? ' What waits in the bot’s data folder goes on with its next start.' : ''}`,
    ]);
  const people = terminal === undefined ? undefined : seat(run, terminal, newest);
  if (people === undefined)
    print(
      `The bot runs here. Ask for "dump ${options.device} ${options.process}" in the chat, and have somebody else approve it there. Ctrl+C ends the bot.`,
    );
  try {
    if (options.mode === 'play' && terminal !== undefined && people !== undefined) {
      await play(terminal, people.table, service);
      // Nobody else is there who could still do it.
      if ((newest()?.stage.state ?? 'awaitingApproval') === 'awaitingApproval')
        return short('the bot did not take what was asked for, or approved', newest);
    }
    // Until something runs, or nothing will.
    const isDecided = (one: Request | undefined): boolean =>
      startedOf(one) !== undefined ||
      (one !== undefined && stageOf(one).state === 'closed' && options.mode !== 'chat');
    const sent = startedOf(await until(run, newest, isDecided, { ms: options.patience, left: people?.left }));
    if (sent === undefined) return short('nobody approved it in time, or it was not sent', newest);
    const { actionId } = sent.session.stage.run;
    print(`Sent: action ${actionId}. From here on this is measured.`);
    if (options.cancel && people !== undefined) askForCancel(run, people.table);
    await observer.follow(actionId);
    const now = (): Request | undefined => service.store.get(sent.request.id);
    if (observer.seen().ended === undefined) return short('it did not end in time', now);
    await until(
      run,
      now,
      (one) =>
        sessionsIn(one === undefined ? [] : [one], ['finished']).some(
          ({ request, session }) => session.stage.outcome !== 'succeeded' || allRead(request, session),
        ),
      { ms: looksForResults * looking.gap },
    );
    await observer.examine(actionId);
    return stop.aborted ? short('stopped', now) : outcome(() => judgement(now(), options, http));
  } finally {
    people?.leave();
  }
}

type Judgement = readonly [ok: boolean, how: string];

/** Makes an outcome of a judgement; both are asked for only once the bot has stopped. */
function outcomeOf(
  { service, options, settings, http, real }: Run,
  {
    observer,
    apiUrl,
    device,
  }: { readonly observer: Observer; readonly apiUrl: string; readonly device: Device },
): (judge: () => Judgement) => () => Outcome {
  const began = service.clock.now();
  const secrets = [
    ...secretsOf(service.policy, options, settings),
    device.id,
    device.name,
    firstLabel(device.name),
  ];
  return (judge) => () => {
    const [ok, how] = judge();
    const comment = sentComment(http);
    return {
      ok,
      how,
      began,
      apiUrl,
      simulated: !real,
      secrets,
      seen: {
        ...observer.seen(),
        exchanges: http.exchanges(),
        ...(comment === undefined ? {} : { comment }),
      },
    };
  };
}

/** Its session, once Defender has taken it. */
function startedOf(request: Request | undefined): RequestSession<'running' | 'finished'> | undefined {
  return request === undefined ? undefined : sessionsIn([request], ['running', 'finished'])[0];
}

/** @throws ConfigError where the name means no device, several, or one that the policy does not allow */
async function testDevice(
  calls: Parameters<typeof devicesOf>[0],
  policy: Policy,
  options: Options,
): Promise<Device> {
  const chosen = chooseDevice(options.device, await devicesOf(calls, options.device));
  if (isRefusal(chosen)) throw new ConfigError(`${explained(chosen)}\nNothing was asked for.`);
  const { device } = chosen;
  const refusal = inScope(policy, device);
  if (refusal !== undefined)
    throw new ConfigError(
      `${explained(refusal)}\nNothing was asked for. Allow the test device in the policy: devices: { allow: { groups: [], tags: [], names: [${device.name}] } }`,
    );
  return device;
}

function terminalOptions(
  options: Options,
  settings: Settings,
  terminal: Terminal,
  { http, print }: Pick<Surroundings, 'http' | 'print'>,
): ServiceOptions {
  const { record, ...base } = optionsFrom(settings);
  // Never a folder that was used before: nothing that an earlier run left waiting may be sent by this one.
  const dataDir = join(options.data, new Date().toISOString().replace(/[:.]/g, '-'));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return {
    ...base,
    host: '127.0.0.1',
    port: 0,
    admin: 'off',
    console: false,
    chats: [terminal],
    dataDir,
    // The bot's anchors are of the bot's own journal; its key proves this one as well.
    ...(record === undefined
      ? {}
      : {
          record: {
            everyLines: record.everyLines,
            everyMs: record.everyMs,
            ...(record.key === undefined ? {} : { key: record.key }),
          },
        }),
    http,
    onWarning: print,
  };
}

interface Seat {
  readonly table: Table;
  /** Aborted once nobody is at the terminal any more. */
  readonly left: AbortSignal;
  leave(): void;
}

/** @throws ConfigError where the policy has nobody and nowhere for a terminal */
function seat(
  { service: { policy, bot }, options, input, print }: Run,
  terminal: Terminal,
  request: () => Request | undefined,
): Seat {
  const place = placesOf(policy).find((one) => one.approvals);
  const pair = players(policy, recipe);
  if (place === undefined || pair === undefined) throw new ConfigError(noSeat);
  const table: Table = {
    bot,
    policy,
    place: place.id,
    line: `${recipe} ${options.device} ${options.process} --reason "acceptance run"`,
    request,
  };
  const left = new AbortController();
  if (options.mode === 'play') return { table, left: left.signal, leave: () => undefined };
  print(`Two people of the policy sit here, each types for himself or herself alone. One line each:
  <person>: ask                 asks for: ${table.line}
  <person>: approve             shows the code of the approval to that person; then "approve <code>" as it is shown
  <person>: deny | withdraw | cancel | status
For example "${pair.asker}: ask", then "${pair.approver}: approve". Ctrl+C ends this program, and no session.`);
  return { table, left: left.signal, leave: terminal.listen(input, table, () => left.abort()) };
}

/** A simulated Defender alone: the two lines that the two people would type. */
async function play(terminal: Terminal, table: Table, service: Service): Promise<void> {
  const pair = players(service.policy, recipe);
  if (pair === undefined) return;
  await terminal.say(table, pair.asker, 'ask');
  const request = table.request();
  if (request?.stage.state === 'awaitingApproval')
    await terminal.say(table, pair.approver, approvalOf(request));
}

function askForCancel({ options, terminal, print }: Run, table: Table): void {
  const pair = players(table.policy, recipe);
  if (options.mode === 'play' && terminal !== undefined && pair !== undefined)
    void terminal.say(table, pair.asker, 'cancel to see what a cancel does');
  else print(`Now somebody types "<person>: cancel", such as "${pair?.asker ?? ''}: cancel".`);
}

/**
 * The request once `is` holds of it, or as it is when time is up, somebody stops this, or everybody has left
 * before it was approved.
 */
async function until(
  { service, stop }: Run,
  request: () => Request | undefined,
  is: (request: Request | undefined) => boolean,
  { ms, left }: { readonly ms: number; readonly left?: AbortSignal | undefined },
): Promise<Request | undefined> {
  const done = new AbortController();
  const look = (): void => {
    const now = request();
    if (
      is(now) ||
      (left?.aborted === true && (now?.stage.state ?? 'awaitingApproval') === 'awaitingApproval')
    )
      done.abort();
  };
  const unsubscribe = service.store.subscribe(look);
  left?.addEventListener('abort', look);
  try {
    look();
    await service.clock.sleep(ms, AbortSignal.any([done.signal, stop]));
  } finally {
    unsubscribe();
    left?.removeEventListener('abort', look);
  }
  return request();
}

/** Every result that the session left is known to the bot. */
function allRead({ subject }: Request, { stage }: SessionIn<'finished'>): boolean {
  const { results } = stage.run;
  return subject.commands.every(
    (command, index) =>
      command.type === 'PutFile' ||
      results.excerpts.some((one) => one.index === index) ||
      results.files.some((one) => one.index === index),
  );
}

function judgement(request: Request | undefined, options: Options, http: TappedHttp): Judgement {
  const started = startedOf(request);
  if (started?.session.stage.state === 'running')
    return [
      false,
      `Defender has ended the session (action ${started.session.stage.run.actionId}), and the bot did not take its word for an end, or could not read it`,
    ];
  const [finished] = sessionsIn(request === undefined ? [] : [request], ['finished']);
  if (finished === undefined) return [false, standing(request)];
  const { outcome } = finished.session.stage;
  const posts = http
    .exchanges()
    .filter(
      (one) =>
        one.from === 'defender' &&
        one.method === 'POST' &&
        /\/runliveresponse$/i.test(one.url.pathname) &&
        one.status < 300,
    ).length;
  if (posts !== 1) return [false, `Defender took ${posts} submissions, and one was approved.`];
  if (options.cancel)
    return outcome === 'cancelled'
      ? [true, 'cancelled, as was asked for']
      : [false, `a cancel was asked for, and the session ended: ${outcome}`];
  if (outcome !== 'succeeded') return [false, `the session ended: ${outcome}`];
  return allRead(finished.request, finished.session)
    ? [true, 'approved by another person, sent once, succeeded, and its results could be read']
    : [false, 'the session succeeded, and not all of its results could be read'];
}

function sentComment(http: TappedHttp): string | undefined {
  const post = http
    .exchanges()
    .find(
      (one) =>
        one.method === 'POST' && /\/runliveresponse$/i.test(one.url.pathname) && one.sent !== undefined,
    );
  if (post?.sent === undefined) return undefined;
  const comment = field(JSON.parse(post.sent), 'Comment');
  return typeof comment === 'string' ? comment : undefined;
}

/**
 * One device, by its name: what two people at one terminal can do to a tenant is then that much and no more.
 */
export function isConfined({ devices: { allow } }: Policy, name: string): boolean {
  const [only = ''] = allow.names.map((one) => one.trim().toLowerCase());
  // As it was typed, the domain may be missing; Defender's own name is looked at before anything is asked
  // for.
  return (
    allow.groups.length === 0 &&
    allow.tags.length === 0 &&
    allow.names.length === 1 &&
    (only === name.toLowerCase() || only.startsWith(`${name.toLowerCase()}.`))
  );
}

export function notConfined(name: string): string {
  return `Before a real Defender, a run at the terminal takes a policy of its own that allows the test device by its name and nothing else, because one human could type for two people here:\n  devices: { allow: { groups: [], tags: [], names: [${name}] } }\nWrite one (docs/acceptance.md has it whole) and set LR_POLICY, or ask and approve in a chat with --chat or --watch.`;
}

const noSeat = `The policy has no two people and no place for a terminal: somebody with a "console:" account who may ask for "${recipe}", somebody else with one who may approve it, and a place "${surface}:..." with approvals: true. docs/acceptance.md has a policy to copy.`;

function explained(refusal: Parameters<typeof explain>[0]): string {
  return [explain(refusal), blockOf(refusal, '/lr')].filter((part) => part !== undefined).join('\n');
}

export function firstLabel(name: string): string {
  return name.split('.')[0] ?? name;
}

/** What must be in no field: those who act here, and where. */
function secretsOf({ people }: Policy, { device }: Options, { defender }: Settings): readonly string[] {
  const azure =
    defender.kind === 'tenant' && defender.auth.kind === 'azure' ? defender.auth.azure : undefined;
  const application =
    azure !== undefined && 'clientId' in azure.credential ? azure.credential.clientId : undefined;
  const ours = [device, azure?.tenantId, application].filter((one) => one !== undefined);
  return [
    ...ours,
    ...people.flatMap(({ id, name, accounts }) => [
      id,
      name,
      ...name.split(/\s+/),
      ...accounts.map((account) => splitSurfaceKey(account)[1]),
    ]),
  ];
}
