// `npm start`: build if needed, then run in this same process, so that a SIGTERM reaches the bot and not a
// shell around it.
import { build } from './build.js';

const code = build({ ifNeeded: true });
if (code === 0) await import('../dist/src/main.js');
else process.exitCode = code;
