// SHA-256 for digests and fingerprints, and random bytes for ids and nonces.
import { hash as digest, randomBytes } from 'node:crypto';
import type { Hash, Random } from '../liveResponse/ports.ts';

export const hash: Hash = { sha256: (text) => digest('sha256', text, 'hex') };

export const random: Random = { hex: (bytes) => randomBytes(bytes).toString('hex') };
