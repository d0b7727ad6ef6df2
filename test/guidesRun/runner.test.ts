// The runner of the guides held against guides of its own: what is wrong in a guide is found, and what is
// right is executed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCloud } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { firstMissing } from './output.ts';
import { runPages } from './runner.ts';
import type { Outcome } from './pageRun.ts';

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
async function executed(
  readme: string,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly Outcome[]> {
  const root = mkdtempSync(join(folder, 'checkout-'));
  const files = {
    'README.md': readme,
    'package.json': JSON.stringify({
      name: 'checkout',
      scripts: {
        hello: 'echo "hello 12 of 40"',
        start: 'node server.cjs',
        test: 'exit 7',
        check: 'npm run hello && npm test',
        'fails:on:purpose': 'exit 3',
      },
    }),
    'server.cjs': server,
    '.ci/run': 'npm test 2>&1\n',
    ...more,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  spawnSync('git', ['init', '-q'], { cwd: root });
  return runPages({
    root,
    pages: ['README.md', ...Object.keys(more).filter((name) => name.endsWith('.md'))],
    cloud,
  });
}

const results = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.map(({ result, line, text }) => `${result} ${line}: ${text}`);

test('a misspelt command fails, in a block and in a sentence', async () => {
  const found = await executed(
    `# A\nType \`npm run helo\`, then\n${fence}\nnpm run hello\nnpm run hallo\n${fence}\n`,
  );
  expect(results(found)).toEqual([
    'failed 2: npm run helo',
    'executed 4: npm run hello',
    'failed 5: npm run hallo',
  ]);
  expect(found[0]?.why).toMatch(/exit code 1, and the guide lets expect 0:[\s\S]*Missing script: "helo"/);
});

test('a flag that the program does not take fails', async () => {
  expect(results(await executed(`${fence}\nnode --no-such-flag server.cjs\n${fence}\n`))).toEqual([
    'failed 2: node --no-such-flag server.cjs',
  ]);
});

test('what is marked is not executed, and says why', async () => {
  const found = await executed(
    `<!-- real-platform: an Azure subscription -->\n${fence}sh\naz group list\n${fence}\nOr \`az login\`<!-- real-platform: a person -->.\n`,
  );
  expect(found.map(({ result, why }) => [result, why])).toEqual([
    ['real-platform', 'an Azure subscription'],
    ['real-platform', 'a person'],
  ]);
});

test('a mark hides no script that does not exist, needs a reason, and has to stand at a command', async () => {
  const found = await executed(
    `Type \`npm run helo\`<!-- real-platform: a tenant -->.\n\n<!-- real-platform: -->\n${fence}\nnpm run hello\n${fence}\n\n<!-- long: nothing here -->\nWords.\n`,
  );
  expect(found.filter(({ result }) => result === 'failed').map(({ why }) => why)).toEqual([
    'package.json has no script "helo"',
    'a mark that does not say why',
    'a mark that stands before no block and behind no command',
  ]);
});

test('a step of its own has to be in .ci/run, all parts of it', async () => {
  const found = await executed(
    '`npm run check`<!-- own-step: long --> and `npm test -- x`<!-- own-step: long -->',
  );
  expect(found.map(({ result, why }) => `${result}: ${why ?? ''}`)).toEqual([
    'failed: .ci/run has no step "npm run hello"',
    'own-step: long',
  ]);
});

test('what another guide is said to execute is executed there', async () => {
  const found = await executed(
    '`npm run hello`<!-- elsewhere: docs/a.md --> `npm run hello`<!-- elsewhere: docs/b.md -->',
    {
      'docs/a.md': '`npm run hello -- more`',
      'docs/b.md': '`npm run fails:on:purpose`<!-- exits 3: it says so -->',
    },
  );
  expect(results(found)).toEqual([
    'elsewhere 1: npm run hello',
    'failed 1: npm run hello',
    'executed 1: npm run hello -- more',
    'executed 1: npm run fails:on:purpose',
  ]);
});

test('an exit code that the guide does not name fails, and so does another than it names', async () => {
  expect(results(await executed('`npm run fails:on:purpose` `npm run hello`<!-- exits 1: no -->'))).toEqual([
    'failed 1: npm run fails:on:purpose',
    'failed 1: npm run hello',
  ]);
});

test('a server runs until the next block, and the commands of its own paragraph find it', async () => {
  const asks = 'curl -sf http://127.0.0.1:3978/';
  const found = await executed(
    `${fence}\nnpm start\n${fence}\nNow \`${asks}\` answers.\n${fence}\n! ${asks}\n${fence}\n`,
  );
  expect(results(found)).toEqual(['executed 2: npm start', `executed 4: ${asks}`, `executed 6: ! ${asks}`]);
});

test('a server that is said to keep running does', async () => {
  const asks = 'curl -sf http://127.0.0.1:3978/';
  const found = await executed(
    `\`npm start\`<!-- keeps-running: for what follows -->\n${fence}\n${asks}\n${fence}\n`,
  );
  expect(results(found)).toEqual(['executed 1: npm start', `executed 3: ${asks}`]);
});

test('a server that ends by itself fails', async () => {
  expect(results(await executed(`${fence}\nnpm start\n${fence}\n`, { 'server.cjs': '' }))).toEqual([
    'failed 2: npm start',
  ]);
});

test('the output that a guide shows has to come, with any figures', async () => {
  const right = await executed(`${fence}\nnpm run hello\n${fence}\n${fence}text\nhello 3 of 7\n${fence}\n`);
  const wrong = await executed(
    `${fence}\nnpm run hello\n${fence}\n${fence}text\nhello three of 7\n${fence}\n`,
  );
  expect(results(right)).toEqual(['executed 2: npm run hello']);
  expect(results(wrong)).toEqual(['executed 2: npm run hello', 'failed 4: hello three of 7']);
});

test('lines of output are looked for in their order', () => {
  expect(firstMissing(['a 1', '...', 'b <anything>'], 'x\na 22\nmore\nb c d\n')).toBeUndefined();
  expect(firstMissing(['b', 'a'], 'a\nb\n')).toBe('a');
});

test('settings hold for what comes after them, and an unknown one or an open gap fails', async () => {
  const shows = `node -e "process.exit(process.env.SLACK_BOT_TOKEN === 'xoxb-fake-bot' ? 0 : 1)"`;
  const found = await executed(
    `\`${shows}\`<!-- exits 1: not yet -->\n${fence}\nSLACK_BOT_TOKEN=...\nSLACK_BOT_TOKN=...\n# a comment\nAZURE_FEDERATED_TOKEN_FILE=<file>   # and another\n${fence}\n${fence}\n${shows}\n${fence}\n\`npm run hello -- <request>\`\n`,
  );
  expect(results(found)).toEqual([
    `executed 1: ${shows}`,
    'failed 2: SLACK_BOT_TOKN=...',
    'failed 2: AZURE_FEDERATED_TOKEN_FILE=<file>',
    `executed 9: ${shows}`,
    'failed 11: npm run hello -- <request>',
  ]);
  expect(found.at(-1)?.why).toBe('nobody plays what "<request>" leaves open');
});

const script = (lines: string): string => `${fence}sh\n${lines}\n${fence}\n`;

test('a block with "set -e" is one script in one shell: its functions are known, and it ends at its first error', async () => {
  const right =
    'set -eu\nsay() {\n  echo "$1" >> made.txt\n}\nfor word in a b; do\n  say "$word"\ndone\n[ "$(wc -l < made.txt)" = 2 ]';
  expect(results(await executed(script(`# right\n${right}`)))).toEqual([`executed 2: # right\n${right}`]);
  const found = await executed(
    `${script('set -eu\nfalse\ntouch after.txt')}\`test ! -e after.txt\`\n${script('set -eu\necho "$nowhere"')}${script('test ! -e after.txt')}`,
  );
  expect(found.map(({ result }) => result)).toEqual(['failed', 'failed', 'executed']);
  expect(found[1]?.why).toMatch(/nowhere/);
});

test('what a script sets does not stay, and what a line sets does', async () => {
  expect(
    results(
      await executed(
        `${script('set -eu\ninside=1')}${script('outside=$(echo 2)')}${script('test -z "$inside$nothing"\ntest "$outside" = 2')}`,
      ),
    ).map((one) => one.split(' ')[0]),
  ).toEqual(['executed', 'executed', 'executed', 'executed']);
});

const aTest = `import { runBlock } from './guide.ts';\n// runBlock('in a comment')\ntest('named', async () => {\n  await runBlock('right', {});\n  spawnSync('judge', ['verify']);\n});\n`;
const withTests = {
  'test/operate/some.test.ts': aTest,
  'test/operate/guide.ts': `export const runBlock = (title: string, page = 'README.md') => title;`,
  'test/other/some.test.ts': `runBlock('right')`,
};
const says = (found: readonly Outcome[]): readonly string[] =>
  found.map(({ result, why }) => `${result}: ${why ?? ''}`);

test('a block that a test is said to run is not run again', async () => {
  expect(
    says(
      await executed(
        `<!-- tested: test/operate/some.test.ts -->\n${script('# right\nset -eu\nfalse')}`,
        withTests,
      ),
    ),
  ).toEqual(['tested: test/operate/some.test.ts']);
});

test.each([
  [
    'of a test that is not there',
    'test/operate/none.test.ts',
    '# right\nfalse',
    'test/operate/none.test.ts is no test that is there',
  ],
  [
    'of a file that is no test',
    'test/operate/guide.ts',
    '# right\nfalse',
    'test/operate/guide.ts is no test that is there',
  ],
  [
    'of a test that runs another block',
    'test/operate/some.test.ts',
    '# wrong\nfalse',
    'test/operate/some.test.ts does not run the block "wrong"',
  ],
  [
    'of a test that names the block as its own name alone',
    'test/operate/some.test.ts',
    '# named\nfalse',
    'test/operate/some.test.ts does not run the block "named"',
  ],
  [
    'of a test that names the block in a comment alone',
    'test/operate/some.test.ts',
    '# in a comment\nfalse',
    'test/operate/some.test.ts does not run the block "in a comment"',
  ],
  [
    'of a test that does not read the page',
    'test/other/some.test.ts',
    '# right\nfalse',
    'test/other/some.test.ts does not read README.md',
  ],
  [
    'of a block without a name',
    'test/operate/some.test.ts',
    'false',
    'a block that a test is to find has to begin with a comment that names it',
  ],
  [
    'of a block whose name another one has',
    'test/operate/some.test.ts',
    `# right\nfalse\n${fence}\n\n${fence}yaml\n# right`,
    'README.md has 2 lines "# right", so that nobody knows which block is run',
  ],
])('the lie %s is found', async (_what, file, block, why) => {
  expect(says(await executed(`<!-- tested: ${file} -->\n${script(block)}`, withTests))).toEqual([
    `failed: ${why}`,
  ]);
});

test('a command in a sentence that a test is said to run is run there, with its first words', async () => {
  const found = await executed('`systemd-judge verify`<!-- tested: test/operate/some.test.ts -->', {
    ...withTests,
    'test/operate/some.test.ts': aTest.replace("'judge'", "'systemd-judge'"),
  });
  expect(
    says([
      ...found,
      ...(await executed('`systemd-judge security`<!-- tested: test/operate/some.test.ts -->', withTests)),
    ]),
  ).toEqual([
    'tested: test/operate/some.test.ts',
    'failed: test/operate/some.test.ts runs nothing with "systemd-judge"',
  ]);
});

test('what the reader has done before is done, does not count, and has to work', async () => {
  const asks = 'curl -sf http://127.0.0.1:3978/';
  const found = await executed(
    `<!-- before: npm start -->\n<!-- before: name=$(echo a b) -->\n${script(`${asks}\ntest "$name" = "a b"\ntest <name> = "a b"`)}<!-- before: stop -->\n\`! ${asks}\`\n\n\`${asks}\`<!-- exits 7: it was stopped -->\n<!-- before: npm run fails:on:purpose -->\n`,
  );
  expect(results(found)).toEqual([
    `executed 4: ${asks}`,
    'executed 5: test "$name" = "a b"',
    'executed 6: test <name> = "a b"',
    `executed 11: ${asks}`,
    'failed 12: npm run fails:on:purpose',
  ]);
});

test('what asks in a terminal is answered, and what wants another answer than the guide gives does not pass', async () => {
  const ask = `const { createInterface } = require('node:readline'); const lines = createInterface({ input: process.stdin, output: process.stdout }); if (!process.stdin.isTTY) process.exit(9); const ask = (again) => lines.question('Your name? ', (name) => { if (name === '' && again > 0) ask(again - 1); else { lines.close(); process.exit(name === 'Robin' ? 0 : 4); } }); ask(3);`;
  const asking = { 'ask.cjs': ask };
  expect(
    results(
      await executed('`node ask.cjs`<!-- terminal: Your name = Robin; Enter for all others -->', asking),
    ),
  ).toEqual(['executed 1: node ask.cjs']);
  expect(results(await executed('`node ask.cjs`<!-- terminal: Your shoe = Robin -->', asking))).toEqual([
    'failed 1: node ask.cjs',
  ]);
  expect((await executed('`node ask.cjs`', asking))[0]?.why).toMatch(/exit code 9/);
});

test('what writes into folders of the machine writes into copies of them', async () => {
  const found = await executed(
    '`mkdir -p /etc/lr-guides-test /opt/lr-guides-test`<!-- as-root: writes into /etc and /opt -->\n`chmod 700 /etc/lr-guides-test /opt/lr-guides-test`<!-- as-root: it is there still -->\n`chmod 700 /etc/lr-guides-none`<!-- as-root: it is not there -->',
  );
  const may =
    process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '--bind', '/opt', '/opt']).status === 0;
  expect(found.map(({ result }) => result)).toEqual(
    may ? ['executed', 'executed', 'failed'] : ['not-root', 'not-root', 'not-root'],
  );
  expect(['/etc', '/opt'].filter((where) => existsSync(join(where, 'lr-guides-test')))).toEqual([]);
});

