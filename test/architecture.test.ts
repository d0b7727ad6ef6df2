// The import rules of docs/architecture.md, read from the sources themselves.
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { root } from './support/root.ts';

interface Import {
  readonly from: string;
  /** A path below the root, or a package name. */
  readonly to: string;
  readonly ours: boolean;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

const files = ['src', 'cards'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name).split(sep).join('/')),
);

const pattern =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function importsOf(file: string, text = readFileSync(join(root, file), 'utf8')): readonly Import[] {
  return [...text.matchAll(pattern)].map((match) => {
    const name = match[2] ?? match[3] ?? '';
    const ours = name.startsWith('.');
    const to = ours
      ? normalize(join(dirname(file), name))
          .split(sep)
          .join('/')
      : name;
    return { from: file, to, ours, typeOnly: match[1] !== undefined, dynamic: match[3] !== undefined };
  });
}

const imports = files.flatMap((file) => importsOf(file));

/** Lower may not know higher. */
function layer(file: string): number {
  if (file.startsWith('src/liveResponse/')) return 0;
  if (file.startsWith('cards/')) return 1;
  if (file.startsWith('src/bot/')) return 2;
  if (file.startsWith('src/adapters/')) return 3;
  return 4; // src/*.ts: composition and programs; src/doctor, src/acceptance, src/library: what one of these programs is made of.
}
/** Inside src/bot, lower first. What lies in no folder of its own is for all of them. */
const botFolders = ['src/bot/policy/', 'src/bot/commands/', 'src/bot/workers/', 'src/bot/handlers/'] as const;
const botFolder = (file: string) => botFolders.findIndex((folder) => file.startsWith(folder));
const isSimulator = (file: string) => file.startsWith('src/simulator/');

/** The one folder each package may be imported from. */
const doors: Readonly<Record<string, string | readonly string[]>> = {
  botbuilder: 'src/adapters/teams/botbuilder/',
  'botframework-connector': 'src/adapters/teams/botbuilder/',
  'botframework-schema': 'src/adapters/teams/botbuilder/',
  jose: 'src/adapters/teams/direct/',
  '@slack/bolt': 'src/adapters/slack/',
  '@slack/web-api': 'src/adapters/slack/',
  '@slack/socket-mode': 'src/adapters/slack/',
  undici: 'src/adapters/outbound/',
  'https-proxy-agent': 'src/adapters/outbound/',
  '@azure/identity': 'src/adapters/entra/',
  '@azure/msal-node': 'src/adapters/entra/',
  lowdb: 'src/adapters/store/',
  zod: 'src/adapters/config/',
  yaml: 'src/adapters/config/',
  'prom-client': 'src/adapters/http/',
  adaptivecards: 'src/adapters/console/',
  pino: 'src/adapters/log.ts',
  // The simulator imports nothing of ours, so that the other one cannot lend it its own.
  fflate: ['src/simulator/', 'src/adapters/teams/appPackage.ts'],
  'csv-parse': 'src/adapters/store/',
  ws: 'src/demo/',
  '@clack/prompts': 'src/setup/terminal.ts',
};

function packageOf(name: string): string {
  const parts = name.split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name);
}

/** Each chat's folder, known by its platform value. */
const chatFolders = files
  .filter((file) => /^src\/adapters\/[^/]+\/platform\.ts$/.test(file))
  .map((file) => file.slice(0, -'platform.ts'.length));

/** Chats by their folders, their SDKs by the doors in those folders, and what their cards are written in. */
const chatNames = [
  ...chatFolders.map((folder) => folder.split('/').at(-2) ?? ''),
  ...Object.entries(doors).flatMap(([name, door]) =>
    chatFolders.some((folder) => [door].flat().some((one) => one.startsWith(folder)))
      ? [name.split('/').at(-1) ?? '']
      : [],
  ),
  'bot ?framework',
  'block ?kit',
  'adaptive ?card',
].filter((name) => !['fflate', 'jose'].includes(name));

