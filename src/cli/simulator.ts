// `npm run simulator`: a Defender tenant in a terminal. It is given the name that it is called by, since it
// knows nothing of the product around it.
import { commandFor } from '../adapters/ownCommands.ts';
import { runSimulator } from '../simulator/cli.ts';

await runSimulator(commandFor('simulator', '[options]'));
