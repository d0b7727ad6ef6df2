// Which device records cannot take a session: only a definite word of Defender counts.
import { describe, expect, test } from '@jest/globals';
import { unfitness, onboardingKind, mergedInto } from '../../../src/liveResponse/device/records.ts';

const id = 'a'.repeat(40);
const facts = { id, os: 'Windows11' };

describe('a record', () => {
  test.each([
    ['onboarded', undefined],
    ['Onboarded', undefined],
    [undefined, undefined],
    ['SomethingNew', undefined],
    ['CanBeOnboarded', { why: 'notOnboarded' }],
    ['Can be onboarded', { why: 'notOnboarded' }],
    ['not_onboarded', { why: 'notOnboarded' }],
    ['Off-boarded', { why: 'notOnboarded' }],
    ['Unsupported', { why: 'unsupported' }],
    ['Not supported', { why: 'unsupported' }],
    ['InsufficientInfo', { why: 'tooLittle' }],
    ['insufficient information', { why: 'tooLittle' }],
  ])('whose onboarding is %j: %j', (onboarding, expected) => {
    expect(unfitness({ ...facts, ...(onboarding === undefined ? {} : { onboarding }) })).toEqual(expected);
  });

  test('that was merged into another one names that one, but not itself', () => {
    expect(unfitness({ ...facts, mergedInto: 'b'.repeat(40) })).toEqual({
      why: 'merged',
      into: 'b'.repeat(40),
    });
    expect(unfitness({ ...facts, mergedInto: id.toUpperCase() })).toBeUndefined();
    expect(unfitness({ ...facts, id: id.toUpperCase(), mergedInto: id })).toBeUndefined();
  });

  test('that was merged says so before anything else', () => {
    expect(unfitness({ ...facts, onboarding: 'Unsupported', mergedInto: 'b'.repeat(40) })).toEqual({
      why: 'merged',
      into: 'b'.repeat(40),
    });
  });

  test.each([
    'WindowsXP',
    'Windows 7',
    'Windows8',
    'Windows 8.1',
    'WindowsServer2008R2',
    'Windows Server 2003',
    'iOS',
    'Android',
  ])('of %s has no live response', (os) => {
    expect(unfitness({ id, os, onboarding: 'Onboarded' })).toEqual({ why: 'system' });
  });

  test.each([
    'Windows10',
    'Windows11',
    'WindowsServer2012R2',
    'WindowsServer2022',
    'Windows 80',
    'Ubuntu',
    'macOS',
    'Other',
  ])('of %s may have it', (os) => {
    expect(unfitness({ id, os })).toBeUndefined();
  });
});

test('a word for onboarding that is missing or unknown says nothing', () => {
  expect(onboardingKind(undefined)).toBeUndefined();
  expect(onboardingKind('')).toBeUndefined();
  expect(onboardingKind('ONBOARDED')).toBe('onboarded');
});

describe('the record that it was merged into', () => {
  test.each(['b'.repeat(40), 'B1'.repeat(20), 'device-12', '1f0b8f0c-3e00-4000-8000-000000000001'])(
    'is %s',
    (word) => {
      expect(mergedInto(` ${word} `)).toBe(word);
    },
  );

  test.each([
    undefined,
    '',
    '0000000000',
    '00000000-0000-0000-0000-000000000000',
    '--------',
    'short',
    'b'.repeat(65),
    'bb bb bb bb',
  ])('is none in %j', (word) => {
    expect(mergedInto(word)).toBeUndefined();
  });
});
