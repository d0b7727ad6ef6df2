// Differences between the recipes of two policies, and between their rules for commands outside recipes.
import { commandLine } from '../../../liveResponse/commands.ts';
import type { Policy, Recipe } from '../policy.ts';
import { holds, readChars } from '../recipes/recipes.ts';
import { systemsOf } from '../recipes/recipeSystems.ts';
import { change } from './change.ts';
import type { Effect, PolicyChange } from './change.ts';

const rawWords = { RunScript: 'run', GetFile: 'get', PutFile: 'put' } as const;

/** Strictest first in the new policy; a tier that is gone there cannot be compared. */
function tierEffect(after: Policy, from: string, to: string): Effect {
  const placeOf = (wanted: string): number => after.tiers.findIndex(({ name }) => name === wanted);
  const old = placeOf(from);
  return old < 0 || placeOf(to) > old ? 'widens' : 'narrows';
}

export function recipes(before: Policy, after: Policy): readonly PolicyChange[] {
  const now = [...after.recipes.values()];
  const gone = [...before.recipes.keys()].filter((name) => !after.recipes.has(name));
  return [
    ...now
      .filter(({ name }) => !before.recipes.has(name))
      .map(({ name, tier }) =>
        change('widens', 'recipe added', `there is a recipe ${name}, in tier ${tier}`, { name }),
      ),
    ...gone.map((name) => change('narrows', 'recipe removed', `the recipe ${name} is gone`, { name })),
    ...now.flatMap((to) => {
      const from = before.recipes.get(to.name);
      return from === undefined ? [] : recipe(from, to, after);
    }),
  ];
}

function recipe(from: Recipe, to: Recipe, after: Policy): readonly PolicyChange[] {
  const { name } = to;
  const lines = (one: Recipe): string => one.commands.map(commandLine).join('; ');
  return [
    ...(from.tier === to.tier
      ? []
      : [
          change(
            tierEffect(after, from.tier, to.tier),
            'recipe tier',
            `the recipe ${name} is in tier ${to.tier}, was in ${from.tier}`,
            { name, from: from.tier, to: to.tier },
          ),
        ]),
    ...(lines(from) === lines(to)
      ? []
      : [
          change('widens', 'recipe commands', `the recipe ${name} runs other commands: ${lines(to)}`, {
            name,
          }),
        ]),
    ...systemChanges(from, to),
    ...argumentChanges(from, to),
  ];
}

/** One more system is looser, and so is a different one: the recipe may run there for the first time. */
function systemChanges(from: Recipe, to: Recipe): readonly PolicyChange[] {
  const every = 'every system';
  const [was, is] = [systemsOf(from) ?? every, systemsOf(to) ?? every];
  if (was === is) return [];
  const looser =
    to.systems === undefined ||
    (from.systems !== undefined && to.systems.some((one) => from.systems?.includes(one) !== true));
  return [
    change(
      looser ? 'widens' : 'narrows',
      'recipe systems',
      `the recipe ${to.name} is for ${is}, was for ${was}`,
      { name: to.name, from: was, to: is },
    ),
  ];
}

function argumentChanges(from: Recipe, to: Recipe): readonly PolicyChange[] {
  const names = (one: Recipe): string => one.args.map((argument) => argument.name).join(' ');
  if (names(from) !== names(to))
    return [
      change(
        'widens',
        'recipe arguments',
        `the recipe ${to.name} takes other arguments: ${names(to) === '' ? 'none' : names(to)}`,
        { name: to.name },
      ),
    ];
  return to.args.flatMap((argument, at) => {
    const old = from.args[at];
    if (old === undefined || (old.chars === argument.chars && old.max === argument.max)) return [];
    const looser = argument.max > old.max || !within(argument.chars, old.chars);
    return [
      change(
        looser ? 'widens' : 'narrows',
        'recipe argument',
        `the recipe ${to.name} takes ${looser ? 'more' : 'less'} as ${argument.name}: at most ${argument.max} of ${argument.chars}, was ${old.max} of ${old.chars}`,
        { name: to.name, field: argument.name },
      ),
    ];
  });
}

/** Whether every character of one list is in the other. */
function within(inner: string, outer: string): boolean {
  const ranges = readChars(outer) ?? [];
  return (readChars(inner) ?? []).every(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)).every((one) =>
      holds(ranges, one),
    ),
  );
}

export function raw(before: Policy, after: Policy): readonly PolicyChange[] {
  return (['RunScript', 'GetFile', 'PutFile'] as const).flatMap((type) => {
    const [from, to] = [before.raw[type], after.raw[type]];
    const name = rawWords[type];
    if (from === to) return [];
    if (to === undefined)
      return [change('narrows', 'command removed', `${name} is no longer allowed outside recipes`, { name })];
    if (from === undefined)
      return [
        change('widens', 'command added', `${name} is allowed outside recipes, in tier ${to}`, { name }),
      ];
    return [
      change(
        tierEffect(after, from, to),
        'command tier',
        `${name} outside recipes is in tier ${to}, was in ${from}`,
        { name, from, to },
      ),
    ];
  });
}
