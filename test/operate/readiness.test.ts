// docs/operate.md tells what to do for each check of /readyz: the table is compared with every check that the
// code can make.
import { slackChat } from '../../src/adapters/slack/platform.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace } from '../support/slack/slackTestApp.ts';
import { root } from '../support/root.ts';
import { TeamsTestApp } from '../support/chats/teamsTestApp.ts';

interface CheckMade {
  readonly name: string;
  readonly file: string;
  readonly blocks: boolean;
}

/** Names that are put together while the bot runs, and what they can be. */
const namedLater: Readonly<Record<string, readonly string[]>> = {
  // A chat that is not open yet goes by its own name; alone it keeps deliveries away (src/app/lateChat.ts).
  surface: ['slack', 'teams'],
  // Answered by /healthz.
  '`worker ${name}`': [],
  // Metrics of the workers.
  name: [],
};

/** Functions that make a check of a name and of what is wrong. */
const helpers: readonly string[] = ['check', 'checkOf'];

/**
 * Every object with `name` and `ok`, and every call of one of the helpers, in the files that take the
 * type Check from the HTTP server (the simulator and setup have others of that name).
 */
function checksMade(): { readonly made: readonly CheckMade[]; readonly unread: readonly string[] } {
  const made: CheckMade[] = [];
  const unread: string[] = [];
  for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const text = readFileSync(join(root, 'src', file), 'utf8');
    if (!/\bCheck\b[^\n]* from '[^']*http\/server\.ts'/.test(text) && file !== 'adapters/http/server.ts')
      continue;
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const consts = new Map<string, string>();
    const add = (node: ts.Expression, blocks: boolean): void => {
      if (ts.isStringLiteral(node)) made.push({ name: node.text, file, blocks });
      else if (ts.isIdentifier(node) && consts.has(node.text))
        made.push({ name: consts.get(node.text) ?? '', file, blocks });
      else if (namedLater[node.getText()] !== undefined)
        made.push(...(namedLater[node.getText()] ?? []).map((name) => ({ name, file, blocks })));
      else unread.push(`${file}: ${node.getText()}`);
    };
    const visit = (node: ts.Node): void => {
      if (
        ts.isVariableDeclaration(node) &&
        ts.isIdentifier(node.name) &&
        node.initializer !== undefined &&
        ts.isStringLiteral(node.initializer)
      )
        consts.set(node.name.text, node.initializer.text);
      if (
        ts.isCallExpression(node) &&
        ts.isIdentifier(node.expression) &&
        helpers.includes(node.expression.text) &&
        node.arguments[0] !== undefined
      )
        add(node.arguments[0], blocksIn(node.parent.parent));
      if (ts.isObjectLiteralExpression(node)) {
        const property = (name: string): ts.ObjectLiteralElementLike | undefined =>
          node.properties.find((one) => one.name?.getText() === name);
        const [name, ok] = [property('name'), property('ok')];
        if (name !== undefined && ok !== undefined && !insideHelper(node)) {
          if (ts.isPropertyAssignment(name)) add(name.initializer, blocksIn(node));
          else if (ts.isShorthandPropertyAssignment(name)) add(name.name, blocksIn(node));
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { made, unread };
}

/** An object with `blocks`, in itself or in what is spread into it. */
function blocksIn(node: ts.Node): boolean {
  return (
    ts.isObjectLiteralExpression(node) && node.properties.some((one) => /\bblocks\b/.test(one.getText()))
  );
}

/** The helper `check` itself, and objects that only copy another check. */
function insideHelper(node: ts.Node): boolean {
  return (
    ts.findAncestor(
      node,
      (at) => ts.isFunctionDeclaration(at) && [...helpers, 'send'].includes(at.name?.text ?? ''),
    ) !== undefined
  );
}

interface Row {
  readonly names: readonly string[];
  readonly answer: string;
  readonly todo: string;
}

/** The rows below "What to do for each reason": names, what /readyz answers, what to do. */
function rows(): readonly Row[] {
  const guide = readFileSync(join(root, 'docs', 'operate.md'), 'utf8');
  const [, section = ''] = guide.split('## What to do for each reason\n');
  return [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (`.*?) \| (.*?) \| (.*?) \| (.*?) \|$/gm)].map(
    ([, names = '', answer = '', , todo = '']) => ({
      names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
      answer,
      todo,
    }),
  );
}

describe('the table of reasons', () => {
  const { made, unread } = checksMade();
  const told = rows();

  test('names every check that the code makes, once, and none that it does not', () => {
    expect(unread).toEqual([]);
    expect(made.length).toBeGreaterThan(20);
    expect(told.flatMap(({ names }) => names).sort()).toEqual(
      [...new Set(made.map(({ name }) => name))].sort(),
    );
  });

  test('says of each whether it takes deliveries away', () => {
    const blocking = new Set(made.filter(({ blocks }) => blocks).map(({ name }) => name));
    for (const { names, answer } of told)
      for (const name of names)
        expect({ name, blocks: answer.includes('503') }).toEqual({ name, blocks: blocking.has(name) });
  });

  test('says of each what to do', () => {
    expect(told.filter(({ todo }) => todo.trim().split(' ').length < 4).map(({ names }) => names)).toEqual(
      [],
    );
  });

  test('agrees with docs/health.md on what takes deliveries away', () => {
    const health = readFileSync(join(root, 'docs', 'health.md'), 'utf8');
    const [, blocks = '', degrades = ''] =
      /## When \/readyz is 503\n([^]*?)\nEverything else([^]*?)\n## /.exec(health) ?? [];
    const named = (text: string): readonly string[] =>
      [...text.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
        [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
      );
    const blocking = [...new Set(made.filter(({ blocks: yes }) => yes).map(({ name }) => name))];
    expect([...named(blocks)].sort()).toEqual(blocking.sort());
    // What only tells is not there; a name may be in both where it blocks at times.
    const all = new Set(made.map(({ name }) => name));
    expect(named(degrades).filter((name) => !all.has(name))).toEqual([]);
  });
});

describe('a running bot with both chats', () => {
  const app = new TeamsTestApp();
  afterAll(() => app.close());

  test('has no check on /readyz that the table lacks', async () => {
    const slack = await startFakeSlack();
    try {
      seedWorkspace(slack);
      await app.open({
        beside: slackChat({
          botToken: slack.tokens.bot,
          signingSecret: slack.tokens.signingSecret,
          apiUrl: slack.apiUrl,
          allowedTeams: [],
        }),
      });
      const { checks } = (await (await fetch(`${app.adminUrl}/readyz`)).json()) as {
        readonly checks: readonly { readonly name: string }[];
      };
      const known = new Set(rows().flatMap(({ names }) => names));
      expect(checks.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
      expect(checks.length).toBeGreaterThan(15);
    } finally {
      await slack.close();
    }
  });
});
