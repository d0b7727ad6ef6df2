// Every state, cause and ending says what happened and what to do next, and none of them says more than is
// known.
import { describe, expect, test } from '@jest/globals';
import { failureAdvice, refusalAdvice } from '../../cards/messages/advice.ts';
import { cardView, titleOf } from '../../cards/cardView.ts';
import { plainText } from '../../cards/renderers/plainText.ts';
import { waitSentence, waitStatus } from '../../cards/messages/waits.ts';
import type { WaitCause } from '../../src/liveResponse/request/session.ts';
import { action, approval, asked, progress, request, start } from './examples/exampleRequests.ts';
import { approved, claimed, progressed, sent, submitted } from './examples/exampleSteps.ts';
import { examples, viewOf } from './examples/examples.ts';
import { view } from './examples/drawn.ts';

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
