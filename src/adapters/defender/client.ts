// The client of the public API of Microsoft Defender for Endpoint, for one tenant and one application.
import { createdAtOr, isTerminal } from '../../liveResponse/action.ts';
import type { Action } from '../../liveResponse/action.ts';
import type { Command } from '../../liveResponse/commands.ts';
import type {
  Actions,
  DefenderApi,
  Found,
  LibraryFile,
  Link,
  LookUp,
  ResultBytes,
} from '../../liveResponse/ports.ts';
import { DefenderError } from '../../liveResponse/ports.ts';
import type { Device } from '../../liveResponse/device/records.ts';
import { maxTranscriptBytes } from '../../liveResponse/results/transcript.ts';
import { checkedLink, readResult, resultHosts } from '../outbound/resultLink.ts';
import type { ResultRules } from '../outbound/resultLink.ts';
import { Calls } from './calls.ts';
import type { DefenderParts } from './calls.ts';
import type { Collected } from './wire.ts';
import { quoted, Readings } from './readings.ts';
import { readAction, readDevice, readLibraryFile, readLink, runBody } from './wire.ts';

/**
 * "The link is valid for 30 minutes" (learn.microsoft.com/defender-endpoint/api/get-live-response-result).
 * What a link names itself only shortens that: a clock that is behind would show dead links for as long as it
 * is.
 */
export const linkLifeMs = 30 * 60_000;

const deviceId = /^[0-9a-f]{40}$/i;
const pageSize = 100;
/** A name that more devices share than this can contain is ambiguous anyway. */
const maxPages = 5;
/** After a 400 to a combined question, the questions are asked one by one for so long. Milliseconds. */
const apartMs = 10 * 60_000;
/** Microsoft documents no limit. A file that was not read would be reported as missing from the library. */
const maxLibraryPages = 50;

export class DefenderClient implements DefenderApi {
  readonly #calls: Calls;
  readonly #readings: Readings;
  readonly #parts: DefenderParts;
  /** In elapsed time. */
  #apartUntil = -Infinity;

  constructor(parts: DefenderParts) {
    this.#parts = parts;
    this.#calls = new Calls(parts);
    this.#readings = new Readings(this.#calls, parts);
  }

  async findMachines(name: string): Promise<Found> {
    // Names are stored in lower case, and no documentation says whether `eq` ignores case.
    const wanted = name.trim().toLowerCase();
    if (wanted === '') return { devices: [], whole: true };
    if (deviceId.test(wanted)) {
      return await this.machine(wanted).then(
        (device) => ({ devices: [device], whole: true }),
        (error: unknown) => ({ devices: noneWhenNotFound(error), whole: true }),
      );
    }
    // Both questions at once: a device "hosta" next to a "hosta.corp" makes the name ambiguous, and that must
    // be noticed.
    const [same, below] = await Promise.all([
      this.#machines(`computerDnsName eq ${quoted(wanted)}`),
      this.#machines(`startswith(computerDnsName,${quoted(`${wanted}.`)})`),
    ]);
    return {
      devices: [
        ...new Map([...same.devices, ...below.devices].map((device) => [device.id, device])).values(),
      ],
      whole: same.whole && below.whole,
    };
  }

