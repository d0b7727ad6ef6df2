// A Defender tenant on localhost: the API server and, apart from it, the blob server of the result links.
import { apiServer } from './server.ts';
import { blobServer } from './results/blobs.ts';
import type { ProfileChange } from './profile.ts';
import { fileState, memoryOnly, savedTenant } from './state.ts';
import { Tenant } from './tenant.ts';
import type { Clock } from './tenant.ts';

export interface SimulatorOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly blobPort?: number;
  /** Folder of the state file; without one everything is forgotten at the end. */
  readonly dataDir?: string;
  /**
   * Whose time it is; the system's by default. Nothing happens by timers: states follow from this clock
   * whenever somebody asks.
   */
  readonly clock?: Clock;
  /**
   * Divides the time devices take (queueing, commands, settling, waking). Limits, link expiry and the offline
   * queue keep the clock's pace.
   */
  readonly deviceSpeed?: number;
  readonly profile?: ProfileChange;
  /** In [0, 1); decides only about faults with a probability. */
  readonly random?: () => number;
  /** How many ordinary devices (load001.corp.example ...) a new tenant has next to the special ones. */
  readonly extraDevices?: number;
}

export interface Simulator {
  /** Base of the API, without a slash at the end. */
  readonly url: string;
  readonly blobUrl: string;
  readonly tenant: Tenant;
  /** Drops open connections and writes the state; a second call waits for the first. */
  stop(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { dataDir } = options;
  const deviceSpeed = options.deviceSpeed ?? 1;
  if (!(deviceSpeed > 0)) throw new RangeError('The device speed is a number above 0.');
  const tenant = new Tenant({
    clock: options.clock ?? { now: () => Date.now() },
    deviceSpeed,
    profile: options.profile ?? {},
    random: options.random ?? Math.random,
    extraDevices: options.extraDevices ?? 0,
    saved: dataDir === undefined ? undefined : savedTenant(dataDir),
  });
  const state = dataDir === undefined ? memoryOnly : fileState(dataDir, tenant);
  const closing = new AbortController();
  const blobs = await blobServer(options.blobPort ?? 0, tenant, closing.signal);
  tenant.blobUrl = blobs.url;
  const api = await apiServer(options.port ?? 0, tenant, state, closing.signal).catch(
    async (error: unknown) => {
      await blobs.stop();
      throw error;
    },
  );
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    closing.abort();
    await Promise.all([api.stop(), blobs.stop()]);
    state.close();
  };
  return {
    url: api.url,
    blobUrl: blobs.url,
    tenant,
    stop: () => (stopped ??= stop()),
  };
}
