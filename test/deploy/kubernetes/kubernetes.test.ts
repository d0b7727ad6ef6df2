// manifest/kubernetes, held against Kubernetes' own schemas: wrong values by kubernetes-models, which lets
// unknown keys pass, and unknown keys by the compiler with kubernetes-types, which lets wrong values pass.
// What docs/containers.md promises is in kubernetesExample.test.ts.
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { isKnownSetting } from '../settingsNamed.ts';
import { base, example, named, unknownKeys, wrongValues } from './kubernetesThings.ts';
import type { Thing } from './kubernetesThings.ts';

/** The manifests as they lie there, without kustomize's own. */
const files = [base, example].flatMap((where) =>
  readdirSync(where)
    .filter((name) => name.endsWith('.yaml') && !['kustomization.yaml', 'policy.yaml'].includes(name))
    .map((name) => join(where, name)),
);
const written = files.flatMap((file) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Thing),
);

/** A copy with one text in its JSON replaced. */
function changed(thing: Thing, find: string, replace: string): Thing {
  const text = JSON.stringify(thing);
  expect(text).toContain(find);
  return JSON.parse(text.replace(find, replace)) as Thing;
}

describe('the manifests as they are written', () => {
  test('have only values that Kubernetes knows', async () => {
    expect(written.length).toBeGreaterThan(5);
    for (const thing of written)
      expect([thing.kind, await wrongValues(thing)]).toEqual([thing.kind, undefined]);
  });

  test('have only keys that Kubernetes knows', () => {
    expect(unknownKeys(written)).toBe('');
  });

  test.each([
    ['Deployment', '"Recreate"', '"Recreat"'],
    ['Deployment', '"replicas":1', '"replicas":"one"'],
    ['Deployment', '"containerPort":3978', '"containerPort":"chats"'],
    ['NetworkPolicy', '"protocol":"UDP"', '"protocol":["UDP"]'],
  ])('a %s with %s changed to %s is found', async (kind, find, replace) => {
    expect(await wrongValues(changed(named(written, kind), find, replace))).toEqual(expect.any(String));
  });

  test.each([
    ['Deployment', '"readinessProbe"', '"readinesProbe"'],
    ['Deployment', '"readOnlyRootFilesystem"', '"readonlyRootFilesystem"'],
    ['NetworkPolicy', '"egress"', '"egres"'],
    ['PersistentVolumeClaim', '"accessModes"', '"accessMode"'],
  ])('a %s with %s written %s is found', (kind, find, replace) => {
    expect(unknownKeys([changed(named(written, kind), find, replace)])).toContain(replace.slice(1, -1));
  });
});

test.each([
  ['base', join(base, 'policy.yaml')],
  ['example', join(example, 'policy.yaml')],
])('the policy of the %s is one that the bot takes', (_, file) => {
  expect(readPolicy(readFileSync(file, 'utf8'))).not.toHaveProperty('problems');
});

test('the settings are such as the bot reads, and no secret is among them', () => {
  const maps = [base, example].flatMap(
    (where) =>
      (
        parse(readFileSync(join(where, 'kustomization.yaml'), 'utf8')) as {
          readonly configMapGenerator: readonly { readonly literals?: readonly string[] }[];
        }
      ).configMapGenerator,
  );
  const names = maps.flatMap(({ literals = [] }) => literals).map((one) => one.slice(0, one.indexOf('=')));
  expect(names.length).toBeGreaterThan(6);
  expect(names.filter((name) => !isKnownSetting(name) || /SECRET$|TOKEN$|KEY$|Password$/.test(name))).toEqual(
    [],
  );
});
