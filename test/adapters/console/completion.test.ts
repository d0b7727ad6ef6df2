// Completion of the page while somebody types, from the same forms and recipes that the grammar reads.
import { describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vocabulary } from '../../../src/adapters/console/completion.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { examplePolicy, policyFrom } from '../../support/apps/testApp.ts';
import { root } from '../../support/root.ts';

interface Completion {
  readonly usage?: { readonly parts: readonly string[]; readonly at: number };
  readonly suggestions: readonly { readonly insert: string; readonly label: string; readonly hint: string }[];
}
interface PageModule {
  readonly complete: (text: string, known: unknown) => Completion;
}

// The page's own file, as the browser gets it.
const { complete } = (await import(
  pathToFileURL(join(root, 'src/adapters/console/page/completion.js')).href
)) as PageModule;

const policy = policyFrom(examplePolicy);
const known = {
  ...vocabulary(policy, ['minidump.ps1', 'triage.zip']),
  hosts: ['hosta.corp.example', 'kiosk.corp.example', 'kiosk.branch.example'].map((name) => ({
    name,
    hint: '',
  })),
  requests: [{ id: 'lr-7f3k2q', hint: 'Dump', code: 'r1-1c9e04ab5d6f7a8b' }],
};
const inserts = (text: string) => complete(text, known).suggestions.map((one) => one.insert);

describe('the completion', () => {
  test('begins with recipes, then commands', () => {
    expect(inserts('d')).toEqual(['dump ', 'deny ']);
    expect(complete('d', known).suggestions[0]?.hint).toContain('Memory dump');
  });

  test('knows hosts by their shortest name that means one device', () => {
    expect(inserts('dump ')).toEqual([
      'dump hosta ',
      'dump kiosk.corp.example ',
      'dump kiosk.branch.example ',
    ]);
    expect(inserts('host k')).toEqual(['host kiosk.corp.example ', 'host kiosk.branch.example ']);
  });

  test('shows the usage and where one is in it', () => {
    expect(complete('dump hosta ', known).usage).toMatchObject({
      parts: ['dump', '<host>', '<process>'],
      at: 2,
    });
  });

  test('knows scripts, files, requests, codes, topics and lists', () => {
    expect(inserts('run hosta ')).toEqual(['run hosta minidump.ps1 ']);
    expect(inserts('put hosta ')).toEqual(['put hosta minidump.ps1 ', 'put hosta triage.zip ']);
    expect(inserts('approve ')).toEqual(['approve lr-7f3k2q ']);
    expect(inserts('approve lr-7f3k2q ')).toEqual(['approve lr-7f3k2q r1-1c9e04ab5d6f7a8b ']);
    expect(inserts('list m')).toEqual(['list mine ']);
    expect(inserts('help res')).toEqual(['help results ']);
  });

  test('offers a reason once everything needed is there, and not twice', () => {
    expect(inserts('dump hosta lsass ')).toEqual(['dump hosta lsass --reason "']);
    expect(inserts('dump hosta lsass --reason "x" ')).toEqual([]);
  });

  test('says nothing of words it does not know', () => {
    expect(complete('frobnicate ', known)).toEqual({ suggestions: [] });
  });

  test('leads every recipe, by its first suggestions alone, to a line that the grammar takes', () => {
    for (const { word } of known.words.filter((one) => one.recipe)) {
      let text = `${word} `;
      for (let step = 0; step < 4; step += 1) {
        const next = complete(text, known).suggestions.find((one) => !one.insert.includes('--reason'));
        if (next === undefined) break;
        text = next.insert;
      }
      expect(parse(text.trim(), policy.recipes)).not.toHaveProperty('problem');
    }
  });
});
