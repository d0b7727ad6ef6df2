// The simulated world of the console (time, devices, faults): what can be changed, and its routes. They exist
// only where Defender is the embedded simulator.
import type { Express, Response } from 'express';
import { recordOf } from '../../liveResponse/text/json.ts';

export interface SimulatedDevice {
  readonly name: string;
  readonly os: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly online: boolean;
  /** What is special about it, in a few words; empty for an ordinary device. */
  readonly hint: string;
}

export interface FaultToggle {
  readonly id: string;
  readonly label: string;
  /** What one will see, in one sentence. */
  readonly explains: string;
  readonly on: boolean;
  /** It happens once and then switches itself off. */
  readonly once: boolean;
}

export interface SimulatorState {
  /** Simulated milliseconds per real one; 0 stops it. */
  readonly speed: number;
  readonly devices: readonly SimulatedDevice[];
  readonly troubles: readonly FaultToggle[];
}

export interface SimulatorControls {
  state(): SimulatorState;
  /** Names of the files in the live response library, for completion. */
  library(): readonly string[];
  setSpeed(speed: number): void;
  /** False: there is no such device. */
  setOnline(device: string, online: boolean): boolean;
  /** False: there is no such trouble. */
  setTrouble(id: string, on: boolean): boolean;
}

/**
 * The speeds that the page offers. The API takes no others, so that nobody makes the simulated time run
 * faster than the machine can follow.
 */
export const speeds: readonly number[] = [0, 1, 5, 10, 60];

export function mountSimulatorControls(app: Express, world: SimulatorControls, changed: () => void): void {
  const done = (response: Response): void => {
    changed();
    response.json(world.state());
  };

  app.get('/console/api/world', (_request, response) => void response.json(world.state()));

  app.post('/console/api/world/speed', ({ body }, response) => {
    const { speed } = recordOf(body);
    if (typeof speed !== 'number' || !speeds.includes(speed)) {
      response.status(400).json({ error: `Send {"speed"}, one of ${speeds.join(', ')}; 0 stops it.` });
      return;
    }
    world.setSpeed(speed);
    done(response);
  });

  app.post('/console/api/world/devices', ({ body }, response) => {
    const { device, online } = recordOf(body);
    if (typeof device !== 'string' || typeof online !== 'boolean' || !world.setOnline(device, online)) {
      response.status(400).json({ error: 'Send {"device": <name>, "online": true or false}.' });
      return;
    }
    done(response);
  });

  app.post('/console/api/world/troubles', ({ body }, response) => {
    const { trouble, on } = recordOf(body);
    if (typeof trouble !== 'string' || typeof on !== 'boolean' || !world.setTrouble(trouble, on)) {
      response.status(400).json({
        error: `Send {"trouble", "on": true or false}; known are ${world
          .state()
          .troubles.map(({ id }) => id)
          .join(', ')}.`,
      });
      return;
    }
    done(response);
  });
}
