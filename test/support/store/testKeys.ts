// The key of stores and files that tests look at from outside.
import { keysFrom } from '../../../src/adapters/store/journal/keys.ts';

export const testKeyText = Buffer.alloc(32, 'test key ').toString('base64');
export const testKeys = keysFrom([Buffer.from(testKeyText, 'base64')]);