  async lookUp(name: string, alike: readonly string[], nameOfId?: string): Promise<LookUp> {
    const wanted = name.trim().toLowerCase();
    const { clock, log } = this.#parts;
    const byId = deviceId.test(wanted);
    if (wanted === '' || (byId && nameOfId === undefined) || clock.elapsed() < this.#apartUntil)
      return await this.findMachines(name);
    const beginning = (byId ? alike : [`${wanted}.`, ...alike]).map(
      (one) => `startswith(computerDnsName,${quoted(one)})`,
    );
    let found: Found;
    try {
      found = await this.#page(
        [`${byId ? 'id' : 'computerDnsName'} eq ${quoted(wanted)}`, ...beginning].join(' or '),
        'get',
      );
    } catch (error) {
      if (!(error instanceof DefenderError) || error.detail.status !== 400) throw error;
      log.warn('defender.askedApart', { call: 'machines', status: 400, apiCode: error.detail.apiCode });
      this.#apartUntil = clock.elapsed() + apartMs;
      return await this.findMachines(name);
    }
    if (byId) {
      const device = found.devices.find(({ id }) => id.toLowerCase() === wanted);
      // If it was renamed since, other names look like it.
      const alike = device?.name === nameOfId ? { alike: found } : {};
      if (device === undefined && !found.whole) return { ...(await this.findMachines(name)), ...alike };
      return { devices: device === undefined ? [] : [device], whole: true, ...alike };
    }
    // In a large fleet, devices whose names only begin alike may fill the page; then the device itself is
    // requested alone.
    return { ...(found.whole ? found : await this.findMachines(name)), alike: found };
  }

  /** One page of devices. */
  async #page(filter: string, timeout: 'get' | 'extra'): Promise<Found> {
    const { items, whole } = await this.#calls
      .page('machines', `/api/machines?$filter=${encodeURIComponent(filter)}&$top=${pageSize}`, timeout)
      .catch(nothingWhenNotFound);
    return { devices: devicesOf(items), whole: items.length < pageSize && whole };
  }

  async #machines(filter: string): Promise<Found> {
    const path = `/api/machines?$filter=${encodeURIComponent(filter)}&$top=${pageSize}`;
    const { items, whole } = await this.#calls
      .pages('machines', path, { maxPages })
      .catch(nothingWhenNotFound);
    return { devices: devicesOf(items), whole };
  }

  async machine(id: string): Promise<Device> {
    const device = readDevice(await this.#calls.get('machines', `/api/machines/${encodeURIComponent(id)}`));
    if (device === undefined) throw new DefenderError('unreadable', 'the answer holds no device');
    return device;
  }

  async submit(machineId: string, commands: readonly Command[], comment: string): Promise<Action> {
    const path = `/api/machines/${encodeURIComponent(machineId)}/runliveresponse`;
    const action = readAction(await this.#calls.post('submit', path, runBody(commands, comment)));
    if (action === undefined)
      throw new DefenderError('ambiguous', 'the submission was answered without an action id');
    return this.#readings.heard(action);
  }

  async actions(ids: readonly string[]): Promise<readonly Action[]> {
    return await this.#readings.all(ids);
  }

  async recent(machineId: string, since: number): Promise<Actions> {
    const from = new Date(since).toISOString();
    const filter = `machineId eq ${quoted(machineId)} and creationDateTimeUtc ge ${from} and type eq 'LiveResponse'`;
    const { items, whole } = await newestFirst(filter, (path) =>
      this.#calls.pages('list', path, { maxPages }),
    );
    const actions = actionsOf(items, machineId)
      // The service has already filtered out older actions. One without a time must be kept, since it may be
      // the one that is searched for.
      .filter((action) => action.type === 'LiveResponse' && createdAtOr(action, since) >= since)
      .map((action) => this.#readings.heard(action));
    return { actions, whole };
  }

  async history(machineId: string): Promise<Actions> {
    const { items, whole } = await newestFirst(`machineId eq ${quoted(machineId)}`, (path) =>
      this.#calls.page('list', path, 'extra'),
    );
    return { actions: actionsOf(items, machineId), whole: items.length < pageSize && whole };
  }

  async machinesByPrefix(names: readonly string[]): Promise<Found> {
    return await this.#page(
      names.map((name) => `startswith(computerDnsName,${quoted(name)})`).join(' or '),
      'extra',
    );
  }

  async activeOn(machineId: string): Promise<Actions> {
    // The filter that other clients use to find what blocks a device.
    const filter = `machineId eq ${quoted(machineId)} and (status eq 'Pending' or status eq 'InProgress')`;
    const { items, whole } = await this.#calls.page(
      'list',
      `/api/machineactions?$filter=${encodeURIComponent(filter)}&$top=${pageSize}`,
      'get',
    );
    return { actions: actionsOf(items, machineId).filter((action) => !isTerminal(action.status)), whole };
  }

  async reachable(): Promise<void> {
    await this.#calls.page('list', '/api/machineactions?$top=1', 'get');
  }

  async cancel(id: string, why: string): Promise<Action> {
    const action = readAction(
      await this.#calls.post(
        'cancel',
        `/api/machineactions/${encodeURIComponent(id)}/cancel`,
        JSON.stringify({ Comment: why }),
      ),
    );
    if (action === undefined)
      throw new DefenderError('unreadable', 'the cancellation was answered without an action');
    return this.#readings.heard(action);
  }

  async link(id: string, index: number): Promise<Link> {
    const path = `/api/machineactions/${encodeURIComponent(id)}/GetLiveResponseResultDownloadLink(index=${index})`;
    const value = await this.#calls.get('link', path).catch((error: unknown) => {
      // A request that is too early, a PutFile and a wrong index are all answered like this.
      if (error instanceof DefenderError && (error.detail.status === 400 || error.detail.status === 404)) {
        throw new DefenderError('notReady', error.message, error.detail);
      }
      throw error;
    });
    const link = readLink(value);
    if (link === undefined) throw new DefenderError('unreadable', 'the answer holds no link');
    // People get this link and trust what they download from it as the bot would.
    checkedLink(link.url, this.#rules());
    const longest = this.#parts.clock.now() + linkLifeMs;
    return { url: link.url, expiresAt: Math.min(link.expiresAt ?? longest, longest) };
  }

  async read(
    url: string,
    maxBytes: number = maxTranscriptBytes,
    options: { readonly unpack?: boolean } = {},
  ): Promise<ResultBytes> {
    return await readResult(this.#parts.http, url, this.#rules(), { ...options, maxBytes });
  }

  #rules(): ResultRules {
    const { resultOrigins, resultsOnLoopback, resultHosts: more = [] } = this.#parts;
    return {
      hosts: [...resultHosts, ...more],
      origins: resultOrigins ?? [],
      loopback: resultsOnLoopback === true,
    };
  }

  async library(): Promise<{ readonly files: readonly LibraryFile[]; readonly whole: boolean }> {
    const { items, whole } = await this.#calls.pages('library', '/api/libraryfiles', {
      maxPages: maxLibraryPages,
      timeout: 'extra',
    });
    return { files: items.map(readLibraryFile).filter((file) => file !== undefined), whole };
  }
}

