// Timeline of the whole tenant: devices that wake and actions that move on, in the order of their times.
import { nextEvent } from './sessions/lifecycle.ts';
import type { ActionEvent, World } from './sessions/lifecycle.ts';
import { isFinal } from './shapes.ts';
import type { Action, Device } from './shapes.ts';

/** One event, as the records it replaces. */
export interface Happening {
  readonly at: number;
  readonly device?: Device;
  readonly action?: Action;
}

export class Timeline {
  #events = new WeakMap<Action, { readonly device: Device; readonly event: ActionEvent | undefined }>();

  /** To be called when settings or library change, which decide about events that are already known. */
  forget(): void {
    this.#events = new WeakMap();
  }

  /** The earliest event that is due at `now`. */
  earliest(
    devices: ReadonlyMap<string, Device>,
    actions: ReadonlyMap<string, Action>,
    world: World,
    now: number,
  ): Happening | undefined {
    const happenings = [...devices.values()].map(waking);
    for (const action of actions.values()) {
      const device = isFinal(action) ? undefined : devices.get(action.machineId);
      if (device !== undefined) happenings.push(this.#moving(action, device, world));
    }
    return happenings.reduce(
      (first, next) =>
        next !== undefined && next.at <= now && (first === undefined || next.at < first.at) ? next : first,
      undefined,
    );
  }

  #moving(action: Action, device: Device, world: World): Happening | undefined {
    const event = this.#eventOf(action, device, world);
    if (event === undefined) return undefined;
    const { at, next, leaves } = event;
    return leaves.length === 0
      ? { at, action: next }
      : { at, action: next, device: { ...device, files: [...new Set([...device.files, ...leaves])] } };
  }

  /**
   * Records are never changed in place, so an event stays right for as long as both records are the same
   * ones.
   */
  #eventOf(action: Action, device: Device, world: World): ActionEvent | undefined {
    const known = this.#events.get(action);
    if (known?.device === device) return known.event;
    const event = nextEvent(action, device, world);
    this.#events.set(action, { device, event });
    return event;
  }
}

function waking(device: Device): Happening | undefined {
  return device.wakesAt === null
    ? undefined
    : { at: device.wakesAt, device: { ...device, onlineSince: device.wakesAt, wakesAt: null } };
}
