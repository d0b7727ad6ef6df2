// SHA-256 for digests and fingerprints.
import { hash as digest } from 'node:crypto';
import type { Hash } from '../liveResponse/ports.ts';

export const hash: Hash = { sha256: (text) => digest('sha256', text, 'hex') };
