// Bench of a recording: one product with three chats, people who ask and press in them, and time that moves
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buttonsOf, createChat, slackId, teamsId } from './chats.js';

export const minute = 60_000;
const step = 2_400;

/** The key that tests use everywhere; it protects nothing. */
const testKey = `${Buffer.alloc(32, 'test key ').toString('base64')}\n`;

/** Where things are said, and who speaks there under which account. */
const places = {
  console: { surface: 'console', id: 'incidents' },
  private: { surface: 'console', id: 'soc-private' },
  slack: { surface: 'slack', id: 'C0INCIDENT' },
  slackPrivate: { surface: 'slack', id: 'C0PRIVATE1' },
  teams: { surface: 'teams', id: '19:channel@thread.tacv2' },
  group: { surface: 'teams', id: '19:group@thread.v2' },
};
const accounts = {
  riley: { console: 'responder1', slack: 'U0RILEY1', teams: 'aaaaaaaa-0000-0000-0000-000000000001' },
  sam: { console: 'responder2', slack: 'U0SAMMY1' },
  kim: { console: 'responder3', slack: 'U0KIMMY1' },
  avery: { console: 'approver1', slack: 'U0AVERY1', teams: 'bbbbbbbb-0000-0000-0000-000000000002' },
  ola: { console: 'onlooker1', slack: 'U0OLLIE1' },
};

const linesOf = (surfaces) =>
  Object.entries(surfaces)
    .map(([surface, account]) => `${surface}: ${account}`)
    .join(', ');

/** One more responder, who can be forgotten without anything else. */
const third = '  - { id: responder3, name: Kim Third, console: responder3 }\n';
const withThird = (example) =>
  example
    .replace('  - { id: approver1', `${third}  - { id: approver1`)
    .replace('responder: [responder1,', 'responder: [responder3, responder1,');

/** The example policy with its people in every chat and requests shown for approval in Slack and Teams. */
export function policyOf(example) {
  // Version 0.1 knew no visibility.
  const visibility = example.includes('visibility') ? ', visibility: [requester, approvers]' : '';
  return Object.values(accounts)
    .reduce((text, one) => text.replace(`console: ${one.console} }`, `${linesOf(one)} }`), withThird(example))
    .replace("'console:incidents', approvals: true, notify: 'console:approver1'", "'console:incidents'")
    .replace(
      "- { place: 'console:soc-private', results: private }",
      `- { place: 'console:soc-private', results: private${visibility} }
  - { place: 'slack:C0INCIDENT', approvals: true, notify: 'slack:S0APPROVE', results: card }
  - { place: 'slack:C0PRIVATE1', results: private }
  - { place: 'teams:19:channel@thread.tacv2', approvals: true, results: card }
  - { place: 'teams:19:group@thread.v2', results: card }`,
    )
    .replace('groups: [Workstations, Servers]', "groups: ['*']")
    .replace('approver: [approver1, responder2]', "approver: [responder2, 'slack:S0APPROVE']")
    .replace('freeze: [approver]', 'freeze: [approver, responder]');
}

export class Bench {
  /** Names of the story for its requests. */
  story = {};
  presses = [];
  groupsDown = false;

  static async open(program, settings) {
    const bench = new Bench();
    bench.program = program;
    bench.clock = program.createStoryClock();
    const groups = {
      includes: (group, person) =>
        bench.groupsDown
          ? Promise.reject(new Error('groups cannot be read'))
          : Promise.resolve(person.id === 'approver1'),
    };
    bench.chats = {
      slack: createChat(program, 'slack', bench.clock, slackId),
      teams: createChat(program, 'teams', bench.clock, teamsId),
    };
    // Written before the store looks for it, so that it is not a random one.
    const makeFolder = (folder) => {
      program.realDisk.makeFolder(folder);
      if (settings.keyed) writeFileSync(join(folder, 'journal.key'), testKey, { mode: 0o600 });
    };
    bench.policy = policyOf(program.examplePolicy);
    bench.house = await program.openHouse({
      clock: bench.clock,
      groups,
      chats: [program.createStoryChat(), bench.chats.slack, bench.chats.teams],
      disk: { ...program.realDisk, makeFolder },
      policy: policyOf,
      simulator: { extraDevices: 60 },
      field: settings.keyed,
    });
    return bench;
  }

  get faults() {
    return this.house.simulator.tenant.faults;
  }

  device(name, change) {
    this.house.simulator.tenant.changeDevice(`${name}.corp.example`, change);
  }

  get(label) {
    const request = this.house.store.get(this.story[label]);
    if (request === undefined) throw new Error(`there is no request "${label}"`);
    return request;
  }

  state(label) {
    return this.get(label).state;
  }

  tick() {
    return this.house.loop.tick();
  }

  say(as, text, where = 'console') {
    const { surface, id } = places[where];
    return this.house.say(accounts[as][surface], text, { surface, place: id });
  }

  /** Asks, and shows the cards. */
  async ask(label, text, { as = 'riley', where = 'slack' } = {}) {
    const reply = await this.say(as, text, where);
    if (reply.kind !== 'asked') throw new Error(`"${label}" was not asked: ${this.program.textOf(reply)}`);
    this.story[label] = reply.requestId;
    await this.tick();
    this.clock.move(1_000);
    return reply.requestId;
  }

  press(as, verb, label, { where = 'slack', ...more } = {}) {
    const { surface, id } = places[where];
    return this.house.press(accounts[as][surface], verb, {
      request: this.get(label),
      surface,
      place: id,
      ...more,
    });
  }

  async approve(label, where = 'slack') {
    const reply = await this.press('avery', 'approve', label, { where });
    if (reply.kind !== 'asked') throw new Error(`"${label}" was not approved: ${this.program.textOf(reply)}`);
  }

  /** Asked, approved, and not looked at by any worker since. */
  async approved(label, text, options = {}) {
    await this.ask(label, text, options);
    await this.approve(label, options.approvedIn);
  }

  async run(ms) {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      this.clock.move(Math.min(step, end - this.clock.now()));
      await this.tick();
    }
  }

  /** As long as nothing is read every few seconds: much time in few steps. */
  async later(ms, steps = 1) {
    for (let done = 0; done < steps; done += 1) {
      this.clock.move(ms / steps);
      await this.tick();
    }
  }

  async until(what, holds) {
    for (let turn = 0; turn < 3_000; turn += 1) {
      await this.tick();
      if (holds()) return;
      this.clock.move(step);
    }
    throw new Error(`never came to that: ${what}`);
  }

  reach(label, state) {
    return this.until(`${label} ${state}, it is ${this.state(label)}`, () => this.state(label) === state);
  }

  /** What the buttons carry that people have before them now. */
  keepPresses(...labels) {
    for (const [surface, chat] of Object.entries(this.chats)) {
      for (const { place, id, view } of chat.cards.values()) {
        const label = labels.find((one) => this.story[one] === view.requestId);
        if (label === undefined) continue;
        const { state, revision } = this.get(label);
        const buttons = buttonsOf(this.program, surface, view);
        this.presses.push({ label, state, revision, surface, place, id, request: view.requestId, buttons });
      }
    }
  }
}
