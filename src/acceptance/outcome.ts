// Outcome of a run, and what the run is given, no matter who asked and approved.
import type { Readable } from 'node:stream';
import type { Seen } from './measures/finding.ts';
import type { TappedHttp } from './tap.ts';

export interface Surroundings {
  readonly http: TappedHttp;
  readonly print: (text: string) => void;
  /** Aborted by Ctrl+C. */
  readonly stop: AbortSignal;
  readonly input: Readable;
  /** Neither embedded nor without credentials. */
  readonly real: boolean;
}

export interface Outcome {
  /** The main job went through from end to end. */
  readonly ok: boolean;
  readonly how: string;
  /** When people were asked to begin, by the tenant's clock (epoch milliseconds). */
  readonly began: number;
  readonly apiUrl: string;
  readonly simulated: boolean;
  /** Names and ids that must appear nowhere. */
  readonly secrets: readonly string[];
  readonly seen: Seen;
}
