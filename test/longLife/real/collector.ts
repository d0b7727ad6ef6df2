// Loaded into the program before it starts (`node --import`): collects garbage twice on each SIGUSR2, so that what
// is read afterwards is what is still held.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
process.on('SIGUSR2', () => {
  collect();
  collect();
});
