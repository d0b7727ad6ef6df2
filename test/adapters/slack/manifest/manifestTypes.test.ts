// The app manifests against Slack's own definition of a manifest as far as it is published as a package: the
// types of the Web API client, in which every key, every scope and every event has its place. The compiler is
// asked, as an editor would.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../../../support/root.ts';

const file = join(root, 'manifest-under-test.ts');
const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
};

let before: ts.Program | undefined;
/** What the compiler says to a manifest of this text; nothing when it is one. */
function problemsOf(manifest: string): readonly string[] {
  const text = `import type { AppsManifestValidateArguments } from '@slack/web-api';\nexport const manifest: AppsManifestValidateArguments['manifest'] = ${manifest};\n`;
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.getSourceFile = (name, language, ...more) =>
    name === file
      ? ts.createSourceFile(name, text, language)
      : (before?.getSourceFile(name) ?? getSourceFile(name, language, ...more));
  host.fileExists = (name) => name === file || fileExists(name);
  before = ts.createProgram([file], options, host, before);
  return [
    ...before.getSyntacticDiagnostics(),
    ...before.getSemanticDiagnostics(),
    ...before.getGlobalDiagnostics(),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const textOf = (name: string): string =>
  readFileSync(join(root, 'manifest', 'slack', `${name}.json`), 'utf8');

let http: string;
beforeAll(() => {
  http = textOf('http');
});

test.each(['socket', 'http'])('the %s manifest is one as Slack defines it', (name) => {
  expect(problemsOf(textOf(name))).toEqual([]);
});

describe('what Slack does not define is found', () => {
  test.each([
    ['a key that no command has', '"should_escape"', '"shuold_escape"', /shuold_escape/],
    ['a key that no setting has', '"socket_mode_enabled"', '"socket_mode"', /socket_mode/],
    ['a scope that does not exist', '"chat:write"', '"chat:wirte"', /chat:wirte/],
    ['an event that does not exist', '"app_mention"', '"app_mentions"', /app_mentions/],
    [
      'a text where a yes or no is wanted',
      '"is_enabled": true',
      '"is_enabled": "true"',
      /'string' is not assignable to type 'boolean'/,
    ],
    ['an app without a name', '"name": "Live Response",', '', /Property 'name' is missing/],
  ])('%s', (_what, from, to, words) => {
    const planted = http.replace(from, to);
    expect(planted).not.toBe(http);
    expect(problemsOf(planted).join('\n')).toMatch(words);
  });
});
