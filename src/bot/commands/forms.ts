// The table of what can be typed: each word with its arguments, an example that works, and what it does; grammar,
// help, completion and README read it. And the kinds of arguments: what each is called, and what completes it.
import type { Command } from '../../liveResponse/commands.ts';
import type { Recipe } from '../policy/policy.ts';

export const listNames = ['mine', 'pending', 'running', 'recent'] as const;
export type ListName = (typeof listNames)[number];

/** What an argument of each kind gives. Where it may be left out, it gives nothing, or what `Absent` says. */
export interface Gives {
  /** Lower-cased, without what ends a sentence. */
  readonly host: { readonly host: string };
  readonly device: { readonly name: string };
  /** In its stored form. */
  readonly id: { readonly id: string };
  readonly code: { readonly fingerprint: string; readonly revision?: number };
  /** Counted from 0, as Defender does. */
  readonly index: { readonly index: number };
  /** Counted from 1. */
  readonly page: { readonly page: number };
  readonly list: { readonly which: ListName };
  readonly topic: { readonly topic: string };
  /** A word of digits alone is a page: no script has such a name. */
  readonly libraryFile: { readonly name?: string; readonly page?: number };
  /** Absent where nothing but quotes was typed. */
  readonly reason: { readonly reason?: string };
  readonly why: { readonly why: string };
  readonly script: { readonly scriptName: string };
  readonly scriptArgs: { readonly args: string };
  readonly file: { readonly fileName: string };
  readonly path: { readonly path: string };
  /** Commands of one session, with " ; " between them. */
  readonly parts: { readonly commands: readonly Command[] };
}
export type Kind = keyof Gives;

/** What an optional argument gives when it is left out, where that is more than nothing. */
export interface Absent {
  readonly list: Gives['list'];
}
export const absent: Readonly<Absent> = { list: { which: 'pending' } };

/** `id`, or `id?` where it may be left out. */
export type Arg = Kind | `${Kind}?`;

/** What a client can offer for an argument; what it has of each is its own knowledge. */
export type Completes =
  'hosts' | 'requests' | 'codes' | 'topics' | 'lists' | 'library' | 'scripts' | 'example';

interface KindRow {
  /** Its name in a usage, without brackets. */
  readonly usage: string;
  /** What is missing where there is none. */
  readonly what: string;
  readonly completes?: Completes;
  /** Takes the words to the end of the line, or refuses them itself: nothing can be left over behind it. */
  readonly rest?: true;
}

export const kinds: Readonly<Record<Kind, KindRow>> = {
  host: { usage: 'host', what: 'the host', completes: 'hosts' },
  device: { usage: 'name', what: 'the host', completes: 'hosts' },
  id: { usage: 'id', what: 'the request id', completes: 'requests' },
  code: { usage: 'code', what: 'the code', completes: 'codes', rest: true },
  index: { usage: 'index', what: 'the index' },
  page: { usage: 'page', what: 'the page' },
  list: { usage: listNames.join('|'), what: 'which requests', completes: 'lists', rest: true },
  topic: { usage: 'topic', what: 'the topic', completes: 'topics', rest: true },
  libraryFile: { usage: 'name|page', what: 'the file or page', completes: 'library' },
  reason: { usage: 'reason', what: 'the reason', rest: true },
  why: { usage: 'why', what: 'the reason for the freeze', rest: true },
  script: { usage: 'script', what: 'the script', completes: 'scripts' },
  scriptArgs: { usage: 'args', what: 'the arguments', rest: true },
  file: { usage: 'file', what: 'the file', completes: 'library' },
  path: { usage: 'path', what: 'the path', rest: true },
  parts: { usage: 'command ; command', what: 'what to do', rest: true },
};

export function kindOf(arg: Arg): Kind {
  return (arg.endsWith('?') ? arg.slice(0, -1) : arg) as Kind;
}

export function isOptional(arg: Arg): boolean {
  return arg.endsWith('?');
}

/** `<id>`, or `[id]` where it may be left out. */
export function usageOf(arg: Arg): string {
  const { usage } = kinds[kindOf(arg)];
  return isOptional(arg) ? `[${usage}]` : `<${usage}>`;
}

type GivenBy<A extends Arg> = A extends `${infer K extends Kind}?`
  ? K extends keyof Absent
    ? Absent[K]
    : Partial<Gives[K]>
  : A extends Kind
    ? Gives[A]
    : never;

/** What a list of arguments gives together. */
export type Given<Args extends readonly Arg[]> = Args extends readonly [
  infer First extends Arg,
  ...infer More extends readonly Arg[],
]
  ? GivenBy<First> & Given<More>
  : object;

export interface CommandForm {
  readonly args: readonly Arg[];
  /** "status [id]", without the chat command's name. */
  readonly usage: string;
  readonly example: string;
  readonly does: string;
}

/** What can be done with a device, without the device: the parts of a sequence. */
export const parts = {
  put: ['file'],
  run: ['script', 'scriptArgs?'],
  get: ['path'],
} as const satisfies Readonly<Record<string, readonly Arg[]>>;
export type PartVerb = keyof typeof parts;
/** In the order in which Defender takes them. */
export const partVerbs: readonly PartVerb[] = ['put', 'run', 'get'];

const partsUsage = partVerbs.map((word) => [word, ...parts[word].map(usageOf)].join(' ')).join(' ; ');

