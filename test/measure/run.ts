// `npm run measure`: the form of the code in figures, what one command passes through, and how far one
// parameter travels. `--root DIR` measures form and parameters of another checkout, for before and after.
import { parseArgs } from 'node:util';
import { root as own } from '../support/root.ts';
import { commandPath } from './commandPath.ts';
import { formOf } from './form.ts';
import { travelOf } from './parameter.ts';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: own },
    follow: {
      type: 'string',
      multiple: true,
      default: ['src/bot/handlers/onCommand.ts:onCommand:input', 'src/app/compose.ts:startService:options'],
    },
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const folders of [['src', 'cards'], ['test']]) {
  const form = formOf(values.root, folders);
  print(
    `${folders.join(' and ')}: ${form.files} files, ${form.lines} lines, ${form.linesOver110} over 110 columns`,
  );
  print(`  lines per file: median ${form.medianFile}, most ${form.longestFile}`);
  print(
    `  ${form.functions} functions, own lines: median ${form.medianFunction}, most ${form.longestFunction}`,
  );
}
if (values.root === own) {
  const path = await commandPath();
  print(`/lr dump in Slack to the finished card: ${path.files} files, ${path.functions} functions`);
  for (const { name, files, functions } of path.steps)
    print(`  ${name}: ${files} files, ${functions} functions`);
}
for (const start of values.follow) {
  const { functions, files, names } = travelOf(values.root, start);
  print(`${start}: ${functions} functions in ${files} files, ${names.length} names`);
}
