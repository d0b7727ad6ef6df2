// Words of cards whose session has ended: what may be called a success, and what its results are.
import { describe, expect, test } from '@jest/globals';
import { exitAdvice } from '../../cards/messages/stepAdvice.ts';
import { cardView } from '../../cards/cardView.ts';
import { fileSentence, troubles, troubleSentence } from '../../cards/results.ts';
import { continuationOf } from '../../src/liveResponse/request/retry.ts';
import type { CollectedFile } from '../../src/liveResponse/results/resultFacts.ts';
import { action, progress, request, start } from './examples/exampleRequests.ts';
import { ended, excerptRead, progressed, sent } from './examples/exampleSteps.ts';
import { examples } from './examples/examples.ts';
import { view } from './examples/drawn.ts';

const minute = 60_000;

describe('finished', () => {
  test('a success that Defender did not report for every command is no success', () => {
    const drawn = view(
      request([...sent, ended(action('Succeeded', [progress(0, 'Completed')]), 'succeeded')]),
    );
    expect(drawn.tone).toBe('warning');
    expect(drawn.status).not.toContain('succeeded');
  });

  test.each([
    ['exit code', { exitCode: 3 }, 'Finished: a script reports failure'],
    ['error output', { errors: true }, 'Finished, with script errors'],
  ] as const)('an %s is said', (_name, more, status) => {
    const done = ended(
      action('Succeeded', [progress(0, 'Completed'), progress(1, 'Completed')]),
      'succeeded',
    );
    expect(view(request([...sent, excerptRead('x', more), done])).status).toBe(status);
  });

  test('a cancel after all commands had completed says so', () => {
    const drawn = view(
      request([
        ...sent,
        ended(
          action('Cancelled', [progress(0, 'Completed'), progress(1, 'Completed')], {
            cancelledBy: 'soc@corp.example',
            cancelComment: 'mine',
          }),
          'cancelled',
        ),
      ]),
    );
    expect(drawn.lead).toContain(
      'Cancelled outside this bot by “soc@corp.example”: “mine”. Both commands had completed before that.',
    );
  });

  test('a command of an opened session that ended early is not said not to have run, whatever its status', () => {
    const opened = progressed(action('InProgress', [progress(0, 'Created'), progress(1, 'Created')]));
    const cancelled = ended(
      action('Cancelled', [progress(0, 'Created'), progress(1, 'Created')]),
      'cancelled',
    );
    expect(view(request([...sent, opened, cancelled])).steps.map((step) => step.status)).toEqual([
      'no end reported',
      'not run',
    ]);
    expect(view(request([...sent, cancelled])).steps.map((step) => step.status)).toEqual([
      'not run',
      'not run',
    ]);
    const begun = ended(
      action('TimeOut', [progress(0, 'Created', { startedAt: start + 4 * minute }), progress(1, 'Created')]),
      'timedOut',
    );
    expect(view(request([...sent, begun])).steps.map((step) => step.status)).toEqual([
      'no end reported',
      'not run',
    ]);
  });

  test.each([
    [
      'a script that ran too long',
      [progress(0, 'Executing'), progress(1, 'Created')],
      'Defender gives a script 10 min. Index 1 was not run.',
    ],
    [
      'a device that never came',
      [progress(0, 'Created'), progress(1, 'Created')],
      'The device was offline: Defender waited 3 min 54 s for it and gave up. No command was run.',
    ],
  ] as const)('time-out of %s', (_name, rows, text) => {
    expect(view(request([...sent, ended(action('TimeOut', rows), 'timedOut')])).lead).toContain(text);
  });

  test.each(['failed', 'timedOut', 'cancelled'] as const)(
    'an end (%s) that leaves out the commands says of the one after the last result that it may have run, to the approver of a retry as well',
    (outcome) => {
      const twoScripts = [
        { type: 'RunScript', scriptName: 'minidump.ps1' },
        { type: 'RunScript', scriptName: 'collect.ps1' },
        { type: 'GetFile', path: 'C:\\x' },
      ] as const;
      const word = { failed: 'Failed', timedOut: 'TimeOut', cancelled: 'Cancelled' }[outcome];
      const one = request(
        [
          ...sent,
          progressed(action('InProgress', [progress(0, 'Completed'), progress(1, 'Created')])),
          excerptRead('x'),
          ended(action(word, []), outcome),
        ],
        { commands: twoScripts },
      );
      const drawn = view(one);
      expect(drawn.steps.map(({ status }) => status)).toEqual(['completed', 'no end reported', 'not run']);
      expect(drawn.lead).not.toMatch(/Index(es)? (0|1)\b[^.]* not run/);
      expect(continuationOf(one, 1).mayRepeat).toEqual([0]);
    },
  );

  test('of an output whose end is not at hand, the beginning is shown and nothing is counted', () => {
    const whole = Array.from({ length: 500 }, (_, n) => `line ${n}`).join('\n');
    const done = request([
      ...sent,
      excerptRead(whole, { exitCode: 1 }),
      ended(action('Succeeded', [progress(0, 'Completed'), progress(1, 'Completed')]), 'succeeded'),
    ]);
    const part = view(done, { outputs: new Map([[0, whole.slice(0, 1000)]]) }).excerpts[0];
    expect(part?.text.startsWith('line 0\n')).toBe(true);
    expect(part?.more).toBe(`The first 12 lines. “Full output” sends you all ${whole.length} characters.`);
    const all = view(done, { outputs: new Map([[0, whole]]) }).excerpts[0];
    expect(all?.text.endsWith('line 499')).toBe(true);
    expect(all?.more).toBe(
      `The last 12 of 500 lines. “Full output” sends you all ${whole.length} characters.`,
    );
  });

  test('a code that does not fit among the quoted errors is told after them', () => {
    const errors = ['x'.repeat(2000), 'Error 0x80070005'];
    const drawn = view(
      request([
        ...sent,
        ended(
          action('Failed', [progress(0, 'Failed', { errors }), progress(1, 'Created')], {
            hresult: 0x80070005,
          }),
          'failed',
        ),
      ]),
    );
    expect(drawn.steps[0]?.detail).toContain('0x80070005');
    expect(drawn.steps[0]?.detail?.match(/0x80070005/g)).toHaveLength(1);
  });

  test('a device that never came, read long after Defender gave up, was waited for as long as Defender waited', () => {
    const late = ended(
      action('TimeOut', [progress(0, 'Created'), progress(1, 'Created')], {
        createdAt: start + 2 * minute,
        updatedAt: start + 122 * minute,
      }),
      'timedOut',
      20 * 60,
    );
    expect(view(request([...sent, late])).lead).toContain(
      'Defender waited 2 h for it and gave up. So this tenant keeps such a session about 2 h.',
    );
  });

  test('a link is gone from the card once it has expired', () => {
    const one = examples.find((example) => example.name === 'finished-succeeded');
    if (one === undefined) throw new Error('the example is gone');
    expect(cardView(one.request, { ...one.context, now: start + 36 * minute }).links).toEqual([]);
  });
});