/** One row: `args` decides how the line is read and how its usage is written. */
function form<const Args extends readonly Arg[]>(
  word: string,
  args: Args,
  example: string,
  does: string,
): Omit<CommandForm, 'args'> & { readonly args: Args } {
  const written = args.map((arg) => (arg === 'parts' ? partsUsage : usageOf(arg)));
  return { args, usage: [word, ...written].join(' '), example, does };
}

export const forms = {
  help: form('help', ['topic?'], 'help run', 'what can be typed, or more about one topic'),
  recipes: form('recipes', [], 'recipes', 'the recipes of the policy and what they run'),
  run: form(
    'run',
    ['host', ...parts.run],
    'run hosta collect.ps1 -Path "C:\\Program Files"',
    'one script of the library',
  ),
  get: form(
    'get',
    ['host', ...parts.get],
    'get hosta "C:\\Windows\\System32\\drivers\\etc\\hosts"',
    'collect one file from the device',
  ),
  put: form(
    'put',
    ['host', ...parts.put],
    'put hosta tool.exe',
    'copy one file of the library to the device',
  ),
  on: form(
    'on',
    ['host', 'parts'],
    'on hosta put tool.exe ; run collect.ps1 -Path "C:\\Program Files" ; get "C:\\windows\\TEMP\\collect.zip"',
    'several commands in one session',
  ),
  host: form('host', ['device'], 'host hosta', 'which device that is, and whether it may be used'),
  scripts: form(
    'scripts',
    ['libraryFile?'],
    'scripts minidump.ps1',
    'what the live response library holds: hash, age, and the recipes that use it',
  ),
  status: form(
    'status',
    ['id?'],
    'status lr-7f3k2q',
    'one request as it is now; without an id the bot itself: frozen, Defender, queue, cards',
  ),
  list: form('list', ['list?'], 'list mine', 'requests; pending when you name nothing'),
  approve: form(
    'approve',
    ['id', 'code?'],
    'approve lr-7f3k2q r1-1c9e04ab5d6f7a8b',
    'approve exactly what the code stands for; without it you are shown the whole request and the line with its code',
  ),
  deny: form('deny', ['id', 'reason?'], 'deny lr-7f3k2q wrong host', 'refuse a request'),
  cancel: form(
    'cancel',
    ['id', 'reason?'],
    'cancel lr-7f3k2q not needed any more',
    'withdraw a waiting request, or stop a running one',
  ),
  retry: form(
    'retry',
    ['id', 'index?'],
    'retry lr-7f3k2q 1',
    'ask for the rest of a failed request, or for an expired one again; it needs a new approval',
  ),
  link: form('link', ['id', 'index?'], 'link lr-7f3k2q 1', 'a fresh download link, for you alone'),
  output: form(
    'output',
    ['id', 'index?', 'page?'],
    'output lr-7f3k2q 0 2',
    'what a script printed, page by page, for you alone',
  ),
  freeze: form(
    'freeze',
    ['why'],
    'freeze tenant maintenance until noon',
    'stop all submissions; it is announced where approvals are decided',
  ),
  unfreeze: form('unfreeze', [], 'unfreeze', 'let submissions go on'),
  whoami: form('whoami', [], 'whoami', 'your ids and roles'),
  quota: form('quota', [], 'quota', 'what is left of Defender’s limits'),
} as const satisfies Readonly<Record<string, CommandForm>>;

/** A recipe as a row: the device, then its own arguments, which recipes.ts fills in. */
export function formOf({ usage, example, description }: Recipe): CommandForm {
  return { args: ['host'], usage, example: example ?? usage, does: description ?? '' };
}

export type CommandWord = keyof typeof forms;

type FirstArg<W extends CommandWord> = (typeof forms)[W]['args'] extends readonly [infer First, ...unknown[]]
  ? First
  : undefined;
/** The words that take the id of a request. */
export type IdVerb = { [W in CommandWord]: FirstArg<W> extends 'id' | 'id?' ? W : never }[CommandWord];

/** Words that ask for a live response session, as recipes do. */
export const sessionWords = ['run', 'get', 'put', 'on'] as const;
export type SessionWord = (typeof sessionWords)[number];

export function isSessionWord(word: string): word is SessionWord {
  return (sessionWords as readonly string[]).includes(word);
}

/** All words; a recipe may have none of these names. */
export const commandWords: readonly CommandWord[] = Object.keys(forms) as CommandWord[];

export function isCommandWord(word: string): word is CommandWord {
  return Object.hasOwn(forms, word);
}

/** Words that people of other tools type, and what they mean here. */
export const foreignWords: ReadonlyMap<string, CommandWord> = new Map<string, CommandWord>([
  ['reject', 'deny'],
  ['refuse', 'deny'],
  ['ok', 'approve'],
  ['accept', 'approve'],
  ['stop', 'cancel'],
  ['abort', 'cancel'],
  ['withdraw', 'cancel'],
  ['kill', 'cancel'],
  ['exec', 'run'],
  ['execute', 'run'],
  ['runscript', 'run'],
  ['script', 'run'],
  ['getfile', 'get'],
  ['fetch', 'get'],
  ['again', 'retry'],
  ['rerun', 'retry'],
  ['resume', 'retry'],
  ['download', 'link'],
  ['putfile', 'put'],
  ['upload', 'put'],
  ['device', 'host'],
  ['machine', 'host'],
  ['result', 'output'],
  ['results', 'output'],
  ['log', 'output'],
  ['library', 'scripts'],
  ['requests', 'list'],
  ['ls', 'list'],
  ['lockdown', 'freeze'],
  ['thaw', 'unfreeze'],
  ['me', 'whoami'],
  ['limits', 'quota'],
  ['commands', 'help'],
  ['?', 'help'],
]);
