// The tenant: its devices, actions, library and settings, brought up to the clock's "now" whenever somebody
// looks. It knows nothing of HTTP; the calls of the API are functions next to it (runLiveResponse,
// machineActions, results, machines, library).
import { randomBytes } from 'node:crypto';
import { fleet, ordinaryDevice } from './devices/devices.ts';
import { Faults } from './faults.ts';
import type { World } from './sessions/lifecycle.ts';
import { Windows } from './calls/limits.ts';
import { changedProfile, defaultProfile } from './profile.ts';
import type { Kind, Profile, ProfileChange } from './profile.ts';
import { Refused } from './calls/refused.ts';
import { sampleActions } from './sessions/sampleActions.ts';
import { guid, machineIdOf } from './seed.ts';
import type { Action, Device, Download, LibraryFile, Submission } from './shapes.ts';
import { broughtUp, startingLibrary } from './library/startingLibrary.ts';
import { Timeline } from './timeline.ts';
import type { Happening } from './timeline.ts';

/** A demo that runs for weeks must not fill the memory. */
const maxDownloads = 1_000;

export interface Clock {
  /** Epoch ms. */ now(): number;
}

/** All that outlives a restart. Faults and settings do not: they belong to the process of the simulator. */
export interface SavedTenant {
  readonly version: 1;
  readonly secret: string;
  readonly counter: number;
  readonly devices: readonly Device[];
  readonly actions: readonly Action[];
  readonly library: readonly LibraryFile[];
  readonly submissions: readonly Submission[];
  readonly windows: Readonly<Record<string, readonly number[]>>;
}

export interface TenantOptions {
  readonly clock: Clock;
  readonly deviceSpeed: number;
  readonly profile: ProfileChange;
  readonly random: () => number;
  readonly extraDevices: number;
  /** Signs the links, and every GUID is made of it; drawn at random where it is not given. */
  readonly secret?: string;
  readonly saved: SavedTenant | undefined;
}

/** What may be changed of a device while the simulator runs. */
export type DeviceChange = Partial<Omit<Device, 'id' | 'name' | 'onlineSince' | 'wakesAt'>> & {
  readonly online?: boolean;
};

export class Tenant {
  readonly faults: Faults;
  readonly random: () => number;
  /** Where result links point to; known once the blob server listens. */
  blobUrl = '';
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #secret: string;
  readonly #windows: Windows;
  readonly #devices: Map<string, Device>;
  readonly #actions: Map<string, Action>;
  readonly #library: Map<string, LibraryFile>;
  readonly #submissions: Submission[];
  readonly #downloads: Download[] = [];
  readonly #timeline = new Timeline();
  #profile: Profile;
  #counter: number;
  #now: number;
  #version = 0;
  /** When everything was last brought up to the clock, and which version that made. */
  #settled = never;

