// Every form of the command language: how it is written, one example that works, and what it does. Help and
// corrections are made from this.

export interface CommandForm {
  readonly usage: string;
  readonly example: string;
  readonly does: string;
}

export const forms = {
  help: { usage: 'help [topic]', example: 'help run', does: 'what can be typed, or more about one topic' },
  recipes: { usage: 'recipes', example: 'recipes', does: 'the recipes of the policy and what they run' },
  run: {
    usage: 'run <host> <script> [args]',
    example: 'run hosta collect.ps1 -Path "C:\\Program Files"',
    does: 'one script of the library',
  },
  get: {
    usage: 'get <host> <path>',
    example: 'get hosta "C:\\Windows\\System32\\drivers\\etc\\hosts"',
    does: 'collect one file from the device',
  },
  put: {
    usage: 'put <host> <file>',
    example: 'put hosta tool.exe',
    does: 'copy one file of the library to the device',
  },
  on: {
    usage: 'on <host> put <file> ; run <script> [args] ; get <path>',
    example:
      'on hosta put tool.exe ; run collect.ps1 -Path "C:\\Program Files" ; get "C:\\windows\\TEMP\\collect.zip"',
    does: 'several commands in one session',
  },
  host: {
    usage: 'host <name>',
    example: 'host hosta',
    does: 'which device that is, and whether it may be used',
  },
  scripts: {
    usage: 'scripts [name|page]',
    example: 'scripts minidump.ps1',
    does: 'what the live response library holds: hash, age, and the recipes that use it',
  },
  status: {
    usage: 'status [id]',
    example: 'status lr-7f3k2q',
    does: 'one request as it is now; without an id the bot itself: frozen, Defender, queue, cards',
  },
  list: {
    usage: 'list [mine|pending|running|recent]',
    example: 'list mine',
    does: 'requests; pending when you name nothing',
  },
  approve: {
    usage: 'approve <id> [code]',
    example: 'approve lr-7f3k2q r1-1c9e04ab5d6f7a8b',
    does: 'approve exactly what the code stands for; without it you are shown the whole request and the line with its code',
  },
  deny: { usage: 'deny <id> [reason]', example: 'deny lr-7f3k2q wrong host', does: 'refuse a request' },
  cancel: {
    usage: 'cancel <id> [reason]',
    example: 'cancel lr-7f3k2q not needed any more',
    does: 'withdraw a waiting request, or stop a running one',
  },
  retry: {
    usage: 'retry <id> [index]',
    example: 'retry lr-7f3k2q 1',
    does: 'ask for the rest of a failed request, or for an expired one again; it needs a new approval',
  },
  link: {
    usage: 'link <id> [index]',
    example: 'link lr-7f3k2q 1',
    does: 'a fresh download link, for you alone',
  },
  output: {
    usage: 'output <id> [index] [page]',
    example: 'output lr-7f3k2q 0 2',
    does: 'what a script printed, page by page, for you alone',
  },
  freeze: {
    usage: 'freeze <why>',
    example: 'freeze tenant maintenance until noon',
    does: 'stop all submissions; it is announced where approvals are decided',
  },
  unfreeze: { usage: 'unfreeze', example: 'unfreeze', does: 'let submissions go on' },
  whoami: { usage: 'whoami', example: 'whoami', does: 'your ids and roles' },
  quota: { usage: 'quota', example: 'quota', does: 'what is left of Defender’s limits' },
} as const satisfies Record<string, CommandForm>;

export type CommandWord = keyof typeof forms;

/** All verbs; a recipe may bear none of these names. */
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

/** The topics of `help`. A recipe's name and a command word are topics as well. */
export const topicNames: readonly string[] = [
  'commands',
  'recipes',
  'run',
  'get',
  'put',
  'on',
  'scripts',
  'approve',
  'retry',
  'results',
  'freeze',
  'people',
];
