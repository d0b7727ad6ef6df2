// When a worker wakes by itself, and what the stories on that begin with.
import type { WorkingTestApp } from '../apps/workingTestApp.ts';

export const faults = (app: WorkingTestApp) => app.simulator.tenant.faults;

/** In how many milliseconds that worker runs by itself. */
export function wakesIn(app: WorkingTestApp, worker: string): number {
  const next = app.loop.workers().find(({ name }) => name === worker)?.nextRun;
  if (next === undefined) throw new Error(`${worker} does not sleep`);
  return next - app.clock.now();
}

export async function asked(
  app: WorkingTestApp,
  command = 'dump hosta notepad',
  place = 'incidents',
): Promise<void> {
  await app.say('responder1', command, { place });
  await app.clock.settle();
}
