// Library files that recipes name, and what recipes pass to each.
import type { Policy } from '../policy.ts';
import { placePattern, placesIn } from './recipes.ts';

/**
 * Library file names and the recipes that need each. Names that contain an argument are known only once a recipe
 * is used.
 */
export function neededFiles(policy: Policy): ReadonlyMap<string, readonly string[]> {
  const needed = new Map<string, readonly string[]>();
  for (const [recipe, { commands }] of policy.recipes) {
    for (const command of commands) {
      const file =
        command.type === 'RunScript'
          ? command.scriptName
          : command.type === 'PutFile'
            ? command.fileName
            : undefined;
      if (file === undefined || file.search(placePattern) >= 0) continue;
      needed.set(file, [...new Set([...(needed.get(file) ?? []), recipe])]);
    }
  }
  return needed;
}

/**
 * What the recipes hand to a script: the names of its arguments, "text" where they are written out; undefined
 * where none hands it anything.
 */
export function parametersOf(policy: Policy, file: string): string | undefined {
  const names = new Set<string>();
  for (const { commands } of policy.recipes.values()) {
    for (const command of commands) {
      if (
        command.type !== 'RunScript' ||
        command.args === undefined ||
        command.scriptName.toLowerCase() !== file.toLowerCase()
      )
        continue;
      const places = placesIn(command.args);
      for (const name of places.length === 0 ? ['text'] : places.map((place) => place.name)) names.add(name);
    }
  }
  return names.size === 0 ? undefined : [...names].join(', ');
}
