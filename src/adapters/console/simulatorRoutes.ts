// The switches of the simulated world: time, devices, and what goes wrong. Mounted only where Defender is the
// embedded simulator.
import type { Express, Response } from 'express';
import type { SimulatorControls } from './simulatorControls.ts';
import { speeds } from './simulatorControls.ts';
import { recordOf } from '../../liveResponse/text/json.ts';

export function mountSimulatorControls(app: Express, world: SimulatorControls, changed: () => void): void {
  const done = (response: Response): void => {
    changed();
    response.json(world.state());
  };

  app.get('/console/api/world', (_request, response) => void response.json(world.state()));

  app.post('/console/api/world/speed', ({ body }, response) => {
    const { speed } = recordOf(body);
    if (typeof speed !== 'number' || !speeds.includes(speed)) {
      response.status(400).json({ error: `Send {"speed"}, one of ${speeds.join(', ')}; 0 stands still.` });
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
