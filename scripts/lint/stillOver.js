// Takes the files that are within a limit again off scripts/lint/stillOver.json. With --check only says
// which, with --all lists every file that is over (for a limit that is new or has been lowered).
import { ESLint } from 'eslint';
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';
import { limits, plugins, stillOver } from './limits.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Rule to the files, among those given, that break it. */
async function over(files) {
  const found = Object.fromEntries(Object.keys(limits).map((rule) => [rule, new Set()]));
  if (files.length === 0) return found;
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    allowInlineConfig: false,
    errorOnUnmatchedPattern: false,
    overrideConfig: [
      { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser }, plugins, rules: limits },
    ],
  });
  for (const { filePath, messages } of await eslint.lintFiles(files)) {
    for (const { ruleId } of messages) found[ruleId]?.add(relative(root, filePath).replaceAll('\\', '/'));
  }
  return found;
}

const all = process.argv.includes('--all');
const listed = [...new Set(Object.values(stillOver).flat())];
const found = await over(all ? ['src/**/*.ts', 'cards/**/*.ts', 'test/**/*.ts'] : listed);

if (process.argv.includes('--check')) {
  for (const [rule, files] of Object.entries(stillOver)) {
    for (const file of files.filter((one) => !found[rule]?.has(one))) {
      console.log(`${rule}: ${file} is within the limit: take it off scripts/lint/stillOver.json.`);
      process.exitCode = 1;
    }
  }
} else {
  const kept = Object.fromEntries(
    Object.keys(limits).map((rule) => [
      rule,
      [...found[rule]].filter((file) => all || stillOver[rule]?.includes(file)).sort(),
    ]),
  );
  writeFileSync(new URL('stillOver.json', import.meta.url), `${JSON.stringify(kept, null, 2)}\n`);
}
