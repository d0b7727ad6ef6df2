// The whole story of the main job, told through the page by four people.
import type { Step } from './step.ts';
import { mainJob } from './storyOfMainJob.ts';
import { troubles } from './storyOfTroubles.ts';

export const steps: readonly Step[] = [...mainJob, ...troubles];
