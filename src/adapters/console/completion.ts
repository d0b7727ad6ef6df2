// The words that can be typed, as data for the completion of the page. They are made from the table of forms
// and the policy, so that they are always up to date.
import { formOf, forms, isSessionWord, kindOf, kinds, listNames } from '../../bot/commands/forms.ts';
import type { CommandForm, Completes } from '../../bot/commands/forms.ts';
import { topicNames } from '../../bot/commands/help.ts';
import type { Policy, Recipe } from '../../bot/policy/policy.ts';

export interface VocabularyWord {
  readonly word: string;
  /** "dump <host> <process>", without the chat command's name. */
  readonly usage: string;
  readonly does: string;
  readonly example: string;
  readonly recipe: boolean;
  /** What completes each argument; null where only the person knows. */
  readonly completes: readonly (Completes | null)[];
  /** Index of the first word that can be `--reason`; absent where none is offered. */
  readonly reasonFrom?: number;
}

export interface Vocabulary {
  /** Recipes come first: they are wanted most of the time. */
  readonly words: readonly VocabularyWord[];
  readonly topics: readonly string[];
  readonly lists: readonly string[];
  /** Files of the live response library. */
  readonly library: readonly string[];
}

export function vocabulary(policy: Policy, library: readonly string[]): Vocabulary {
  const recipes = [...policy.recipes.values()].map(recipeWord);
  const commands = Object.entries<CommandForm>(forms).map(([word, form]) => ({
    ...common(word, form),
    recipe: false,
    ...(isSessionWord(word) ? reasonFrom(form) : {}),
  }));
  return { words: [...recipes, ...commands], topics: topicNames, lists: listNames, library };
}

function common(word: string, { args, usage, does, example }: CommandForm): Omit<VocabularyWord, 'recipe'> {
  return { word, usage, does, example, completes: args.map((arg) => kinds[kindOf(arg)].completes ?? null) };
}

/** The example of a recipe shows what its first argument looks like. */
function recipeWord(recipe: Recipe): VocabularyWord {
  const form = formOf(recipe);
  const { completes, ...rest } = common(recipe.name, form);
  const own = recipe.args.map((_, index) => (index === 0 ? 'example' : null));
  return { ...rest, recipe: true, completes: [...completes, ...own], ...reasonFrom(form) };
}

/** After all required arguments. */
function reasonFrom({ usage }: CommandForm): { readonly reasonFrom: number } {
  return { reasonFrom: usage.split(' ').filter((part) => part.startsWith('<')).length + 1 };
}
