// Help, as somebody reads it at three in the morning: what to type first, then one screen per topic. Every
// example here is parsed by a test.
import { shownCommand } from '../../../cards/steps.ts';
import type { Explained } from '../ports.ts';
import type { CommandWord } from './forms.ts';
import { commandWords, forms, isCommandWord } from './forms.ts';
import type { Recipe } from '../policy/policy.ts';
import { systemsOf } from '../policy/recipes/recipeSystems.ts';

interface Topic {
  readonly lead: string;
  /** Lines without the chat command's name; each must parse. */
  readonly examples: readonly string[];
  readonly more: readonly string[];
}

/** Examples are checked by a test; sentences are kept short enough for a phone. */
const texts = {
  run: {
    lead: 'Runs one script of the live response library.',
    examples: [
      'run hosta collect.ps1',
      forms.run.example,
      'run hosta collect.ps1 -Deep --reason "beacon seen at 02:40"',
    ],
    more: [
      'Everything after the script name is handed to it exactly as typed, quotes and spaces included.',
      'A backslash escapes nothing: "C:\\out\\" is a whole quoted path.',
      '--reason stands at the very end. An option of the script with that name goes in quotes: "--reason".',
      'Defender stops a script after 10 minutes.',
    ],
  },
  get: {
    lead: 'Collects one file. It comes back as a download link.',
    examples: [
      'get hosta C:\\Windows\\Temp\\trace.etl',
      'get hosta "C:\\Program Files\\app\\app.log" --reason "crash at 02:40"',
    ],
    more: [
      'A path with spaces may stand in quotes or without; quotes go around the whole path.',
      'A file in use cannot be collected: copy it with a script first, or use a recipe.',
    ],
  },
  put: {
    lead: 'Copies one file of the live response library into the session’s folder on the device.',
    examples: ['put hosta tool.exe'],
    more: [
      'Only files that are in the library can be copied.',
      'To run something with it, ask for both in one session: help on.',
    ],
  },
  on: {
    lead: 'Several commands in one session on one device, with " ; " between them.',
    examples: [forms.on.example, 'on hosta run one.ps1 ; run two.ps1 -Fast --reason "second look"'],
    more: [
      'Order: put first, then run, then get; another order is refused.',
      'At most 10 commands.',
      'If one fails, those after it are not run.',
    ],
  },
  scripts: {
    lead: 'What the live response library of the tenant holds: a script can only be run, and a file only be put, when it is there.',
    examples: ['scripts', 'scripts 2', forms.scripts.example],
    more: [
      'The hash is the beginning of the file’s SHA-256; "scripts <name>" shows all of it.',
      'What a card shows of a script is what is approved: if the script changes before it is sent, nothing is sent.',
      'Listing needs the permission Library.Manage; without it cards say "script content not verified".',
    ],
  },
  approve: {
    lead: 'Nobody approves their own request. Nothing runs before the approval, and what was approved cannot change.',
    examples: ['approve lr-7f3k2q', forms.approve.example, 'deny lr-7f3k2q wrong host'],
    more: [
      'Press Approve on the card, or type the id: you are shown the whole request and the line to type.',
      'Its code holds for the request as you were shown it; if anything differs since, nothing is approved. The 8 digits on a card are for eyes only.',
      'An unanswered request expires, and an approval that could not be used in time lapses. Neither ever runs.',
    ],
  },
  retry: {
    lead: 'Asks for what a failed, timed-out or cancelled session did not do, or for an expired request again. Another person approves it like any other.',
    examples: ['retry lr-7f3k2q', forms.retry.example, 'retry lr-7f3k2q 1 --reason "file was locked before"'],
    more: [
      'Without an index it goes on with the first command that did not complete. The button on the card does the same.',
      'The device is looked up again, and policy, roles and limits are those of today. You are the requester of the new one.',
      'What was put on the device may be gone: its working folder is deleted when the device restarts. Index 0 repeats everything.',
      'Pressed twice, it is one request. A denied, withdrawn or dropped request is not carried over: type it again.',
    ],
  },
  results: {
    lead: 'The card shows what a script printed and holds a fresh download link. Links die after 30 minutes; a new one takes a second.',
    examples: [
      'link lr-7f3k2q',
      'link lr-7f3k2q 1',
      'output lr-7f3k2q 0',
      'output lr-7f3k2q 0 2',
      'status lr-7f3k2q',
      'list recent',
    ],
    more: [
      'Commands are counted from 0, as Defender does; pages from 1.',
      'A link is a key: anyone who has it can download. It is given to you alone, and every one is recorded.',
    ],
  },
  freeze: {
    lead: 'Stops all submissions at once, for everybody, also after a restart. What already runs goes on; cancel it one by one.',
    examples: ['freeze suspicious approvals', 'unfreeze', 'cancel lr-7f3k2q not needed any more'],
    more: [
      'While frozen, nothing can be asked for, approved or sent. Waiting requests go on ageing and expire.',
      'It is announced where approvals are decided, and so is its end.',
    ],
  },
  people: {
    lead: 'Who may do what stands in the policy file, by account id: names and e-mail addresses count for nothing.',
    examples: ['whoami'],
    more: [
      '"whoami" prints your ids ready to paste into the policy.',
      'One person may have an account in each chat, and stays one person.',
      'Guests and people of other organisations can only read help.',
    ],
  },
} as const satisfies Record<string, Topic>;

