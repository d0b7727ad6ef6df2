// The rendered cards of every state, kept as files to be read and reviewed. `UPDATE_GOLDENS=1` writes them
// again.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { adaptiveCard } from '../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../cards/renderers/blockKit.ts';
import { plainText } from '../../cards/renderers/plainText.ts';
import { examples, golden, goldenFolder, viewOf } from './examples.ts';

const updating = process.env['UPDATE_GOLDENS'] === '1';

const files = examples.flatMap((one) => {
  const view = viewOf(one);
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return [
    { file: `${one.name}.adaptive.json`, text: json(adaptiveCard(view)) },
    { file: `${one.name}.slack.json`, text: json(blockKit(view)) },
    { file: `${one.name}.txt`, text: `${plainText(view)}\n` },
  ];
});

describe('golden renderings', () => {
  test.each(files)('$file is what the renderer draws', ({ file, text }) => {
    if (updating) {
      mkdirSync(goldenFolder, { recursive: true });
      writeFileSync(join(goldenFolder, file), text);
    }
    expect(text).toBe(golden(file));
  });

  test('no golden is left of an example that is gone', () => {
    expect(readdirSync(goldenFolder).sort()).toEqual(files.map((one) => one.file).sort());
  });
});