test('a page is executed behind the one that it goes on from, which is executed even where nobody named it', async () => {
  const shows = 'node -e "process.exit(process.env.SLACK_BOT_TOKEN === undefined ? 1 : 0)"';
  const found = await executed(`<!-- after: docs/z.txt -->\n\`${shows}\``, {
    'docs/z.txt': `${fence}\nSLACK_BOT_TOKEN=...\n${fence}\n\`npm run hello\``,
  });
  expect(found.map(({ page, result }) => `${result} ${page}`)).toEqual([
    'executed docs/z.txt',
    'executed README.md',
  ]);
});

test('a package that npx asks about is run, as by a reader who says yes', async () => {
  const packed = {
    'package.json': JSON.stringify({
      name: 'live-response-bot',
      version: '1.0.0',
      bin: { 'live-response-bot': 'said.cjs' },
      files: ['said.cjs'],
    }),
    'said.cjs': '#!/usr/bin/env node\nprocess.exit(process.argv[2] === "freeze" ? 0 : 5);',
  };
  expect(
    results(await executed('`npm pack` `npx ./live-response-bot-1.0.0.tgz freeze "why"`', packed)).map(
      (one) => one.split(' ')[0],
    ),
  ).toEqual(['executed', 'executed']);
});

test('a block of a language that nobody knows fails, and data is not typed', async () => {
  expect(results(await executed(`${fence}yaml\na: 1\n${fence}\n${fence}zsh\nls\n${fence}\n`))).toEqual([
    'failed 4: ',
  ]);
});

test('lines that belong together are one command', async () => {
  const found = await executed(
    `${fence}\nnpm run \\\n  hello\ncat > made.txt <<'EOF'\nnpm run nothing\nEOF\ntest -s made.txt\n${fence}\n`,
  );
  expect(found.map(({ result }) => result)).toEqual(['executed', 'executed', 'executed']);
});