/**
 * The topics that have a text of their own; `recipes` and `commands` are made from the policy and the forms.
 */
export const topics: ReadonlyMap<string, Topic> = new Map(Object.entries(texts));

/** The topics of `help`. A recipe's name and a command word are topics as well. */
export const topicNames: readonly string[] = ['commands', 'recipes', ...topics.keys()];

/**
 * Help on a topic, a recipe or a command word; without one, what to type first. @param command the chat
 * command's name
 */
export function helpText(
  topic: string | undefined,
  recipes: ReadonlyMap<string, Recipe>,
  command = '/lr',
): Explained {
  if (topic === undefined) return overview(recipes, command);
  const recipe = recipes.get(topic);
  if (recipe !== undefined) return aboutRecipe(recipe, command);
  if (topic === 'recipes') return recipesText(recipes, command);
  if (topic === 'commands') return { text: 'All commands.', block: table(commandWords, command) };
  const known = topics.get(topic);
  if (known !== undefined)
    return {
      text: known.lead,
      block: [...known.examples.map((example) => `${command} ${example}`), '', ...known.more].join('\n'),
    };
  if (isCommandWord(topic))
    return {
      text: `${sentenceCase(forms[topic].does)}.`,
      block: `${command} ${forms[topic].usage}\n${command} ${forms[topic].example}`,
    };
  return overview(recipes, command);
}

const shownRecipes = 6;

function overview(recipes: ReadonlyMap<string, Recipe>, command: string): Explained {
  const some = [...recipes.values()].slice(0, shownRecipes).map((recipe) => recipe.usage);
  const block = [
    'Ask',
    ...some.map((usage) => `  ${command} ${usage}`),
    ...(recipes.size > shownRecipes ? [`  ${command} recipes   (${recipes.size - shownRecipes} more)`] : []),
    ...(['run', 'get', 'put', 'on'] as const).map((word) => `  ${command} ${forms[word].usage}`),
    '  add --reason "why" at the end, and --separate after it where the same is open already',
    'Decide',
    `  press Approve or Deny on the card, or ${command} approve <id>,`,
    '  which shows the request and the line to type',
    'Follow',
    `  ${command} list   ${command} status <id>   ${command} output <id>   ${command} link <id>   ${command} retry <id>`,
    `  ${command} status alone tells whether the bot and Defender work`,
    'Stop',
    `  ${command} cancel <id>   ${command} freeze <why>   ${command} unfreeze`,
    'More',
    `  ${command} help <topic>: ${topicNames.join(', ')}`,
  ].join('\n');
  return {
    text: 'You ask, another person approves, then it runs on the device and the card follows it.',
    block,
  };
}

/** The answer to `recipes`, and to `help recipes`. */
export function recipesText(recipes: ReadonlyMap<string, Recipe>, command = '/lr'): Explained {
  if (recipes.size === 0)
    return { text: 'There are no recipes here. They are written in the policy file, under "recipes".' };
  const block = [...recipes.values()].map((recipe) => recipeLines(recipe, command).join('\n')).join('\n\n');
  return { text: 'The recipes of the policy, and what each runs:', block };
}

function aboutRecipe(recipe: Recipe, command: string): Explained {
  const allowed = recipe.args.map(
    (argument) => `<${argument.name}>: at most ${argument.max} of ${argument.chars}, not beginning with "-"`,
  );
  const example = recipe.example === undefined ? [] : [`for example ${command} ${recipe.example}`];
  return {
    text: recipe.description ?? `The recipe ${recipe.name}.`,
    block: [...recipeLines(recipe, command), ...allowed, ...example].join('\n'),
  };
}

function recipeLines(recipe: Recipe, command: string): readonly string[] {
  return [
    `${command} ${recipe.usage}`,
    ...(recipe.description === undefined ? [] : [`  ${recipe.description}`]),
    ...(systemsOf(recipe) === undefined ? [] : [`  For ${systemsOf(recipe) ?? ''}.`]),
    ...recipe.commands.map((one, index) => `  ${index}  ${shownCommand(one)}`),
  ];
}

function table(words: readonly CommandWord[], command: string): string {
  return words.map((word) => `${command} ${forms[word].usage}\n    ${forms[word].does}`).join('\n');
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
