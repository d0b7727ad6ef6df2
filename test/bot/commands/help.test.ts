// Help must never teach a line that is refused.
import { describe, expect, test } from '@jest/globals';
import { commandWords, forms } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { helpText, recipesText, topicNames, topics } from '../../../src/bot/commands/help.ts';
import { recipes } from '../../support/policy.ts';

describe('examples', () => {
  const examples = [
    ...commandWords.map((word) => forms[word].example),
    ...[...topics.values()].flatMap((topic) => topic.examples),
    ...[...recipes.values()].flatMap((one) => one.example ?? []),
  ];
  test.each(examples)('"%s" parses', (example) => {
    expect(parse(example, recipes)).not.toHaveProperty('problem');
    expect(parse(example, recipes)).toMatchObject({ repaired: [] });
  });
});

test('every topic has a text of its own, and the overview names them all', () => {
  const overview = helpText(undefined, recipes);
  for (const topic of topicNames) {
    expect(helpText(topic, recipes)).not.toEqual(overview);
    expect(overview.block).toContain(topic);
  }
});

test('every command word and every recipe can be asked about', () => {
  const overview = helpText(undefined, recipes);
  for (const word of [...commandWords.filter((one) => one !== 'help'), 'dump'])
    expect(helpText(word, recipes)).not.toEqual(overview);
});

test('the overview fits on a screen and begins with what can be asked', () => {
  const block = helpText(undefined, recipes, '/ir').block ?? '';
  expect(block.split('\n')[1]).toBe('  /ir dump <host> <process>');
  expect(block.split('\n').length).toBeLessThanOrEqual(24);
});

test('a recipe shows what it runs and what its arguments may be', () => {
  expect(helpText('dump', recipes).block).toBe(
    [
      '/lr dump <host> <process>',
      '  Memory dump of one process, collected as a zip.',
      '  0  RunScript minidump.ps1 {process}',
      '  1  GetFile C:\\windows\\TEMP\\{process}.dmp.zip',
      '<process>: at most 64 of A-Za-z0-9._-, not beginning with "-"',
      'for example /lr dump hosta OfficeClickToRun',
    ].join('\n'),
  );
});

test('without recipes the answer says where they are written', () => {
  expect(recipesText(new Map()).text).toContain('policy file');
});