/** A name counts at the beginning of a word or of a part of one: `serviceSlack` too, `steamship` not. */
function chatsNamedIn(file: string, text: string): readonly string[] {
  const word = new RegExp(
    chatNames
      .flatMap((name) => [`(?<![a-z])${name}`, `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`])
      .join('|'),
  );
  const loud = new RegExp(`(?<![a-zA-Z])(?:${chatNames.join('|')})`, 'i');
  return text
    .split('\n')
    .flatMap((line, at) => (word.test(line) || loud.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : []));
}

/** What is loaded with a file: static imports that are no types, and theirs. */
function reachedFrom(start: string): readonly string[] {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const one of imports)
      if (one.from === file && one.ours && !one.typeOnly && !one.dynamic) visit(one.to);
  };
  visit(start);
  return [...reached];
}

const shown = (one: Import) => `${one.from} -> ${one.to}`;

describe('the architecture', () => {
  test('is read from a tree that is really there', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(imports.filter((one) => one.ours).length).toBeGreaterThan(files.length);
  });

  test('lets imports point one way only: liveResponse <- cards <- bot <- adapters <- main', () => {
    const wrong = imports.filter(
      (one) => one.ours && !isSimulator(one.from) && !isSimulator(one.to) && layer(one.to) > layer(one.from),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('keeps the simulator apart: it imports nothing of ours, and only the composition imports it', () => {
    expect(
      imports.filter((one) => one.ours && isSimulator(one.from) && !isSimulator(one.to)).map(shown),
    ).toEqual([]);
    expect(
      imports
        .filter((one) => isSimulator(one.to) && !isSimulator(one.from) && layer(one.from) < 4)
        .map(shown),
    ).toEqual([]);
  });

  test('keeps the doctor out of the bot and the bot’s changes out of the doctor', () => {
    const isDoctor = (file: string) => file.startsWith('src/doctor/');
    expect(
      imports
        .filter((one) => isDoctor(one.to) && !isDoctor(one.from) && one.from !== 'src/cli/doctor.ts')
        .map(shown),
    ).toEqual([]);
    // What writes journals, starts sessions or posts cards; types say nothing at run time.
    const changing = [
      'src/app/compose.ts',
      'src/app/chats.ts',
      'src/adapters/defender/client.ts',
      'src/adapters/store/journal/requestStore.ts',
      'src/adapters/store/journal/journal.ts',
      'src/adapters/slack/outbound/chat.ts',
      'src/adapters/teams/outbound/connector.ts',
    ];
    expect(changing.filter((file) => !files.includes(file))).toEqual([]);
    expect(
      imports.filter((one) => isDoctor(one.from) && !one.typeOnly && changing.includes(one.to)).map(shown),
    ).toEqual([]);
  });

  test('keeps the acceptance to its program, and what looks on in it to readings', () => {
    const isAcceptance = (file: string) => file.startsWith('src/acceptance/');
    expect(
      imports
        .filter(
          (one) => isAcceptance(one.to) && !isAcceptance(one.from) && one.from !== 'src/cli/acceptance.ts',
        )
        .map(shown),
    ).toEqual([]);
    // The bot alone submits: it is started as a whole, and nothing here has its client or its store.
    const changing = [
      'src/adapters/defender/client.ts',
      'src/adapters/store/journal/requestStore.ts',
      'src/adapters/store/journal/journal.ts',
      'src/app/chats.ts',
      'src/bot/bot.ts',
    ];
    expect(
      imports
        .filter((one) => isAcceptance(one.from) && !one.typeOnly && changing.includes(one.to))
        .map(shown),
    ).toEqual([]);
    expect(
      imports
        .filter((one) => isAcceptance(one.from) && one.to === 'src/app/compose.ts' && !one.typeOnly)
        .map(shown),
    ).toEqual(['src/acceptance/hosted.ts -> src/app/compose.ts']);
    const texts = files
      .filter(isAcceptance)
      .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
    expect(texts.length).toBeGreaterThan(5);
    expect(
      texts
        .filter(([, text]) => /\.post\(|method: '(?!GET)|\.(?:submit|cancel|press)\(/.test(text))
        .map(([file]) => file),
    ).toEqual([]);
  });

  test('keeps the upload of scripts out of the bot: its own program alone can do it', () => {
    const isLibrary = (file: string) => file.startsWith('src/library/');
    expect(files.filter(isLibrary).length).toBeGreaterThan(5);
    expect(
      imports
        .filter((one) => isLibrary(one.to) && !isLibrary(one.from) && one.from !== 'src/cli/library.ts')
        .map(shown),
    ).toEqual([]);
    expect(
      imports.filter((one) => one.to === 'src/cli/library.ts').map((one) => [one.from, one.dynamic]),
    ).toEqual([['src/cli.ts', true]]);
    // Nor by another way: what an upload consists of stands nowhere else.
    const uploading =
      /OverrideIfExists|multipart\/form-data|libraryfiles['"`]?,? *(?:\{ *)?method: *'(?:POST|PUT|DELETE)'|'(?:POST|PUT|DELETE)',? *['"`][^'"`]*libraryfiles/i;
    expect(
      files.filter(
        (file) =>
          !isLibrary(file) && !isSimulator(file) && uploading.test(readFileSync(join(root, file), 'utf8')),
      ),
    ).toEqual([]);
    // And it takes no part of the bot that submits, follows or posts.
    const bot = [
      'src/app/compose.ts',
      'src/app/chats.ts',
      'src/adapters/defender/client.ts',
      'src/adapters/store/journal/requestStore.ts',
      'src/adapters/store/journal/journal.ts',
    ];
    expect(bot.filter((file) => !files.includes(file))).toEqual([]);
    expect(
      imports
        .filter(
          (one) =>
            (isLibrary(one.from) || one.from === 'src/cli/library.ts') &&
            !one.typeOnly &&
            bot.includes(one.to),
        )
        .map(shown),
    ).toEqual([]);
  });

  test('keeps what stands in for a chat out of the bot: the demo alone has it', () => {
    const isDemo = (file: string) => file.startsWith('src/demo/');
    expect(files.filter(isDemo).length).toBeGreaterThan(8);
    expect(
      imports.filter((one) => isDemo(one.to) && !isDemo(one.from)).map((one) => [one.from, one.dynamic]),
    ).toEqual([
      ['src/cli/demo.ts', true],
      ['src/cli/demo.ts', true],
    ]);
  });

  test('starts each program from the one entry only when it is named, and no program from another', () => {
    const isProgram = (file: string) => /^src\/(?:main|cli\/\w+)\.ts$/.test(file);
    expect(files.filter(isProgram).length).toBeGreaterThan(7);
    expect(
      imports
        .filter((one) => isProgram(one.to))
        .map((one) => [one.from, one.to, one.dynamic])
        .toSorted(),
    ).toEqual(
      files
        .filter(isProgram)
        .map((file) => ['src/cli.ts', file, true])
        .toSorted(),
    );
  });

  test('lets no folder of the bot know one above it', () => {
    const inside = imports.filter((one) => botFolder(one.from) >= 0 && botFolder(one.to) >= 0);
    expect(inside.length).toBeGreaterThan(50);
    expect(inside.filter((one) => botFolder(one.from) < botFolder(one.to)).map(shown)).toEqual([]);
  });

  test('keeps liveResponse, cards and bot free of packages and of Node at run time', () => {
    const wrong = imports.filter((one) => layer(one.from) < 3 && !one.ours && !one.typeOnly);
    expect(wrong.map(shown)).toEqual([]);
  });

  test('has one door for each dependency', () => {
    const wrong = imports.filter(
      (one) =>
        !one.ours &&
        doors[packageOf(one.to)] !== undefined &&
        ![doors[packageOf(one.to)] ?? []].flat().some((door) => one.from.startsWith(door)),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('names no chat where the bot, the model, the composition and the doctor are', () => {
    expect(chatFolders.length).toBeGreaterThan(1);
    const rooms = ['src/bot/', 'src/liveResponse/', 'src/app/', 'src/doctor/'];
    const among = files.filter((file) => rooms.some((room) => file.startsWith(room)));
    expect(among.length).toBeGreaterThan(100);
    expect(among.flatMap((file) => chatsNamedIn(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  test('finds a chat that is named in a name, a sentence or a comment', () => {
    const planted = [
      'const slackUser = 1;',
      "const text = 'Type it in Teams.';",
      '// As botbuilder does it.',
      'new BotFrameworkAdapter();',
      "import { App } from '@slack/bolt';",
      'const blocks: BlockKit = [];',
      'const margin = steamship;',
    ];
    expect(chatsNamedIn('src/app/x.ts', planted.join('\n'))).toEqual(
      planted.slice(0, -1).map((line, at) => `src/app/x.ts:${at + 1}: ${line}`),
    );
  });

  test('has each chat in the list of chats once, and lets nothing else in at run time but by its folder', () => {
    const listed = imports.filter((one) => one.from === 'src/adapters/chats.ts' && !one.typeOnly);
    expect(listed.map(({ to }) => to)).toEqual(chatFolders.map((folder) => `${folder}platform.ts`));
    // Programs that make a chat's own files, and the chats that the demo plays.
    const own = ['src/cli/', 'src/setup/', 'src/demo/', 'src/adapters/chats.ts'];
    const entering = imports.filter(
      (one) =>
        !one.typeOnly &&
        chatFolders.some((folder) => one.to.startsWith(folder) && !one.from.startsWith(folder)),
    );
    expect(entering.filter((one) => !own.some((from) => one.from.startsWith(from))).map(shown)).toEqual([]);
  });

  test('does not load a chat that is not set up: its value reaches the rest of its folder lazily', () => {
    for (const folder of chatFolders) {
      const eager = reachedFrom(`${folder}platform.ts`).filter((file) => file.startsWith(folder));
      // Bolt, botbuilder and their like are imported by files of the folder only.
      const packages = imports.filter((one) => eager.includes(one.from) && !one.ours && !one.typeOnly);
      expect(packages.map(shown)).toEqual([]);
      const lazy = imports.filter((one) => one.from === `${folder}platform.ts` && one.dynamic);
      expect(lazy.map(({ to }) => to)).toEqual(
        expect.arrayContaining([`${folder}open.ts`, `${folder}checks.ts`]),
      );
    }
  });

  test('loads a door to Teams only when it is chosen', () => {
    const folders = ['src/adapters/teams/botbuilder/', 'src/adapters/teams/direct/'];
    const entering = imports.filter((one) =>
      folders.some((folder) => one.to.startsWith(folder) && !one.from.startsWith(folder)),
    );
    expect(entering.map((one) => [one.from, one.dynamic])).toEqual(
      folders.map(() => ['src/adapters/teams/doors.ts', true]),
    );
  });

  test('has no import cycles, types included', () => {
    const next = new Map(
      files.map((file) => [
        file,
        imports.filter((one) => one.ours && one.from === file).map((one) => one.to),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) {
        cycles.push([...path.slice(at), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('imports only files that exist', () => {
    const known = new Set(files);
    expect(
      imports.filter((one) => one.ours && one.to.endsWith('.ts') && !known.has(one.to)).map(shown),
    ).toEqual([]);
  });

  test('sees every form of import that the sources use', () => {
    const text = [
      "import type { A } from './a.ts';",
      "import b from 'undici';",
      'export {',
      '  c,',
      "} from './c.ts';",
      "await import('./d.ts');",
      "import './e.ts';",
    ].join('\n');
    expect(importsOf('src/x/y.ts', text).map((one) => [relative('src/x', one.to), one.typeOnly])).toEqual([
      ['a.ts', true],
      [relative('src/x', 'undici'), false],
      ['c.ts', false],
      ['d.ts', false],
      ['e.ts', false],
    ]);
  });
});
