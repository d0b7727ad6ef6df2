// Randomness from the system, for ids and nonces.
import { randomBytes } from 'node:crypto';
import type { Random } from '../liveResponse/ports.ts';

export const random: Random = { hex: (bytes) => randomBytes(bytes).toString('hex') };
