// Limits on the form of the sources, and the files that are still over one of them.
import { readFileSync } from 'node:fs';
import { functionForm } from './functionForm.js';

export const plugins = { form: functionForm };

/** Each limit as ESLint takes it. */
export const limits = {
  'form/own-function-lines': ['error', { max: 60 }],
  'form/nested-functions': ['error', { max: 12 }],
  'max-params': ['error', { max: 4 }],
  'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
};

/** Rule to the files that may still break it. Only ever shortened: `node scripts/lint/stillOver.js`. */
export const stillOver = JSON.parse(readFileSync(new URL('stillOver.json', import.meta.url), 'utf8'));

/** ESLint configurations that let those files off. */
export function exemptions() {
  return Object.entries(stillOver)
    .filter(([, files]) => files.length > 0)
    .map(([rule, files]) => ({ files, rules: { [rule]: 'off' } }));
}
