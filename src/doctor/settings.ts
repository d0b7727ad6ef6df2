// Settings: every problem and warning at once. Where the settings do not fit together, what does not depend
// on the rest is still known, so that the policy, the data folder and the port are looked at all the same.
import { existsSync } from 'node:fs';
import { secretNames } from '../adapters/config/secretFiles.ts';
import { knownNames, readSettings } from '../adapters/config/settings.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { portAfter } from '../adapters/http/admin.ts';
import { proxyFrom } from '../adapters/outbound/proxy.ts';
import { resultHosts } from '../adapters/outbound/resultLink.ts';
import { optionsFrom } from '../app/options.ts';
import type { ServiceOptions } from '../app/options.ts';
import { fail, ok, warn } from '../adapters/checks/line.ts';
import type { Tell } from '../adapters/checks/line.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What the rest of the examination needs. */
export interface Deployment {
  /** Undefined when the settings do not fit together. */
  readonly options: ServiceOptions | undefined;
  readonly policyFile: string | undefined;
  readonly dataDir: string | undefined;
  readonly listens: { readonly host: string; readonly port: number } | undefined;
  /** Undefined where that cannot be known, or it is off. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  /** Audiences of tokens that the settings state. */
  readonly audiences: readonly string[];
}

/**
 * Settings that hold secrets; their values are struck out of the report, also when the settings cannot be
 * used.
 */
const struckOut = [...secretNames, 'LR_JOURNAL_KEY'] as const;
/** Settings that mean something without the others. */
const ownMeaning = ['PORT', 'LR_ADMIN_HOST', 'LR_ADMIN_PORT', 'LR_DATA_DIR', 'LR_POLICY'] as const;

export function secretsIn(variables: Variables): readonly string[] {
  const proxy = proxyFrom(variables);
  const password = proxy === undefined || 'wrong' in proxy ? undefined : proxy.password;
  const given = struckOut.flatMap((name) => {
    const value = variables[name]?.trim();
    return value === undefined || value === '' ? [] : [value];
  });
  return [...given, ...(password === undefined ? [] : [password.reveal()])];
}

export function examineSettings(variables: Variables, tell: Tell): Deployment {
  const read = readSettings(variables);
  for (const warning of read.warnings)
    tell(warn('settings.name', warning, 'Correct the name, or remove it. .env.example lists every setting.'));
  if ('problems' in read) {
    for (const problem of read.problems)
      tell(
        fail(
          'settings.valid',
          problem,
          'Change it as the sentence says (.env.example explains every setting), then run the doctor again.',
        ),
      );
    return fromValidSettings(variables);
  }
  const { settings } = read;
  const given = knownNames.filter((name) => (variables[name]?.trim() ?? '') !== '').length;
  tell(
    ok(
      'settings.valid',
      `${given === 0 ? 'none given, so the defaults hold' : `${given} given`}: ${chatsOf(settings)} before ${defenderOf(settings)}`,
    ),
  );
  tell(
    ok(
      'results.hosts',
      `result links are read and handed out where they lead to Azure storage (${shownHosts(resultHosts)})${settings.resultHosts.length === 0 ? ' alone; LR_RESULT_HOSTS adds hosts' : `, and to ${shownHosts(settings.resultHosts)} (LR_RESULT_HOSTS)`}`,
    ),
  );
  const options = optionsFrom(settings);
  return {
    options,
    policyFile: options.policyFile,
    dataDir: options.dataDir,
    listens: { host: options.host, port: options.port },
    admin: adminOf(settings),
    audiences: settings.audiences,
  };
}

function shownHosts(hosts: readonly string[]): string {
  return hosts.map((host) => (host.startsWith('.') ? `*${host}` : host)).join(', ');
}

function chatsOf({ chats }: Settings): string {
  return chats.length === 0 ? 'the local console' : chats.map(({ described }) => described).join(' and ');
}

function defenderOf({ defender }: Settings): string {
  if (defender.kind === 'simulator') return 'the simulated tenant inside the bot';
  return defender.auth.kind === 'none'
    ? `a simulated tenant at ${defender.url}`
    : `the Defender tenant ${defender.tenant} at ${defender.url}`;
}

/** From the settings that do not depend on others. */
function fromValidSettings(variables: Variables): Deployment {
  const own = readSettings(Object.fromEntries(ownMeaning.map((name) => [name, variables[name]])));
  if ('problems' in own)
    return {
      options: undefined,
      policyFile: undefined,
      dataDir: textOr(variables['LR_DATA_DIR'], './data'),
      listens: undefined,
      admin: undefined,
      audiences: [],
    };
  const { dataDir, policyFile, http, admin } = own.settings;
  return {
    options: undefined,
    // Whether the example would replace a missing file depends on the chats, which are not known here.
    policyFile: variables['LR_POLICY'] !== undefined || existsSync(policyFile) ? policyFile : undefined,
    dataDir,
    listens: { host: textOr(variables['HOST'], http.host), port: http.port },
    admin: adminOf({ http, admin }),
    audiences: [],
  };
}

function adminOf({ http, admin }: Pick<Settings, 'http' | 'admin'>): Deployment['admin'] {
  return admin === 'off' ? undefined : { host: admin.host, port: admin.port ?? portAfter(http.port) };
}

/** An empty value counts as absent, as in the settings. */
function textOr(value: string | undefined, otherwise: string): string {
  const text = value?.trim() ?? '';
  return text === '' ? otherwise : text;
}
