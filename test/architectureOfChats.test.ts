// A chat is named in its own folder, its renderer and one line: nowhere else where rules and work are.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './support/root.ts';
import { doors, files, imports, shown } from './support/sourceImports.ts';

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

describe('a chat', () => {
  test('is named neither by the bot nor by the model, the composition and the doctor', () => {
    expect(chatFolders.length).toBeGreaterThan(1);
    const rooms = ['src/bot/', 'src/liveResponse/', 'src/app/', 'src/doctor/'];
    const among = files.filter((file) => rooms.some((room) => file.startsWith(room)));
    expect(among.length).toBeGreaterThan(100);
    expect(among.flatMap((file) => chatsNamedIn(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  test('is found where it is named in a name, a sentence or a comment', () => {
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

  test('is in the list of chats once, and the rest of its folder is nobody else’s to import', () => {
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

  test('is not loaded where it is not set up: its value reaches the rest of its folder lazily', () => {
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
});
