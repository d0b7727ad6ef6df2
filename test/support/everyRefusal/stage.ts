// Stage for stories of refusals: the whole product on a clock that leaps, with one chat over HTTP and the
// simulator.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { ServiceOptions } from '../../../src/app/options.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { createManualClock } from '../manualClock.ts';
import type { ManualClock } from '../manualClock.ts';
import { createMemoryDisk } from '../store/memoryDisk.ts';
import type { MemoryDisk } from '../store/memoryDisk.ts';
import { quiet } from '../quiet.ts';
import type { ChatCall, Refusal } from '../../../src/demo/refusal.ts';

export interface StageClock extends ManualClock {
  /**
   * Lets time pass, sleeper by sleeper, until `look` answers, for `longest` milliseconds at most; fails
   * with `what` then.
   */
  until<T>(what: () => string, look: () => T | undefined, longest: number): Promise<T>;
}

export function createStageClock(): StageClock {
  // Bolt checks the age of a signature by the machine's own clock, so that a story may be told in the future,
  // and not in the past.
  const clock = createManualClock(Math.ceil(Date.now() / 3_600_000) * 3_600_000, quiet);
  return {
    ...clock,
    async until(what, look, longest) {
      const end = clock.elapsed() + longest;
      await clock.settle();
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        if (clock.sleepers().length === 0 || clock.elapsed() >= end)
          throw new Error(`not within ${longest / 60_000} minutes: ${what()}`);
        await clock.step(end - clock.elapsed());
      }
    },
  };
}

/** A card as people see it: all that it says, its buttons among it. */
export interface SeenCard {
  readonly text: string;
  /** Buttons that decide something. */
  readonly live: boolean;
}

export type Who = 'requester' | 'approver';

/** One chat: its fake, its people, and how they speak and press there. */
export interface ChatSide {
  readonly name: 'slack' | 'teams';
  /** Where the request is asked, and where it is approved. The cards of both show every result. */
  readonly places: readonly [string, string];
  readonly policy: string;
  options(timeout: number | undefined): Pick<ServiceOptions, 'platforms'>;
  /** Where the product listens now; undefined once it was killed: what it still answers reaches nobody. */
  listening(url: string | undefined): void;
  refuse(refuse: ((call: ChatCall) => Refusal | undefined) | undefined): void;
  say(text: string): Promise<unknown>;
  /** Presses the newest card in the place of approvals. */
  press(verb: 'approve' | 'deny'): Promise<unknown>;
  /** A form that asks for more before a press counts, where this chat has one. */
  readonly form?: { open(): boolean; submit(): Promise<unknown> };
  /** Presses one of the cards in a place that is not the newest, if there is one. */
  pressOlder(place: string): Promise<unknown>;
  /** All cards of a place, oldest first. */
  cards(place: string): readonly SeenCard[];
  /** What this person alone was told, oldest first. */
  told(who: Who): readonly string[];
  close(): Promise<void>;
}

export interface Stage {
  readonly clock: StageClock;
  readonly chat: ChatSide;
  readonly simulator: Simulator;
  requests(): readonly Request[];
  /** Ends the process in good order and starts it again on the same folder. */
  restart(): Promise<void>;
  /**
   * Keeps the data folder as it is now, and lets nothing of this process out any more: what kill -9 leaves.
   */
  kill(): void;
  /** Clears away what was killed, and starts again on what it left; `cleared` is called in between. */
  revive(cleared: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Everything a process wrote, at one moment. */
interface Left {
  readonly disk: MemoryDisk;
  readonly folder: string;
}

export async function openStage(
  openChat: (clock: StageClock) => Promise<ChatSide>,
  options: { readonly timeout?: number } = {},
): Promise<Stage> {
  const clock = createStageClock();
  const chat = await openChat(clock);
  // Every session takes the same time, so that an undisturbed story makes the same calls whenever it is told.
  const always = (ms: number): readonly [number, number] => [ms, ms];
  const simulator = await startSimulator({
    clock,
    random: () => 0.5,
    profile: {
      pendingMs: always(6_000),
      commandMs: always(5_000),
      getFileMs: always(5_000),
      settleMs: always(6_000),
    },
  });
  const base = mkdtempSync(join(tmpdir(), 'lr-refusal-'));
  const folder = join(base, 'data');
  mkdirSync(folder);
  const policyFile = join(base, 'policy.yaml');
  writeFileSync(policyFile, chat.policy);
  let disk = createMemoryDisk();
  let left: Left | undefined;
  let service = await start();

  /**
   * As a supervisor does: a process that ends at its start, because its chat is out of reach, is started
   * again.
   */
  async function start(): Promise<Service> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const started = await clock.during(startService(serviceOptions()));
        chat.listening(started.url);
        return started;
      } catch (error) {
        if (attempt > 100) throw error;
        await clock.advance(15_000);
      }
    }
  }

  function serviceOptions(): ServiceOptions {
    return {
      host: '127.0.0.1',
      port: 0,
      dataDir: folder,
      policyFile,
      command: '/lr',
      logLevel: 'silent',
      secrets: [],
      console: false,
      clock,
      disk,
      defender: {
        kind: 'service',
        tenant: 'simulator',
        endpoint: customEndpoint(simulator.url),
        credentials: 'none',
        loopback: true,
      },
      ...chat.options(options.timeout),
      rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1_500 },
      sessions: 25,
      pollGap: 2_400,
      parkedGap: 30_000,
      offlineQueue: 3 * 24 * 3_600_000,
      outputRetention: 30 * 24 * 3_600_000,
    };
  }

  return {
    clock,
    chat,
    simulator,
    requests: () => service.store.all(),
    async restart() {
      await clock.during(service.stop());
      service = await start();
    },
    kill() {
      if (left !== undefined) return;
      left = { disk: disk.powerCut((n) => n - 1), folder: join(base, 'left') };
      // The lock's socket is the process's own and ends with it. A file that is being written under its new
      // name may be gone while it is copied.
      cpSync(folder, left.folder, { recursive: true, filter: (path) => !/\.(?:sock|new)$/.test(path) });
      simulator.tenant.faults.plant({ what: 'reset', on: 'any', times: 'always' });
      chat.listening(undefined);
    },
    async revive(cleared) {
      if (left === undefined) throw new Error('nothing was killed');
      await clock.during(service.stop());
      rmSync(folder, { recursive: true });
      cpSync(left.folder, folder, { recursive: true });
      rmSync(left.folder, { recursive: true });
      disk = left.disk;
      left = undefined;
      simulator.tenant.faults.clear();
      cleared();
      service = await start();
    },
    async close() {
      await clock.during(service.stop());
      await simulator.stop();
      await chat.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
