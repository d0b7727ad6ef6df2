// The import rules of docs/architecture.md, read from the sources themselves.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './support/root.ts';
import { doors, files, imports, importsOf, shown } from './support/sourceImports.ts';

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

function packageOf(name: string): string {
  const parts = name.split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name);
}

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