function devicesOf(items: readonly unknown[]): readonly Device[] {
  return items.map(readDevice).filter((device) => device !== undefined);
}

/**
 * Reads a list of actions in the order we want, or in the order of the service: $orderby works in the field
 * but is not documented.
 */
async function newestFirst<T>(filter: string, read: (path: string) => Promise<T>): Promise<T> {
  const path = `/api/machineactions?$filter=${encodeURIComponent(filter)}&$top=${pageSize}`;
  return await read(`${path}&$orderby=${encodeURIComponent('creationDateTimeUtc desc')}`).catch(
    (error: unknown) => {
      if (error instanceof DefenderError && error.detail.status === 400) return read(path);
      throw error;
    },
  );
}

/** Newest first, and only of that machine, whatever the service made of the filter. */
function actionsOf(items: readonly unknown[], machineId: string): readonly Action[] {
  return items
    .map(readAction)
    .filter((action) => action !== undefined)
    .filter((action) => action.machineId.toLowerCase() === machineId.toLowerCase())
    .sort((a, b) => createdAtOr(b, 0) - createdAtOr(a, 0));
}

/** Documented as "404 if there are no recent machines"; in the field it is a 200 with an empty list. */
function nothingWhenNotFound(error: unknown): Collected {
  return { items: noneWhenNotFound(error), whole: true };
}

function noneWhenNotFound(error: unknown): readonly never[] {
  if (error instanceof DefenderError && error.code === 'notFound') return [];
  throw error;
}