  constructor(options: TenantOptions) {
    const { saved } = options;
    this.#clock = options.clock;
    this.#speed = options.deviceSpeed;
    this.random = options.random;
    this.faults = new Faults(options.random);
    this.#profile = changedProfile(defaultProfile, options.profile);
    this.#now = options.clock.now();
    this.#secret = saved?.secret ?? options.secret ?? newSecret();
    this.#counter = saved?.counter ?? 0;
    this.#windows = new Windows(saved?.windows);
    // A state of an earlier version lacks what devices have learned since.
    const devices =
      saved?.devices.map((device) => ({ ...ordinaryDevice(device.name, this.#now), ...device })) ??
      fleet(this.#now, options.extraDevices);
    this.#devices = new Map(devices.map((device) => [device.id, device]));
    this.#actions = new Map(
      (saved?.actions ?? sampleActions(devices, this.#now)).map((action) => [action.id, action]),
    );
    this.#library = new Map(
      (saved === undefined ? startingLibrary(this.#now) : broughtUp(saved.library, this.#now)).map((file) => [
        file.fileName.toLowerCase(),
        file,
      ]),
    );
    this.#submissions = [...(saved?.submissions ?? [])];
  }

  get profile(): Profile {
    return this.#profile;
  }

  get secret(): string {
    return this.#secret;
  }

  /**
   * Changes with everything but the rate windows: whether the state file must be written before an answer
   * goes out.
   */
  get version(): number {
    return this.#version;
  }

  /** Every accepted live response POST, oldest first. */
  get submissions(): readonly Submission[] {
    return this.#submissions;
  }

  /** The last answers of the blob server since the start, oldest first. */
  get downloads(): readonly Download[] {
    return this.#downloads;
  }

  get world(): World {
    return {
      profile: this.#profile,
      speed: this.#speed,
      libraryFile: (name) => this.#library.get(name.toLowerCase()),
    };
  }

  /** Brings everything up to the clock and returns its time. A clock that goes back is not followed. */
  now(): number {
    const now = Math.max(this.#now, this.#clock.now());
    // One call asks several times; nothing can have happened since the last time.
    if (now === this.#settled.now && this.#version === this.#settled.version) return now;
    this.#now = now;
    for (let next = this.#next(now); next !== undefined; next = this.#next(now)) {
      if (next.device !== undefined) this.#devices.set(next.device.id, next.device);
      if (next.action !== undefined) this.#actions.set(next.action.id, next.action);
      this.#version += 1;
    }
    this.#settled = { now, version: this.#version };
    return now;
  }

  devices(): readonly Device[] {
    this.now();
    return [...this.#devices.values()];
  }

  device(idOrName: string): Device | undefined {
    this.now();
    const wanted = idOrName.toLowerCase();
    return this.#devices.get(wanted) ?? [...this.#devices.values()].find((device) => device.name === wanted);
  }

  /** Newest first. */
  actions(): readonly Action[] {
    this.now();
    return [...this.#actions.values()].sort(
      (one, other) => other.createdAt - one.createdAt || other.seq - one.seq,
    );
  }

  action(id: string): Action | undefined {
    this.now();
    return this.#actions.get(id.toLowerCase());
  }

  library(): readonly LibraryFile[] {
    return [...this.#library.values()];
  }

  /** Settings from here on; work that has already ended keeps its outcome. */
  change(profile: ProfileChange): void {
    this.now();
    this.#profile = changedProfile(this.#profile, profile);
    this.#timeline.forget();
    this.#settled = never;
  }

  /** Tells a device to be different from now on. */
  changeDevice(idOrName: string, change: DeviceChange): Device {
    const now = this.now();
    const device = this.device(idOrName);
    if (device === undefined) throw new Refused(404, 'ResourceNotFound', `No device named ${idOrName}.`);
    const { online, ...rest } = change;
    const onlineSince = online === undefined ? device.onlineSince : onlineFrom(online, device, now);
    return this.keepDevice({
      ...device,
      ...rest,
      onlineSince,
      wakesAt: online === undefined ? device.wakesAt : null,
    });
  }

  /** Adds an ordinary online Windows device. */
  addDevice(name: string, change: DeviceChange = {}): Device {
    const device = this.keepDevice(ordinaryDevice(name, this.now(), this.#devices.size + 100));
    return this.changeDevice(device.id, change);
  }

  /**
   * Adds a record of a name that is there already, with an id of its own, as a new installation makes one.
   */
  addRecord(name: string, change: DeviceChange = {}): Device {
    const number = this.#devices.size + 100;
    const device = this.keepDevice({
      ...ordinaryDevice(name, this.now(), number),
      id: machineIdOf(`${name.toLowerCase()} ${number}`),
    });
    return this.changeDevice(device.id, change);
  }

  keepDevice(device: Device): Device {
    this.#devices.set(device.id, device);
    this.#version += 1;
    return device;
  }

  keepAction(action: Action): Action {
    this.#actions.set(action.id, action);
    this.#version += 1;
    return action;
  }

  keepFile(file: LibraryFile): void {
    this.#library.set(file.fileName.toLowerCase(), file);
    this.#timeline.forget();
    this.#version += 1;
  }

  dropFile(fileName: string): boolean {
    this.#timeline.forget();
    this.#version += 1;
    return this.#library.delete(fileName.toLowerCase());
  }

  /**
   * Keeps a new session and notes that its POST was accepted. An offline device that wakes for sessions
   * starts to wake.
   */
  keepSubmission(action: Action): void {
    this.keepAction(action);
    const { id, machineId, computerDnsName, comment, createdAt } = action;
    this.#submissions.push({
      at: createdAt,
      actionId: id,
      machineId,
      computerDnsName,
      commands: action.commands.map((run) => run.command),
      comment,
    });
    const device = this.#devices.get(machineId);
    if (
      device === undefined ||
      device.onlineSince !== null ||
      device.wakesAfterMs === null ||
      device.wakesAt !== null
    )
      return;
    this.keepDevice({ ...device, wakesAt: createdAt + device.wakesAfterMs / this.#speed });
  }

  noteDownload(download: Download): void {
    this.#downloads.push(download);
    if (this.#downloads.length > maxDownloads) this.#downloads.shift();
  }

  /** The next number of a series that never repeats, across restarts too. */
  next(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** A GUID nobody has seen before. */
  newGuid(): string {
    return guid(`${this.#secret}:${this.next()}`);
  }

  /** Counts a call of that kind, or refuses it with 429. */
  throttle(kind: Kind, requestor: string): void {
    const throttled = this.#windows.count(
      `${kind} ${requestor}`,
      this.#profile.limits[kind],
      this.now(),
      this.#profile.refusedCallsCount,
    );
    if (throttled === undefined) return;
    const { max, perMs } = throttled.limit;
    throw this.tooMany(
      `API calls quota exceeded! maximum allowed ${max} per ${new Date(perMs).toISOString().slice(11, 19)}`,
      this.#profile.retryAfter ? throttled.retryAfterSeconds : undefined,
    );
  }

  /** A 429 in the body shape of the settings. */
  tooMany(message: string, retryAfterSeconds: number | undefined): Refused {
    const code = this.#profile.throttleBody === 'quota' ? '429' : 'TooManyRequests';
    return new Refused(
      429,
      code,
      message,
      retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    );
  }

  saved(): SavedTenant {
    return {
      version: 1,
      secret: this.#secret,
      counter: this.#counter,
      devices: [...this.#devices.values()],
      actions: [...this.#actions.values()],
      library: this.library(),
      submissions: this.#submissions,
      windows: this.#windows.saved(),
    };
  }

  #next(now: number): Happening | undefined {
    return this.#timeline.earliest(this.#devices, this.#actions, this.world, now);
  }
}

const never = { now: -Infinity, version: 0 };

const onlineFrom = (online: boolean, device: Device, now: number): number | null =>
  online ? (device.onlineSince ?? now) : null;

/**
 * The links' signing key. It is not drawn from the injected randomness: two tenants must never accept each
 * other's links.
 */
function newSecret(): string {
  return randomBytes(32).toString('hex');
}
