// Examination as a whole: what is local first, then everything that needs the network side by side. One thing
// that fails, hangs or breaks never keeps the others from being looked at, and the whole ends within its
// time.
import type { TokenSource } from '../adapters/entra/credentials.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import { EntraTokens, noCredentials } from '../adapters/entra/credentials.ts';
import { graphOf } from '../adapters/entra/groups.ts';
import { entraEmails } from '../adapters/entra/emails.ts';
import { entraGroupsOf, examineEntraGroups } from '../adapters/entra/groupChecks.ts';
import type { ChatPlatform, ChatSubject } from '../adapters/chatPlatform.ts';
import { chatPlatforms } from '../adapters/chats.ts';
import { surface as consoleSurface } from '../adapters/console/people.ts';
import { customEndpoint } from '../adapters/defender/clouds.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { ServiceOptions } from '../app/options.ts';
import { namedProfiles } from '../simulator/profiles.ts';
import type { ProfileName } from '../simulator/profiles.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { Caller } from '../adapters/checks/call.ts';
import { certificateLine } from '../adapters/checks/certificate.ts';
import { examineDataFolder } from './dataFolder.ts';
import { examineDefender } from './defender/defender.ts';
import { fail, ok, skip } from '../adapters/checks/line.ts';
import type { Line, Tell } from '../adapters/checks/line.ts';
import { examinePeople } from './people.ts';
import { examinePolicy, examinePolicyFile } from './policy.ts';
import { examinePorts } from './port.ts';
import { examineRecord } from './record.ts';
import { examineSettings } from './settings.ts';
import type { Deployment, Variables } from './settings.ts';

export interface Examination extends Caller {
  readonly variables: Variables;
  /** Only what this machine alone can tell. */
  readonly offline: boolean;
  /** Whether to send the one POST that shows the right to run. */
  readonly probe: boolean;
  /** Milliseconds until what is still open is reported as unfinished. */
  readonly totalMs?: number;
  /** How tokens are got; through @azure/identity by default. */
  readonly tokensOf?: (credentials: Credentials, authority: string) => TokenSource;
  /** In place of Microsoft's own, for tests. */
  readonly graph?: string;
  readonly openIdMetadata?: string;
  readonly origins?: readonly string[];
}

/**
 * Milliseconds for everything together. A call that nobody answers takes 15 s, and at most five of them
 * follow each other.
 */
export const totalWithin = 90_000;

interface Area {
  readonly name: string;
  readonly run: (tell: Tell) => Promise<void>;
}

/** Tells line after line, areas in a fixed order. Never rejects. */
export async function examine(parts: Examination, tell: Tell): Promise<void> {
  const ends = parts.clock.now() + (parts.totalMs ?? totalWithin);
  const { options, policyFile, dataDir, listens, admin, audiences } = examineSettings(parts.variables, tell);
  let policy: Policy | undefined;
  const local: readonly Area[] = [
    {
      name: 'policy',
      run: async (say) => {
        policy = lookAtPolicy(policyFile, options, say);
        // Who plays everybody in the console gains nothing by writing its policy.
        if (policyFile !== undefined && policy !== undefined && options?.console !== true)
          await examinePolicyFile(policyFile, say);
      },
    },
    { name: 'data', run: (say) => lookAtPlace({ dataDir, options, listens, admin }, parts, say) },
  ];
  for (const area of local) await told([area], parts, ends, tell);
  await told(networkAreas(options, policy, { ...parts, audiences }), parts, ends, tell);
}

function lookAtPolicy(
  file: string | undefined,
  options: ServiceOptions | undefined,
  tell: Tell,
): Policy | undefined {
  if (file === undefined) {
    tell(
      skip(
        'policy.file',
        'not looked at: which file it is depends on the settings',
        'Fix the settings first.',
      ),
    );
    return undefined;
  }
  const surfaces =
    options === undefined
      ? undefined
      : [
          ...(options.platforms ?? []).map(({ platform }) => platform.surface),
          ...(options.console ? [consoleSurface] : []),
        ];
  return examinePolicy({ file, surfaces, simulated: options === undefined || isSimulated(options) }, tell);
}

function isSimulated({ defender }: ServiceOptions): boolean {
  return defender.kind === 'simulator' || defender.credentials === 'none';
}

async function lookAtPlace(
  {
    dataDir,
    options,
    listens,
    admin,
  }: Pick<Deployment, 'listens' | 'admin'> & {
    readonly dataDir: string | undefined;
    readonly options: ServiceOptions | undefined;
  },
  parts: Examination,
  tell: Tell,
): Promise<void> {
  const holder = dataDir === undefined ? undefined : await examineDataFolder(dataDir, tell);
  if (dataDir !== undefined && options !== undefined)
    await examineRecord(
      { record: options.record, dataDir, real: !isSimulated(options), now: parts.clock.now() },
      tell,
    );
  if (listens === undefined) tell(skip('http.port', 'not looked at', 'Fix the settings first.'));
  else await examinePorts({ ...listens, admin, holder }, parts, tell);
}

