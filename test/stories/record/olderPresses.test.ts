// Presses on cards that an older version posted: they work, or are answered with how things are now
// Through the doors of Slack and Teams, on recorded folders. `UPDATE_GOLDENS=1` writes the answers again.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { recordsFolder, storyOf } from '../../support/store/olderRecord.ts';
import { RecordedService } from '../../support/store/recordedService.ts';
import type { Presser, RecordedCard } from '../../support/store/recordedService.ts';
import { runOf, stateIn } from '../../support/requests/requests.ts';

const updating = process.env['UPDATE_GOLDENS'] === '1';
/** A start, some forty presses, and a machine that does much else. Milliseconds. */
const patience = 120_000;

let bot: RecordedService;
afterEach(() => bot.close());

function expectAnswers(lines: readonly string[], file: string): void {
  const path = join(recordsFolder, 'seen', bot.name, file);
  const text = lines.map(settled).join('\n');
  if (updating) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

/** Without the minutes that the test itself took. */
function settled(text: string): string {
  const last = new Date(storyOf(bot.name).stoppedAt + 60_000).toISOString().slice(11, 16);
  return text.replace(/\d\d:\d\d UTC/g, (time) => (time.slice(0, 5) >= last ? 'after the start' : time));
}

/** Cards from before much happened to their request, and cards as the older version left them. */
const looks: readonly (readonly [who: Presser, label: string, state: string])[] = [
  ['avery', 'finished', 'awaitingApproval'],
  ['riley', 'finished', 'awaitingApproval'],
  ['avery', 'shownStale', 'awaitingApproval'],
  ['avery', 'expired', 'awaitingApproval'],
  ['avery', 'resent', 'unknown'],
  ['riley', 'awaiting', 'awaitingApproval'],
];

/** In which state the cards were left whose buttons work. */
const statesOf = {
  awaitingOther: 'awaitingApproval',
  awaitingTeams: 'awaitingApproval',
  stillUnknown: 'unknown',
  stillRunning: 'running',
  brokenDevice: 'finished',
} as const;

/** Of what only that person may do, nothing is done here. */
const harmless = (who: Presser, label: string, button: string): boolean =>
  !(who === 'riley' && label === 'awaiting' && /^Withdraw/.test(button));

describe.each(['unkeyed', 'keyed'] as const)('on cards of the recorded folder "%s"', (name) => {
  beforeEach(async () => {
    bot = await RecordedService.open(name);
  }, patience);

  const card = (surface: RecordedCard['surface'], label: string, state: string): RecordedCard =>
    bot.recorded(surface, label, state);

  /** Of what is pressed: others go on meanwhile. */
  const states = () =>
    looks.map(([, label]) => [label, stageOf(bot.request(label)).state, bot.request(label).revision]);

  test(
    'each press that is too late, or not for that person, is answered in Slack as before and changes nothing',
    async () => {
      const before = states();
      const lines: string[] = [];
      for (const [who, label, state] of looks) {
        const pressed = card('slack', label, state);
        for (const { label: button } of pressed.buttons) {
          if (harmless(who, label, button))
            lines.push(
              `${who} presses ${button} on ${label} (${state}):`,
              `${await bot.toldInSlack(who, pressed, button)}\n`,
            );
        }
      }
      expectAnswers(lines, 'slackPresses.txt');
      expect(states()).toEqual(before);
    },
    patience,
  );

  test(
    'each press that is too late, or not for that person, is answered in Teams as before and changes nothing',
    async () => {
      const before = states();
      const lines: string[] = [];
      for (const [who, label, state] of looks) {
        if (who !== 'riley' && who !== 'avery') continue;
        const pressed = bot.recorded('teams', label, state);
        for (const button of pressed.buttons) {
          if (button.verb !== undefined && harmless(who, label, button.label))
            lines.push(
              `${who} presses ${button.label} on ${label} (${state}):`,
              `${await bot.pressInTeams(who, pressed, button)}\n`,
            );
        }
      }
      expectAnswers(lines, 'teamsPresses.txt');
      expect(states()).toEqual(before);
    },
    patience,
  );

  /** A button of version 0.1 carried less than is asked of one today, and what it approved waits frozen. */
  const old = name === 'unkeyed';

  async function released(): Promise<void> {
    expect(bot.service.store.freeze() === undefined).toBe(!old);
    if (!old) return;
    await bot.person('avery').command('C0INCIDENT', 'unfreeze');
    await bot.until('the answer to unfreeze', () =>
      bot.person('avery').told().startsWith('Unfrozen') ? true : undefined,
    );
  }

  /** What was asked for again from that one; the older version's own try has expired. */
  const nextOf = (label: string) =>
    bot.service.store
      .all()
      .find(
        (one) => stateIn(one) === 'awaitingApproval' && one.asked.continues?.id === bot.request(label).id,
      );

  const submitted = (label: string): number =>
    bot.simulator.tenant.submissions.filter(({ comment }) => comment.includes(bot.request(label).id)).length;

  async function approvedOnce(surface: RecordedCard['surface'], label: string): Promise<void> {
    const { id, place } = card(surface, label, 'awaitingApproval');
    await bot.until('the session at Defender', () => (submitted(label) === 1 ? true : undefined));
    await bot.shows(card(surface, label, 'awaitingApproval'), /Approved by/);
    expect(bot.request(label)).toMatchObject({
      sessions: [{ grant: { votes: [{ by: { id: 'approver1' } }] } }],
    });
    expect([id, bot.standing(surface, place, bot.request(label).id)]).toEqual([id, 1]);
    expect(submitted(label)).toBe(1);
  }

  test(
    'Approve works in Slack, once, on the message where it was pressed',
    async () => {
      await released();
      const waiting = card('slack', 'awaiting', 'awaitingApproval');
      if (old) {
        expect(await bot.toldInSlack('avery', waiting, 'Approve')).toMatch(
          /drawn by an older version of the bot, so the press was not taken/,
        );
        expect(stageOf(bot.request('awaiting')).state).toBe('awaitingApproval');
        await bot.pressCurrentInSlack('avery', waiting, 'Approve');
      } else await bot.pressInSlack('avery', waiting, 'Approve');
      await approvedOnce('slack', 'awaiting');
      expect(await bot.toldInSlack('sam', waiting, 'Approve')).toMatch(
        /was approved already by Avery Approver/,
      );
      expect(submitted('awaiting')).toBe(1);
    },
    patience,
  );

  test(
    'Approve works in Teams, once, on the message where it was pressed',
    async () => {
      await released();
      const waiting = card('teams', 'awaiting', 'awaitingApproval');
      const approve = waiting.buttons.find(({ verb }) => verb === 'lr.approve.v1');
      if (approve === undefined) throw new Error('no such button was recorded');
      const told = await bot.pressInTeams('avery', waiting, approve);
      if (old) {
        expect(told).toMatch(/drawn by an older version of the bot, so the press was not taken/);
        expect(stageOf(bot.request('awaiting')).state).toBe('awaitingApproval');
        await bot.pressCurrentInTeams('avery', waiting, 'approve');
      }
      await approvedOnce('teams', 'awaiting');
      expect(await bot.pressInTeams('avery', waiting, approve)).toMatch(/was approved already by you/);
      expect(submitted('awaiting')).toBe(1);
    },
    patience,
  );

  test(
    'every other button works in Slack',
    async () => {
      await released();
      await bot.toldInSlack('avery', card('slack', 'awaitingOther', 'awaitingApproval'), 'Deny');
      await bot.person('avery').submit('not today');
      await bot.shows(card('slack', 'awaitingOther', 'awaitingApproval'), /not today/);
      expect(stageOf(bot.request('awaitingOther'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'denied', by: { id: 'approver1' }, reason: 'not today' },
      });
      await bot.pressInSlack('riley', card('slack', 'awaitingTeams', 'awaitingApproval'), 'Withdraw');
      await bot.shows(card('slack', 'awaitingTeams', 'awaitingApproval'), /Withdrawn/);
      expect(stageOf(bot.request('awaitingTeams'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'withdrawn', by: { id: 'responder1' } },
      });
      await bot.pressInSlack('riley', card('slack', 'stillUnknown', 'unknown'), 'Drop');
      if (old) {
        await bot.until('the answer', () =>
          bot.person('riley').told().includes('drawn by an older version') ? true : undefined,
        );
        await bot.pressCurrentInSlack('riley', card('slack', 'stillUnknown', 'unknown'), 'Drop');
      }
      await bot.shows(card('slack', 'stillUnknown', 'unknown'), /Dropped/);
      expect(stageOf(bot.request('stillUnknown'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'abandoned', by: { id: 'responder1' } },
      });
      await bot.pressInSlack('riley', card('slack', 'stillRunning', 'running'), 'Cancel');
      await bot.until('the cancel', () =>
        runOf(bot.request('stillRunning')).cancel === undefined ? undefined : true,
      );
      expect(stageOf(bot.request('stillRunning'))).toMatchObject({
        state: 'running',
        run: { cancel: { by: { id: 'responder1' } } },
      });
      await bot.pressInSlack('sam', card('slack', 'brokenDevice', 'finished'), 'Ask again');
      const next = await bot.until('the next request', () => nextOf('brokenDevice'));
      expect(next).toMatchObject({ asked: { requester: { id: 'responder2' } } });
      await bot.shows(card('slack', 'brokenDevice', 'finished'), new RegExp(`Tried again as[^]*${next.id}`));
    },
    patience,
  );

  test(
    'every other button works in Teams',
    async () => {
      await released();
      const press = async (
        who: 'riley' | 'avery',
        label: keyof typeof statesOf,
        verb: string,
        input?: string,
      ): Promise<RecordedCard> => {
        const pressed = card('teams', label, statesOf[label]);
        const button = pressed.buttons.find((one) => one.verb?.startsWith(`lr.${verb}.v1`));
        if (button === undefined) throw new Error(`no button ${verb} was recorded on ${label}`);
        await bot.pressInTeams(who, pressed, button, input);
        return pressed;
      };
      await bot.shows(await press('avery', 'awaitingOther', 'deny', 'not today'), /not today/);
      expect(stageOf(bot.request('awaitingOther'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'denied', by: { id: 'approver1' }, reason: 'not today' },
      });
      await bot.shows(await press('riley', 'awaitingTeams', 'withdraw'), /Withdrawn/);
      expect(stageOf(bot.request('awaitingTeams'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'withdrawn', by: { id: 'responder1' } },
      });
      const unknown = await press('riley', 'stillUnknown', 'drop');
      if (old) await bot.pressCurrentInTeams('riley', unknown, 'drop');
      await bot.shows(unknown, /Dropped/);
      expect(stageOf(bot.request('stillUnknown'))).toMatchObject({
        state: 'closed',
        ending: { kind: 'abandoned', by: { id: 'responder1' } },
      });
      await press('riley', 'stillRunning', 'cancel');
      expect(stageOf(bot.request('stillRunning'))).toMatchObject({
        state: 'running',
        run: { cancel: { by: { id: 'responder1' } } },
      });
      const broken = await press('riley', 'brokenDevice', 'again');
      const next = nextOf('brokenDevice');
      expect(next).toMatchObject({ asked: { requester: { id: 'responder1' } } });
      await bot.shows(broken, new RegExp(`Tried again as[^]*${next?.id ?? 'nothing'}`));
    },
    patience,
  );
});
