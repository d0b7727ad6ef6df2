// What can be typed, as data for the page's completion: made from the command forms and the policy, so that
// it cannot lag behind them.
import { listNames } from '../../bot/commands/arguments/kinds.ts';
import { forms } from '../../bot/commands/forms.ts';
import { topicNames } from '../../bot/commands/help.ts';
import type { Policy } from '../../bot/policy/policy.ts';

export interface VocabularyWord {
  readonly word: string;
  /** "dump <host> <process>", without the chat command's name. */
  readonly usage: string;
  readonly does: string;
  readonly example: string;
  readonly recipe: boolean;
}

export interface Vocabulary {
  /** Recipes first: they are what is wanted most of the time. */
  readonly words: readonly VocabularyWord[];
  readonly topics: readonly string[];
  readonly lists: readonly string[];
  /** Files of the live response library. */
  readonly library: readonly string[];
}

export function vocabulary(policy: Policy, library: readonly string[]): Vocabulary {
  const recipes = [...policy.recipes.values()].map(({ name, usage, description, example }) => ({
    word: name,
    usage,
    does: description ?? '',
    example: example ?? usage,
    recipe: true,
  }));
  const commands = Object.entries(forms).map(([word, form]) => ({ word, ...form, recipe: false }));
  return { words: [...recipes, ...commands], topics: topicNames, lists: listNames, library };
}
