// `npm run simulator`: a Defender tenant in a terminal. What it is called by is told to it, since it knows
// nothing of the product around it.
import { commandFor } from '../adapters/ownCommands.ts';
import { runSimulator } from '../simulator/cli.ts';

await runSimulator(commandFor('simulator', '[options]'));
