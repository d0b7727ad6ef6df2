// Every state, cause and ending says what happened and what to do next, and none of them says more than is
// known.
import { describe, expect, test } from '@jest/globals';
import { failureAdvice, refusalAdvice } from '../../cards/messages/advice.ts';
import { exitAdvice } from '../../cards/messages/stepAdvice.ts';
import { cardView, titleOf } from '../../cards/cardView.ts';
import { plainText } from '../../cards/renderers/plainText.ts';
import { fileSentence, troubles, troubleSentence } from '../../cards/results.ts';
import { waitSentence, waitStatus } from '../../cards/messages/waits.ts';
import type { CardView } from '../../cards/view.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import type { WaitCause } from '../../src/liveResponse/request/session.ts';
import { continuationOf } from '../../src/liveResponse/request/retry.ts';
import type { CollectedFile } from '../../src/liveResponse/results/resultFacts.ts';
import {
  action,
  approval,
  approved,
  asked,
  claimed,
  context,
  ended,
  examples,
  excerptRead,
  progress,
  progressed,
  request,
  sent,
  start,
  submitted,
  viewOf,
} from './examples.ts';

const minute = 60_000;
const causes: readonly WaitCause[] = [
  'slot',
  'sessions',
  'deviceBusy',
  'throttled',
  'frozen',
  'library',
  'unavailable',
  'unauthorized',
];

function view(one: Request, more: Parameters<typeof context>[0] = {}): CardView {
  return cardView(one, context(more));
}

