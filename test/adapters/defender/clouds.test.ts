// Addresses and scopes of Defender in each cloud.
import { describe, expect, test } from '@jest/globals';
import {
  cloudNames,
  clouds,
  commercialScope,
  customEndpoint,
  isCloud,
} from '../../../src/adapters/defender/clouds.ts';

describe('the clouds', () => {
  test('have the new hosts with the scope of the old resource, except the government ones', () => {
    for (const name of cloudNames) {
      const { apiUrl, authority, scope } = clouds[name];
      const government = apiUrl.endsWith('.us');
      expect(scope).toBe(government ? `${apiUrl}/.default` : commercialScope);
      expect(authority).toBe(
        name === 'gcc-high' || name === 'dod'
          ? 'https://login.microsoftonline.us'
          : 'https://login.microsoftonline.com',
      );
      expect(government || apiUrl.endsWith('api.security.microsoft.com')).toBe(true);
    }
    expect(clouds.commercial.apiUrl).toBe('https://api.security.microsoft.com');
    expect(clouds.eu.apiUrl).toBe('https://eu.api.security.microsoft.com');
  });

  test('are known by name alone', () => {
    expect(isCloud('gcc-high')).toBe(true);
    expect(isCloud('toString')).toBe(false);
  });

  test('may be one of our own', () => {
    expect(customEndpoint('http://127.0.0.1:4000//', { scope: 'x/.default' })).toEqual({
      apiUrl: 'http://127.0.0.1:4000',
      authority: 'https://login.microsoftonline.com',
      scope: 'x/.default',
    });
  });
});
