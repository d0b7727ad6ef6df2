// Operating systems of a recipe: compared with the device that was found, and with the recipes that fit it
// instead. An unknown system refuses nothing: Defender's word for it may be new.
import { familyOf } from '../../../liveResponse/device/records.ts';
import type { Device, System } from '../../../liveResponse/device/records.ts';
import type { Policy, Recipe } from '../policy.ts';
import { fill } from './recipes.ts';
import type { SessionAsk } from './sessionAsk.ts';

/** As people write them. */
export const systemNames = { windows: 'Windows', linux: 'Linux', macos: 'macOS' } as const satisfies Record<
  System,
  string
>;

/** `Linux and macOS`; undefined for a recipe that is for every system. */
export function systemsOf({ systems }: Pick<Recipe, 'systems'>): string | undefined {
  return systems === undefined ? undefined : namesOf(systems);
}

function namesOf(systems: readonly System[]): string {
  return systems.map((one) => systemNames[one]).join(' and ');
}

/**
 * `no`: the device runs another system, by name, and which recipes fit it. `unknown`: nobody can tell.
 * Undefined where it fits.
 */
export type SystemVerdict =
  | { readonly is: 'no'; readonly systems: string; readonly family: string; readonly fits: readonly Fit[] }
  | { readonly is: 'unknown'; readonly systems: string }
  | undefined;

/** `whole`: the line can be typed unchanged. */
export interface Fit {
  readonly line: string;
  readonly whole: boolean;
}

export interface WrongSystem {
  readonly refused: 'wrongSystem';
  readonly recipe: string;
  readonly systems: string;
  readonly device: string;
  readonly os: string;
  readonly family: string;
  readonly fits: readonly Fit[];
}

/** Recipes named in an answer. */
const mostFits = 3;

/**
 * @param ask with the values that the other recipe would take; without it only the verdict is wanted, such as
 * right before the POST
 */
export function judgeSystem(
  policy: Policy,
  recipe: Recipe,
  device: Pick<Device, 'os'>,
  ask?: {
    readonly host: string;
    readonly args: Readonly<Record<string, string>>;
    readonly reason?: string | undefined;
  },
): SystemVerdict {
  if (recipe.systems === undefined) return undefined;
  const systems = namesOf(recipe.systems);
  const family = familyOf(device.os);
  if (family === undefined) return { is: 'unknown', systems };
  if (family !== 'mobile' && recipe.systems.includes(family)) return undefined;
  const name = family === 'mobile' ? 'phones and tablets' : systemNames[family];
  return {
    is: 'no',
    systems,
    family: name,
    fits: family === 'mobile' || ask === undefined ? [] : fitsFor(policy, recipe, family, ask),
  };
}

/**
 * Those that say they are for this system; first the ones whose name has a beginning in common, then those
 * that take the same values.
 */
function fitsFor(
  policy: Policy,
  wrong: Recipe,
  family: System,
  {
    host,
    args,
    reason,
  }: {
    readonly host: string;
    readonly args: Readonly<Record<string, string>>;
    readonly reason?: string | undefined;
  },
): readonly Fit[] {
  const found = [...policy.recipes.values()].filter((one) => one.systems?.includes(family) === true);
  const alike = (one: Recipe): number =>
    wordsOf(one.name)[0] === wordsOf(wrong.name)[0] ? 0 : sameArguments(one, wrong) ? 1 : 2;
  return [...found]
    .sort((a, b) => alike(a) - alike(b))
    .slice(0, mostFits)
    .map((one) => {
      const given = one.args
        .map(({ name }) => (Object.hasOwn(args, name) ? args[name] : undefined))
        .filter((value) => value !== undefined);
      // With fewer values than it takes, a recipe makes no commands.
      const whole = 'commands' in fill(one, given);
      const because = reason === undefined ? '' : ` --reason "${reason.replaceAll('"', "'")}"`;
      return {
        line: whole ? `${[one.name, host, ...given].join(' ')}${because}` : one.usage.replace('<host>', host),
        whole,
      };
    });
}

function wordsOf(name: string): readonly string[] {
  return name.split(/[-_]/);
}

function sameArguments(one: Recipe, other: Recipe): boolean {
  return one.args.map(({ name }) => name).join(' ') === other.args.map(({ name }) => name).join(' ');
}

export function wrongSystemSentence(
  { recipe, systems, device, os, family, fits }: WrongSystem,
  command: string,
): string {
  const no = `${recipe} is for ${systems}; ${device} runs ${os}, so nothing was asked for.`;
  // Other marks than those around a reason: what is copied from between them is the whole line.
  const typed = fits.map(({ line }) => `“${command} ${line}”`);
  return typed.length === 0
    ? `${no} The policy has no recipe for ${family}. "${command} help commands" lists what can be asked for without one.`
    : `${no} For ${family}: ${typed.join(' or ')}.`;
}

/** The recipe of an ask as today's policy has it, with the values it was asked with. */
export function recipeOfAsk(
  policy: Policy,
  ask: SessionAsk,
): { readonly recipe: Recipe; readonly args: Readonly<Record<string, string>> } | undefined {
  const named =
    ask.kind === 'recipe'
      ? { name: ask.recipe, args: ask.args }
      : ask.kind === 'again'
        ? ask.recipe
        : undefined;
  if (named === undefined) return undefined;
  const recipe = policy.recipes.get(named.name);
  return recipe === undefined ? undefined : { recipe, args: named.args };
}
