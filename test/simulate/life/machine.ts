// The machine on which the bot runs in a simulated day: it starts the process, kills it, cuts its power, and
// starts it again as a supervisor does.
import { createLog } from '../../../src/adapters/log.ts';
import type { HttpClient } from '../../../src/adapters/outbound/http.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Log } from '../../../src/liveResponse/ports.ts';
import { checkCancel } from '../checks/cancels.ts';
import { Process } from '../core/process.ts';
import type { Owner } from '../core/schedule.ts';
import type { FaultName } from '../plan/faults.ts';
import { startBot } from './bot.ts';
import type { RunningBot } from './bot.ts';
import type { Stage } from './stage.ts';

type End = 'stop' | 'kill' | 'powerCut';
const endedBy: Readonly<Record<End, FaultName>> = { stop: 'restart', kill: 'killed', powerCut: 'crash' };

/** A supervisor starts a process again after so long. Milliseconds. */
const down = [2_000, 60_000] as const;
/** A stop that takes longer is ended with a kill, as the process does to itself. Milliseconds. */
const stopWithin = 20_500;
/** The bot looks at the policy file so often. Milliseconds. */
const looksEvery = 5_000;

export class Machine {
  readonly #stage: Stage;
  readonly #log: Log;
  readonly #tell: (line: string) => void;
  readonly #supervisor: Owner = { name: 'supervisor' };
  #process: Process;
  #bot: RunningBot | undefined;
  #store: Store | undefined;
  #count = 0;
  #over = false;
  #ended: FaultName | undefined;

  constructor(stage: Stage, logLine: (line: string) => void) {
    this.#stage = stage;
    this.#tell = (line) => logLine(`${(stage.schedule.elapsed() / 1_000).toFixed(1)} ${line}`);
    this.#log = createLog({ level: 'info', write: this.#tell });
    this.#process = this.#newProcess();
  }

  get process(): Process {
    return this.#process;
  }

  /** Of the process that runs now. */
  get store(): Store | undefined {
    return this.#store;
  }

  /** @param after how the process before it ended, which decides what it finds on the disk */
  start(after: End): void {
    const { stage, process } = { stage: this.#stage, process: (this.#process = this.#newProcess()) };
    const { network, slack, teams, chance, schedule } = stage;
    this.#bot = undefined;
    this.#store = undefined;
    const disk = stage.disk.diskFor(process, after);
    startBot({
      process,
      disk,
      http: this.#watched(network.clientOf(process), process),
      slackFetch: slack.fetchOf(process),
      slackReceiver: slack.receiverOf(process),
      port: teams.portOf(process),
      random: { hex: (bytes) => chance.hex('random', bytes) },
      jitter: () => chance.next('jitter'),
      log: this.#log,
      policy: () => stage.policy,
      pollGap: stage.pollGap,
      opened: (store) => this.#opened(store, process),
    }).then(
      (bot) => {
        if (!process.alive) return;
        this.#bot = bot;
        stage.health.runs(bot.health);
        // Until it runs again, nothing can meet what ended the one before it.
        if (this.#ended !== undefined) stage.weather.happened(this.#ended);
      },
      (error: unknown) => {
        if (!process.alive) return;
        this.#log.error('startFailed', { error });
        this.crash('kill');
      },
    );
    schedule.after(0, process, () => undefined);
  }

  /** The process ends without a word, and is started again. */
  crash(how: 'kill' | 'powerCut'): void {
    if (this.#over || !this.#process.alive) return;
    this.#process.kill();
    this.#stage.health.runs(undefined);
    this.#startLater(how);
  }

  /** Asked to stop, it ends in its own time; then it is started again. */
  restart(): void {
    const [bot, process] = [this.#bot, this.#process];
    if (bot === undefined || !process.alive || this.#over) return;
    this.#stage.health.runs(undefined);
    const late = this.#stage.schedule.after(stopWithin, this.#supervisor, () => this.crash('kill'));
    const ended = (): void => {
      if (!process.alive) return;
      late();
      process.kill();
      this.#startLater('stop');
    };
    bot.stop().then(ended, (error: unknown) => {
      this.#log.warn('stopFailed', { error });
      ended();
    });
  }

  clockSet(): void {
    this.#process.clockSet();
  }

  /** The file has another content: the process sees that at its next look. */
  policyChanged(): void {
    const { schedule, chance } = this.#stage;
    for (const look of [1, 2])
      schedule.after(chance.between('policy look', 0, looksEvery) + look * 1_000, this.#process, () =>
        this.#bot?.loop.lookAtPolicy(),
      );
  }

  /** The day is over: nothing is started again. */
  end(): void {
    this.#over = true;
    this.#process.kill();
  }

  #newProcess(): Process {
    this.#count += 1;
    return new Process(`process ${this.#count}`, this.#stage.schedule, () => this.#stage.clockOff);
  }

  #startLater(after: End): void {
    const { schedule, chance } = this.#stage;
    this.#bot = undefined;
    this.#store = undefined;
    this.#ended = endedBy[after];
    schedule.after(chance.between('down', ...down), this.#supervisor, () => {
      if (!this.#over) this.start(after);
    });
  }

  /** A store was read: all that was durable before must be in it. */
  #opened(store: Store, process: Process): void {
    const { ledger, cards, defender } = this.#stage;
    ledger.count('starts');
    for (const [id, { request }] of ledger.durable) {
      const found = store.get(id);
      if (found === undefined || found.revision < request.revision)
        ledger.broken(
          'lost',
          `${id}: revision ${request.revision} was durable, the next process found ${found?.revision ?? 'nothing'}`,
        );
    }
    // What was written and not yet confirmed when the process died may be there or not; if it is, it counts.
    for (const request of store.all()) {
      ledger.found(request);
      cards.changed(request);
    }
    this.#store = store;
    this.#stage.frozen = () => process.alive && store.freeze() !== undefined;
    store.subscribe((request, event) => {
      if (!process.alive) return;
      this.#tell(`${request.id}: ${event.type}\n`);
      ledger.changed(request, event);
      cards.changed(request);
      this.#stage.noticed(request, event);
      checkCancel(ledger, event, request, defender.arrivals);
      if (/[?&]sig=/.test(JSON.stringify(event)))
        ledger.broken('secret', `${request.id}: a link is in the journal (${event.type})`);
    });
  }

  #watched(http: HttpClient, process: Process): HttpClient {
    return {
      ...http,
      send: (ask) => {
        if (
          process.alive &&
          ask.method === 'POST' &&
          /\/runliveresponse$/.test(ask.url.pathname) &&
          this.#store !== undefined
        )
          this.#stage.posts.leaves(ask, this.#store);
        return http.send(ask);
      },
    };
  }
}
