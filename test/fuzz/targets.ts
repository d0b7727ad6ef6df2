// The readers that are fuzzed, each loaded when it is asked for.
import type { Target } from './loop/target.ts';

type Load = () => Promise<Target>;

/** One line per reader. */
const readers: Readonly<Record<string, Load>> = {
  language: async () => (await import('./targets/language.ts')).language,
  transcript: async () => (await import('./targets/results.ts')).transcript,
  collectedFile: async () => (await import('./targets/results.ts')).collectedFile,
  slackPayloads: async () => (await import('./targets/slackDoor.ts')).slackPayloads,
  slackHttp: async () => (await import('./targets/http/slackHttp.ts')).slackHttp,
  teamsActivities: async () => (await import('./targets/teamsDoor.ts')).teamsActivities,
  teamsHttp: async () => (await import('./targets/http/teamsHttp.ts')).teamsHttp,
  consoleHttp: async () => (await import('./targets/http/consoleHttp.ts')).consoleHttp,
  policy: async () => (await import('./targets/policyFile.ts')).policyFile,
  dotEnv: async () => (await import('./targets/settings.ts')).dotEnv,
  defenderActions: async () => (await import('./targets/defender.ts')).defenderActions,
  defenderRefusals: async () => (await import('./targets/defender.ts')).defenderRefusals,
  resultLinks: async () => (await import('./targets/links.ts')).resultLinks,
  journalLines: async () => (await import('./targets/journal.ts')).journalLines,
  recordFiles: async () => (await import('./targets/recordFiles.ts')).recordFiles,
  auditExport: async () => (await import('./targets/auditExport.ts')).auditExport,
  cards: async () => (await import('./targets/cards.ts')).cards,
  shortTexts: async () => (await import('./targets/settings.ts')).shortTexts,
};

/** Readers that are wrong on purpose, each in its way: the fuzzer has to find out. */
const planted: Readonly<Record<string, Load>> = {
  plantedThrow: async () => (await import('./planted/planted.ts')).plantedThrow,
  plantedQuadratic: async () => (await import('./planted/planted.ts')).plantedQuadratic,
  plantedLeak: async () => (await import('./planted/planted.ts')).plantedLeak,
  plantedPollution: async () => (await import('./planted/planted.ts')).plantedPollution,
};

export const targetNames: readonly string[] = Object.keys(readers);
export const plantedNames: readonly string[] = Object.keys(planted);

/** @throws where there is none of that name */
export async function targetNamed(name: string): Promise<Target> {
  const load = readers[name] ?? planted[name];
  if (load === undefined)
    throw new RangeError(`There is no target ${name}. There are: ${targetNames.join(', ')}.`);
  return load();
}