describe('results', () => {
  const file = (more: Partial<CollectedFile>): CollectedFile => ({
    index: 0,
    at: start,
    format: 'gzip',
    ...more,
  });

  test.each([
    [
      file({ name: 'OfficeClickToRun.dmp.zip.gz', bytes: 51_380_224 }),
      'OfficeClickToRun.dmp.zip.gz, 51 MB: gzip around the zip, unpack both.',
    ],
    [file({}), 'a.log.gz: gzip, unpack it first.'],
    [file({ format: 'zip', name: 'x.zip' }), 'x.zip: a zip.'],
    [file({ format: 'other', bytes: 12 }), 'a.log, 12 bytes: as it was on the device, not packed.'],
    [
      file({ format: 'empty', bytes: 0 }),
      'a.log, 0 bytes: the file is empty. Check the path, or whether the script had finished writing.',
    ],
    [file({ name: '..\\..\\evil\u202e.gz' }), 'evil.gz: gzip, unpack it first.'],
  ])('%j is described', (one, text) => {
    expect(fileSentence(one, 'a.log')).toBe(text);
  });

  test.each([...Object.keys(troubles), 'new'])('the trouble %s has a sentence', (code) => {
    for (const type of ['GetFile', 'RunScript'] as const)
      expect(troubleSentence({ code, tries: 2 }, type)).toMatch(/^[A-Z].*\.$/);
  });

  test('an exit code is called what it is', () => {
    expect(exitAdvice('Index 0', 5)).toContain('exit code 5');
    expect(exitAdvice('Index 0', 0)).toContain('wrote errors');
  });
});