function networkAreas(
  options: ServiceOptions | undefined,
  policy: Policy | undefined,
  parts: Examination & Pick<Deployment, 'audiences'>,
): readonly Area[] {
  const names = ['defender', ...chatPlatforms.map(({ surface }) => surface), 'graph'];
  if (options === undefined || parts.offline) {
    const why = parts.offline
      ? (['--offline', 'Leave out --offline.'] as const)
      : (['the settings cannot be used', 'Fix the settings first.'] as const);
    return names.map((name) => ({
      name,
      run: (tell) => {
        tell(skip(name, `not looked at: ${why[0]}`, why[1]));
        return Promise.resolve();
      },
    }));
  }
  const { entra } = options;
  const tokensOf =
    parts.tokensOf ??
    ((credentials: Credentials, authority: string) =>
      new EntraTokens({ credentials, authority, way: parts.http }));
  const graph = parts.graph ?? graphOf(entra?.authority);
  const { dataDir } = options;
  return [
    { name: 'defender', run: (tell) => lookAtDefender(options, policy, { ...parts, tokensOf }, tell) },
    ...chatPlatforms.map((platform) => chatArea(platform, options, { ...parts, tokensOf, policy, dataDir })),
    {
      name: 'graph',
      run: (tell) => {
        if (policy === undefined || entraGroupsOf(policy).length === 0) return Promise.resolve();
        const tokens = entra === undefined ? undefined : tokensOf(entra.credentials, entra.authority);
        return examineEntraGroups({ policy, graph, tokens }, parts, tell);
      },
    },
    {
      name: 'people',
      run: async (tell) => {
        if (policy === undefined) return;
        const chats = (options.platforms ?? []).flatMap((chat) => chat.emails?.() ?? []);
        const directories = [
          ...(await Promise.all(chats)),
          ...(entra === undefined
            ? []
            : [entraEmails(graph, () => tokensOf(entra.credentials, entra.authority))]),
        ];
        await examinePeople({ people: policy.people, directories }, parts, tell);
      },
    },
  ];
}

/** What a chat's own value says is to be looked at. */
function chatArea(
  { surface, guide }: ChatPlatform,
  options: ServiceOptions,
  parts: Caller & ChatSubject,
): Area {
  const chosen = options.platforms?.find(({ platform }) => platform.surface === surface);
  return {
    name: surface,
    run: (tell) => {
      if (chosen !== undefined) return chosen.examine(parts, parts, tell);
      const why = options.console ? 'the local console is the chat' : 'not set up';
      tell(skip(surface, why, `Nothing, unless you want it: ${guide}.`));
      return Promise.resolve();
    },
  };
}

async function lookAtDefender(
  { defender, sessions, offlineQueue }: ServiceOptions,
  policy: Policy | undefined,
  parts: Examination &
    Pick<Deployment, 'audiences'> & { readonly tokensOf: NonNullable<Examination['tokensOf']> },
  tell: Tell,
): Promise<void> {
  const { probe, audiences } = parts;
  const shared = {
    policy,
    probe,
    limits: { sessions, ...(offlineQueue === undefined ? {} : { offlineQueue }) },
  };
  if (defender.kind === 'simulator') {
    await lookAtSimulator(defender.profile ?? 'default', shared, parts, tell);
    return;
  }
  const { credentials, endpoint, tenant } = defender;
  if (credentials === 'none')
    tell(
      ok(
        'defender.tenant',
        `A SIMULATED TENANT at ${endpoint.apiUrl}: nothing below says anything of a real Defender`,
      ),
    );
  else if (credentials.kind === 'certificate')
    tell(
      certificateLine(
        'defender.certificate',
        'AZURE_CLIENT_CERTIFICATE_PATH',
        credentials.path,
        parts.clock.now(),
      ),
    );
  const tokens =
    credentials === 'none' ? noCredentials(endpoint.apiUrl) : parts.tokensOf(credentials, endpoint.authority);
  const unsigned =
    defender.unsignedAllowed === true ? 'allowed' : defender.loopback ? 'askSimulator' : 'unknown';
  await examineDefender({ ...shared, endpoint, tokens, tenant, unsigned, audiences }, parts, tell);
}

/** As the bot does, but with nothing on disk: a running bot keeps its own simulated tenant there. */
async function lookAtSimulator(
  profile: ProfileName,
  shared: Pick<Parameters<typeof examineDefender>[0], 'policy' | 'probe' | 'limits'>,
  parts: Examination,
  tell: Tell,
): Promise<void> {
  const simulator = await startSimulator({ profile: namedProfiles[profile] });
  try {
    tell(
      ok(
        'defender.tenant',
        'THE SIMULATED TENANT inside the bot, started for this examination: nothing below says anything of a real Defender',
      ),
    );
    await examineDefender(
      {
        ...shared,
        endpoint: customEndpoint(simulator.url),
        tokens: noCredentials(simulator.url),
        tenant: 'simulator',
        unsigned: 'askSimulator',
      },
      parts,
      tell,
    );
  } finally {
    await simulator.stop();
  }
}

/** Runs areas side by side and tells their lines in order. */
async function told(areas: readonly Area[], { clock }: Caller, ends: number, tell: Tell): Promise<void> {
  const running = areas.map((area) => withinTime(area, clock, ends));
  for (const lines of running) for (const line of await lines) tell(line);
}

async function withinTime(
  { name, run }: Area,
  clock: Caller['clock'],
  ends: number,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const over = new AbortController();
  let closed = false;
  // Begun inside a promise, so that what throws at once is caught like what fails later.
  const say: Tell = (line) => {
    if (!closed) lines.push(line);
  };
  const work = Promise.resolve()
    .then(() => run(say))
    .catch((error: unknown) => {
      // A fault of the doctor's own must not hide what the other areas have to say.
      lines.push(
        fail(
          name,
          `the doctor itself failed here: ${error instanceof Error ? error.message : String(error)}`,
          'Report this; the other lines hold all the same.',
        ),
      );
    });
  const late = clock.sleep(Math.max(0, ends - clock.now()), over.signal).then(() => {
    if (!over.signal.aborted)
      lines.push(
        fail(
          name,
          'not finished in time',
          'Run the doctor again; if it stays so, look at the way to the host of the line before.',
        ),
      );
  });
  await Promise.race([work, late]);
  closed = true;
  over.abort();
  return lines;
}
