// Flags and secrets that were given and that the chosen chats and tenant do not use: each is refused.
import { secretsFor } from './answers.ts';
import type { Chat, ChatAnswers, Tenant } from './answers.ts';
import type { GivenSettings } from './settingsFile.ts';

export interface Chosen {
  /** Undefined: it will be asked for. */
  readonly chats: readonly Chat[] | undefined;
  readonly tenant: Tenant | undefined;
  /** The tenant was given, and does not only follow from nobody being asked. */
  readonly byName: boolean;
}

export type Options = Readonly<Record<string, string | undefined>>;

/**
 * What was given and would count for nothing. Dropped without a word, it would leave a simulated tenant to
 * people who gave a real one.
 */
export function unused(
  { chats, tenant, byName }: Chosen,
  { teams, defender }: { readonly teams: Options; readonly defender: Options },
): readonly string[] {
  const flags = (of: Options): readonly string[] =>
    Object.keys(of)
      .filter((name) => of[name] !== undefined)
      .map((name) => `--${name}`);
  const belong = (names: readonly string[]): string =>
    `${new Intl.ListFormat('en-GB').format(names)} ${names.length === 1 ? 'belongs' : 'belong'} to`;
  const [ofTeams, ofDefender] = [flags(teams), flags(defender)];
  const them = ofDefender.length === 1 ? 'it' : 'them';
  return [
    ...(chats === undefined || chats.includes('teams') || ofTeams.length === 0
      ? []
      : [
          `${belong(ofTeams)} Teams, and --chat does not hold teams. Add it there, or leave ${ofTeams.length === 1 ? 'it' : 'them'} out.`,
        ]),
    ...(tenant !== 'simulator' || ofDefender.length === 0
      ? []
      : [
          `${belong(ofDefender)} a real Defender, and ${byName ? `--tenant is simulator. Give another --tenant, or leave ${them} out.` : 'without --tenant the simulated one is written. Give --tenant as well: certificate, secret, managed-identity or workload-identity.'}`,
        ]),
    ...(tenant === undefined ||
    tenant === 'simulator' ||
    tenant === 'certificate' ||
    defender['certificate'] === undefined
      ? []
      : [
          `--certificate belongs to --tenant certificate, and --tenant is ${tenant}. Give the other --tenant, or leave it out.`,
        ]),
  ];
}

/** Secrets that were given and that the choice does not use. */
export function unusedSecrets(
  { chats, tenant }: Chosen,
  teamsType: ChatAnswers['teamsType'],
  { named, more }: GivenSettings,
): readonly string[] {
  if (chats === undefined || tenant === undefined) return [];
  const certificate = more['MicrosoftAppCertificatePath'];
  const needed = secretsFor(
    {
      chats,
      ...(teamsType === undefined ? {} : { teamsType }),
      ...(certificate === undefined ? {} : { teamsCertificate: certificate }),
    },
    { tenant },
  );
  return named
    .filter((name) => !needed.includes(name))
    .map(
      (name) =>
        `${name} is given, and what was chosen does not use it. Choose what does (--chat, --teams-type, --tenant), or leave it out.`,
    );
}
