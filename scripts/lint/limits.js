// Limits on the form of the sources.
import { functionForm } from './functionForm.js';

export const plugins = { form: functionForm };

/** Each limit as ESLint takes it. */
export const limits = {
  'form/own-function-lines': ['error', { max: 60 }],
  'form/nested-functions': ['error', { max: 12 }],
  'max-params': ['error', { max: 4 }],
  'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
};