describe.each(examples)('$name', (one) => {
  const drawn = viewOf(one);

  test('it says its state in words and something to know or do', () => {
    expect(drawn.status.length).toBeGreaterThan(4);
    expect(drawn.status.length).toBeLessThanOrEqual(60);
    expect(drawn.lead).toMatch(/^[A-Z“].*[.”]$/s);
    expect(drawn.lead.length).toBeGreaterThan(60);
    // While Defender cannot be read, the last reading stands behind the reason.
    expect(drawn.lead.length).toBeLessThanOrEqual(one.context.outage === undefined ? 460 : 520);
    for (const step of drawn.steps) expect(step.status).not.toBe('');
  });

  test('no sentence has a hole in it', () => {
    const all = JSON.stringify(drawn);
    expect(all).not.toMatch(/undefined|NaN|\[object|null|\(\)| {2}\S+ [a-z]+ {2}| ,|\.\./);
    expect(drawn.lead).not.toMatch(/ {2}| \./);
  });

  test('the sentence for notifications names state, device and requester', () => {
    expect(drawn.fallback).toContain(drawn.status);
    expect(drawn.fallback).toContain('hosta.corp.example');
    expect(drawn.fallback).toContain('Rita Responder');
  });

  test('a simulated tenant is said first', () => {
    const simulated = cardView(one.request, { ...one.context, simulated: true });
    expect(simulated.status).toMatch(/^SIMULATED TENANT: /);
    expect(simulated.notes[0]).toBe('No real device is touched, and nothing shown here happened on one.');
    expect(simulated.fallback).toMatch(/^SIMULATED TENANT: /);
    expect(plainText(simulated).match(/SIMULATED TENANT/g)).toHaveLength(1);
  });

  test('a private place shows neither output nor link', () => {
    const hidden = cardView(one.request, { ...one.context, results: 'private' });
    expect(hidden.excerpts).toEqual([]);
    expect(hidden.links).toEqual([]);
  });
});

describe('the approval card', () => {
  const drawn = view(request([]));

  test('asks by host and script before it approves', () => {
    const confirm = drawn.buttons.find((button) => button.verb === 'approve')?.confirm;
    expect(confirm?.title).toContain('hosta.corp.example');
    expect(confirm?.text).toContain('RunScript minidump.ps1 OfficeClickToRun');
    expect(confirm?.text).toContain('9f2c41d7');
  });

  test('offers approve, deny with a reason, and withdraw', () => {
    expect(drawn.buttons.map((button) => button.verb)).toEqual(['approve', 'deny', 'withdraw']);
    expect(drawn.buttons[1]?.asks).toBeDefined();
  });

  test('points at letters that look like others and at spaces that count', () => {
    const odd = view(
      request([], { commands: [{ type: 'RunScript', scriptName: 'a.ps1', args: 'pаss  x ' }] }),
    );
    expect(odd.steps[0]?.detail).toBe(
      'Look closely: it has letters outside ASCII, which can look like others: а (U+0430); several spaces in a row; a space at its beginning or end.',
    );
    expect(drawn.steps[0]?.detail).not.toMatch(/Look closely/);
  });

  test('spells out a character that could not be seen, should one ever get there', () => {
    const odd = view(request([], { commands: [{ type: 'GetFile', path: 'C:\\a\u202egpj.exe' }] }));
    expect(odd.steps[0]?.command).toBe('GetFile C:\\a‹U+202E›gpj.exe');
  });
});

describe('the title', () => {
  test.each([
    ['dump hosta OfficeClickToRun', 'Dump OfficeClickToRun on hosta.corp.example'],
    ['dump HOSTA.corp.example OfficeClickToRun', 'Dump OfficeClickToRun on hosta.corp.example'],
    ['triage 1e5bc9d7e413ddd7902c2932e418702b84d0cc07', 'Triage on hosta.corp.example'],
    ['hosta hosta', 'Hosta on hosta.corp.example'],
    ['on other run x.ps1', 'On other run x.ps1 on hosta.corp.example'],
  ])('of "%s" is "%s"', (typed, title) => {
    expect(titleOf(request([], { title: typed }))).toBe(title);
  });
});

describe('waiting', () => {
  test.each(causes)('for %s has a status and a sentence', (cause) => {
    expect(waitStatus(cause)).toMatch(/^Approved, /);
    expect(
      waitSentence(cause, { frozen: 'Submissions have been frozen by Omar Other since 14:03 UTC: a reason.' })
        .length,
    ).toBeGreaterThan(40);
    const lead = view(request([approved, [{ type: 'waiting', cause }, 3]])).lead;
    expect(lead).toContain('Nothing has run.');
    expect(lead).toContain('the approval lapses');
    expect(view(request([approved, [{ type: 'waiting', cause }, 3], [{ type: 'lapsed' }, 40]])).lead).toMatch(
      /\(.+\); an old approval is never used/,
    );
  });

  test('says that portal sessions cannot be seen', () => {
    expect(waitSentence('deviceBusy')).toContain('sessions opened in the portal cannot be seen by the bot');
  });

  test('gives its place with the time at which it was true', () => {
    const lead = view(request([approved]), {
      now: start + 2 * minute,
      queue: { position: 3, expectedAt: start + 3 * minute },
    }).lead;
    expect(lead).toContain('Place 3 in the queue at 14:04 UTC, expected to be sent about 14:05 UTC.');
  });
});

describe('what may have run', () => {
  const lost = [
    approved,
    claimed,
    [{ type: 'lost' }, 3] as const,
    [
      { type: 'resubmitted', vote: approval(start + 10 * minute), runBefore: start + 40 * minute },
      10,
    ] as const,
  ] as const;

  test.each([
    ['queued again', [...lost]],
    ['lapsed', [...lost, [{ type: 'lapsed' }, 41] as const]],
    ['withdrawn', [...lost, [{ type: 'withdrawn', by: asked().asked.requester }, 12] as const]],
  ])('is said of a request sent before and %s', (_name, steps) => {
    const drawn = view(request(steps));
    expect(drawn.lead).toContain('may have run');
    expect(drawn.lead).not.toContain('Nothing was run');
    expect(drawn.lead).not.toContain('Nothing has run');
  });

  test('is noted on the card of the second session', () => {
    const second = {
      type: 'submitted',
      action: action('Pending', [], { comment: 'lr:x:b2 Rita Responder' }),
      deadline: start + 72 * 60 * minute,
    } as const;
    const again = request([
      ...lost,
      [{ type: 'claimed', attempt: { nonce: 'b2', tag: 'lr:x:b2', at: start + 11 * minute } }, 11],
      [second, 12],
    ]);
    expect(view(again).notes).toContain('Sent again: the attempt of 14:04 UTC may have run too.');
    expect(view(again).facts).toContainEqual({ label: 'Sent', value: '2 attempts: 14:04 UTC, 14:13 UTC' });
  });

  test('is told as what it is where the first attempt is found before anything goes out again', () => {
    const drawn = view(
      request([
        ...lost,
        [{ type: 'claimed', attempt: { nonce: 'b2', tag: 'lr:x:b2', at: start + 11 * minute } }, 11],
        [submitted[0], 12],
      ]),
    );
    expect(drawn.notes).toContain(
      'What runs here is the attempt of 14:04 UTC, found before it was sent again: the approval shown came after it.',
    );
    expect(drawn.notes.join()).not.toContain('may have run too');
    expect(drawn.facts).toContainEqual({ label: 'Sent', value: 'once, 14:04 UTC' });
  });

  test('is never denied of a dropped request', () => {
    const drawn = view(
      request([
        approved,
        claimed,
        [{ type: 'lost' }, 3],
        [{ type: 'abandoned', by: asked().asked.requester }, 5],
      ]),
    );
    expect(drawn.lead).toContain('Whether it ran is not known');
    expect(drawn.steps.map((step) => step.status)).toEqual(['not known', 'not known']);
  });
});

describe('refusals', () => {
  test.each([...Object.keys(refusalAdvice), 'Forbidden', 'Unauthorized', 'SomethingNew'])(
    '%s says what happened and what to do',
    (code) => {
      const { what, next } = failureAdvice({ code });
      expect(what).toMatch(/^[A-Z].*\.$/);
      expect(next).toMatch(/^[A-Z].*\.$/);
      const lead = view(
        request([approved, claimed, [{ type: 'refused', code, detail: 'the text' }, 3]]),
      ).lead;
      expect(lead).toContain(`${what} Nothing was run. ${next} Code ${code}: “the text”.`);
    },
  );

  test('a 403 of the look-up of the device names the right for that, not the one to start a session', () => {
    const lead = view(
      request([
        approved,
        claimed,
        [{ type: 'refused', code: 'Forbidden', call: 'machines', status: 403 }, 3],
      ]),
    ).lead;
    expect(lead).toContain('Machine.Read.All or Machine.ReadWrite.All with admin consent');
    expect(lead).not.toContain('Machine.LiveResponse');
  });

  test('the correlation id is a fact', () => {
    expect(
      view(request([approved, claimed, [{ type: 'refused', code: 'x', target: 'abc' }, 3]])).facts,
    ).toContainEqual({ label: 'Correlation id', value: 'abc' });
  });
});

describe('running', () => {
  test('a status never seen is said, and is not an end', () => {
    const drawn = view(request([...sent, progressed(action('Hibernating', []))]));
    expect(drawn.status).toBe('Running, status “Hibernating”');
    expect(drawn.lead).toContain('treated as still running');
  });

  test('a failed command is said before the session has ended', () => {
    const drawn = view(
      request([
        ...sent,
        progressed(
          action('InProgress', [
            progress(0, 'Failed', { errors: ['no such script'] }),
            progress(1, 'Created'),
          ]),
        ),
      ]),
    );
    expect(drawn.status).toBe('A command failed, session closing');
    expect(drawn.steps[0]?.detail).toBe(
      'Defender says: “no such script”. Next: upload it to the live response library under exactly this name, then ask again.',
    );
  });

  test.each([
    [
      'with a start time',
      [progress(0, 'Created', { startedAt: start + 4 * minute }), progress(1, 'Created')],
      ['running', 'waiting'],
    ],
    ['without one', [progress(0, 'Created'), progress(1, 'Created')], ['next, may be running', 'waiting']],
    [
      'after the first is done',
      [progress(0, 'Completed'), progress(1, 'Created')],
      ['completed', 'next, may be running'],
    ],
    [
      'in a word of the connector',
      [progress(0, 'Submitted'), progress(1, 'PendingResource')],
      ['next, Defender says “Submitted”', 'waiting, Defender says “PendingResource”'],
    ],
    ['executing', [progress(0, 'Executing'), progress(1, 'Created')], ['running', 'waiting']],
  ] as const)('the documented statuses have no word for a command at work: %s', (_name, rows, told) => {
    expect(
      view(request([...sent, progressed(action('InProgress', rows))])).steps.map((step) => step.status),
    ).toEqual(told);
  });

  test('nothing of a session that no device has taken may be running', () => {
    expect(view(request(sent)).steps.map((step) => step.status)).toEqual(['waiting', 'waiting']);
  });

  test('a cancel that failed brings the button back', () => {
    const steps = [
      ...sent,
      [
        {
          type: 'cancelAsked',
          cancel: { by: asked().asked.requester, at: start + 4 * minute, answer: 'failed' },
        },
        4,
      ] as const,
    ];
    expect(view(request(steps)).buttons.map((button) => button.verb)).toContain('cancel');
    expect(view(request(steps)).lead).toContain('press Cancel again');
  });
});

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
