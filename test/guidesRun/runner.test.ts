// The runner of the guides held against guides of its own: what is wrong in a guide is found, and what is right is executed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCloud } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { firstMissing } from './output.ts';
import { runPages } from './runner.ts';
import type { Outcome } from './runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'lr-guides-test-'));
let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(folder);
});
afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

const fence = '```';
const server = `require('node:http').createServer((q, a) => a.setHeader('content-type', 'application/json').end('{"status":"ready"}')).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('look at http://127.0.0.1:' + process.env.PORT + '/readyz and metrics'))`;

/** A checkout with the files given, and what comes of its README. */
async function executed(readme: string, more: Readonly<Record<string, string>> = {}): Promise<readonly Outcome[]> {
  const root = mkdtempSync(join(folder, 'checkout-'));
  const files = {
    'README.md': readme,
    'package.json': JSON.stringify({ name: 'checkout', scripts: { hello: 'echo "hello 12 of 40"', start: 'node server.cjs', test: 'exit 7', check: 'npm run hello && npm test', 'fails:on:purpose': 'exit 3' } }),
    'server.cjs': server,
    '.ci/run': 'npm test 2>&1\n',
    ...more,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  spawnSync('git', ['init', '-q'], { cwd: root });
  return runPages({ root, pages: ['README.md', ...Object.keys(more).filter((name) => name.endsWith('.md'))], cloud });
}

const results = (outcomes: readonly Outcome[]): readonly string[] => outcomes.map(({ result, line, text }) => `${result} ${line}: ${text}`);

test('a misspelt command fails, in a block and in a sentence', async () => {
  const found = await executed(`# A\nType \`npm run helo\`, then\n${fence}\nnpm run hello\nnpm run hallo\n${fence}\n`);
  expect(results(found)).toEqual(['failed 2: npm run helo', 'executed 4: npm run hello', 'failed 5: npm run hallo']);
  expect(found[0]?.why).toMatch(/exit code 1, and the guide lets expect 0:[\s\S]*Missing script: "helo"/);
});

test('a flag that the program does not take fails', async () => {
  expect(results(await executed(`${fence}\nnode --no-such-flag server.cjs\n${fence}\n`))).toEqual(['failed 2: node --no-such-flag server.cjs']);
});

test('what is marked is not executed, and says why', async () => {
  const found = await executed(`<!-- real-platform: an Azure subscription -->\n${fence}sh\naz group list\n${fence}\nOr \`az login\`<!-- real-platform: a person -->.\n`);
  expect(found.map(({ result, why }) => [result, why])).toEqual([['real-platform', 'an Azure subscription'], ['real-platform', 'a person']]);
});

test('a mark hides no script that does not exist, needs a reason, and has to stand at a command', async () => {
  const found = await executed(`Type \`npm run helo\`<!-- real-platform: a tenant -->.\n\n<!-- real-platform: -->\n${fence}\nnpm run hello\n${fence}\n\n<!-- long: nothing here -->\nWords.\n`);
  expect(found.filter(({ result }) => result === 'failed').map(({ why }) => why)).toEqual(['package.json has no script "helo"', 'a mark that does not say why', 'a mark that stands before no block and behind no command']);
});

test('a step of its own has to be in .ci/run, all parts of it', async () => {
  const found = await executed('`npm run check`<!-- own-step: long --> and `npm test -- x`<!-- own-step: long -->');
  expect(found.map(({ result, why }) => `${result}: ${why ?? ''}`)).toEqual(['failed: .ci/run has no step "npm run hello"', 'own-step: long']);
});

test('what another guide is said to execute is executed there', async () => {
  const found = await executed('`npm run hello`<!-- elsewhere: docs/a.md --> `npm run hello`<!-- elsewhere: docs/b.md -->', { 'docs/a.md': '`npm run hello -- more`', 'docs/b.md': '`npm run fails:on:purpose`<!-- exits 3: it says so -->' });
  expect(results(found)).toEqual(['elsewhere 1: npm run hello', 'failed 1: npm run hello', 'executed 1: npm run hello -- more', 'executed 1: npm run fails:on:purpose']);
});

test('an exit code that the guide does not name fails, and so does another than it names', async () => {
  expect(results(await executed('`npm run fails:on:purpose` `npm run hello`<!-- exits 1: no -->'))).toEqual(['failed 1: npm run fails:on:purpose', 'failed 1: npm run hello']);
});

test('a server runs until the next block, and the commands of its own paragraph find it', async () => {
  const asks = 'curl -sf http://127.0.0.1:3978/';
  const found = await executed(`${fence}\nnpm start\n${fence}\nNow \`${asks}\` answers.\n${fence}\n! ${asks}\n${fence}\n`);
  expect(results(found)).toEqual(['executed 2: npm start', `executed 4: ${asks}`, `executed 6: ! ${asks}`]);
});

test('a server that is said to keep running does', async () => {
  const asks = 'curl -sf http://127.0.0.1:3978/';
  const found = await executed(`\`npm start\`<!-- keeps-running: for what follows -->\n${fence}\n${asks}\n${fence}\n`);
  expect(results(found)).toEqual(['executed 1: npm start', `executed 3: ${asks}`]);
});

test('a server that ends by itself fails', async () => {
  expect(results(await executed(`${fence}\nnpm start\n${fence}\n`, { 'server.cjs': '' }))).toEqual(['failed 2: npm start']);
});

test('the output that a guide shows has to come, with any figures', async () => {
  const right = await executed(`${fence}\nnpm run hello\n${fence}\n${fence}text\nhello 3 of 7\n${fence}\n`);
  const wrong = await executed(`${fence}\nnpm run hello\n${fence}\n${fence}text\nhello three of 7\n${fence}\n`);
  expect(results(right)).toEqual(['executed 2: npm run hello']);
  expect(results(wrong)).toEqual(['executed 2: npm run hello', 'failed 4: hello three of 7']);
});

test('lines of output are looked for in their order', () => {
  expect(firstMissing(['a 1', '...', 'b <anything>'], 'x\na 22\nmore\nb c d\n')).toBeUndefined();
  expect(firstMissing(['b', 'a'], 'a\nb\n')).toBe('a');
});

test('settings hold for what comes after them, and an unknown one or an open gap fails', async () => {
  const shows = `node -e "process.exit(process.env.SLACK_BOT_TOKEN === 'xoxb-fake-bot' ? 0 : 1)"`;
  const found = await executed(`\`${shows}\`<!-- exits 1: not yet -->\n${fence}\nSLACK_BOT_TOKEN=...\nSLACK_BOT_TOKN=...\n# a comment\nAZURE_FEDERATED_TOKEN_FILE=<file>   # and another\n${fence}\n${fence}\n${shows}\n${fence}\n\`npm run hello -- <request>\`\n`);
  expect(results(found)).toEqual([`executed 1: ${shows}`, 'failed 2: SLACK_BOT_TOKN=...', 'failed 2: AZURE_FEDERATED_TOKEN_FILE=<file>', `executed 9: ${shows}`, 'failed 11: npm run hello -- <request>']);
  expect(found.at(-1)?.why).toBe('nobody plays what "<request>" leaves open');
});

test('a block of a language that nobody knows fails, and data is not typed', async () => {
  expect(results(await executed(`${fence}yaml\na: 1\n${fence}\n${fence}zsh\nls\n${fence}\n`))).toEqual(['failed 4: ']);
});

test('lines that belong together are one command', async () => {
  const found = await executed(`${fence}\nnpm run \\\n  hello\ncat > made.txt <<'EOF'\nnpm run nothing\nEOF\ntest -s made.txt\n${fence}\n`);
  expect(found.map(({ result }) => result)).toEqual(['executed', 'executed', 'executed']);
});
