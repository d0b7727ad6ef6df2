// The life of one live response action, as a function from "what is" to "what happens next and when". No
// timer drives it: each caller that asks for the state applies all events that are due, in order of their
// time.
import type { Profile } from '../profile.ts';
import { outcomeOf } from './scripts.ts';
import { drawWithin } from '../seed.ts';
import type { Action, ActionStatus, Command, CommandRun, Device, LibraryFile } from '../shapes.ts';

const notRun = 'The command was not executed because a previous command failed.';

export interface World {
  readonly profile: Profile;
  readonly speed: number;
  /** A file of the live response library; names in any case. */
  readonly libraryFile: (name: string) => LibraryFile | undefined;
}

export interface ActionEvent {
  readonly at: number;
  readonly next: Action;
  /** Files that appear on the device with this event. */
  readonly leaves: readonly string[];
}

/**
 * The next thing that happens to an action by itself; undefined while nothing will (it ended, or its device
 * is away).
 */
export function nextEvent(action: Action, device: Device, world: World): ActionEvent | undefined {
  switch (action.status) {
    case 'Pending':
      return earliest([starting(action, device, world), timingOut(action, world)]);
    // On a tie the action's own end wins: a cancel that comes too late changes nothing.
    case 'InProgress':
      return earliest([working(action, device, world), cancelling(action, world)]);
    default:
      return undefined;
  }
}

/**
 * The action after a cancel was accepted at `now`: over at once while nothing runs, a few seconds later
 * otherwise.
 */
export function cancelled(
  action: Action,
  by: { readonly requestor: string; readonly comment: string },
  now: number,
  world: World,
): Action {
  const dueAt =
    action.status === 'Pending'
      ? now
      : now + drawWithin(world.profile.cancelMs, `${action.id}:cancel:${now}`) / world.speed;
  const marked: Action = { ...action, cancellation: { ...by, at: now, dueAt }, updatedAt: now };
  return action.status === 'Pending' ? ended(marked, 'Cancelled', now, world) : marked;
}

function starting(action: Action, device: Device, world: World): ActionEvent | undefined {
  if (device.onlineSince === null) return undefined;
  const at =
    Math.max(action.createdAt, device.onlineSince) +
    drawWithin(world.profile.pendingMs, `${action.id}:pending`) / world.speed;
  const commands = action.commands.map((run, index) => (index === 0 ? { ...run, startedAt: at } : run));
  return { at, next: { ...action, status: 'InProgress', commands, updatedAt: at }, leaves: [] };
}

function timingOut(action: Action, world: World): ActionEvent {
  const at = action.createdAt + world.profile.offlineQueueMs;
  return { at, next: ended(action, world.profile.offlineEnd, at, world), leaves: [] };
}

function cancelling(action: Action, world: World): ActionEvent | undefined {
  if (action.cancellation === null) return undefined;
  const at = action.cancellation.dueAt;
  const commands = action.commands.map((run): CommandRun =>
    run.startedAt !== null && run.endedAt === null
      ? { ...run, status: 'Failed', endedAt: at, errors: ['The command was canceled.'] }
      : run,
  );
  return { at, next: ended({ ...action, commands }, 'Cancelled', at, world), leaves: [] };
}

function working(action: Action, device: Device, world: World): ActionEvent | undefined {
  const index = action.commands.findIndex((run) => run.startedAt !== null && run.endedAt === null);
  const run = action.commands[index];
  if (run === undefined) return settling(action, world);
  // A device that went away in the middle leaves its session InProgress until it is back.
  if (device.onlineSince === null || device.stuck) return undefined;
  const outcome = outcomeOf(
    run.command,
    { device, profile: world.profile, library: world.libraryFile },
    `${action.id}:${index}`,
  );
  const at = Math.max((run.startedAt ?? 0) + outcome.workMs / world.speed, device.onlineSince);
  const done: CommandRun =
    outcome.failure === undefined
      ? { ...run, status: 'Completed', endedAt: at, result: outcome.result ?? null }
      : {
          ...run,
          status: 'Failed',
          endedAt: at,
          result: outcome.result ?? null,
          errors: [outcome.failure],
          ...(outcome.hresult === undefined ? {} : { hresult: outcome.hresult }),
        };
  const commands = action.commands.map((other, place) => {
    if (place === index) return done;
    if (place > index && done.status === 'Failed')
      return world.profile.afterFailure === 'failed'
        ? { ...other, status: 'Failed' as const, errors: [notRun] }
        : other;
    return place === index + 1 ? { ...other, startedAt: at } : other;
  });
  return { at, next: { ...action, commands, updatedAt: at }, leaves: outcome.leaves };
}

/** All work is done or one command failed: the action itself follows some 40 s later. */
function settling(action: Action, world: World): ActionEvent {
  // What has no commands works from the moment at which it was taken up.
  const last =
    action.commands.length === 0
      ? action.updatedAt
      : Math.max(action.createdAt, ...action.commands.map((run) => run.endedAt ?? 0));
  const at = last + drawWithin(world.profile.settleMs, `${action.id}:settle`) / world.speed;
  const failed = action.commands.some((run) => run.status === 'Failed');
  return { at, next: ended(action, failed ? 'Failed' : 'Succeeded', at, world), leaves: [] };
}

function ended(action: Action, status: ActionStatus, at: number, world: World): Action {
  const release =
    status === 'Cancelled' ? drawWithin(world.profile.releaseMs, `${action.id}:release`) / world.speed : 0;
  return { ...action, status, updatedAt: at, freesAt: at + release };
}

function earliest(events: readonly (ActionEvent | undefined)[]): ActionEvent | undefined {
  return events.filter((event) => event !== undefined).sort((one, other) => one.at - other.at)[0];
}

/** A command that has not begun. */
export const freshRun = (command: Command): CommandRun => ({
  command,
  status: 'Created',
  startedAt: null,
  endedAt: null,
  errors: [],
  result: null,
});
