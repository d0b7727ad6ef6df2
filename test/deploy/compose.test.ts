// compose.yaml: what it promises, and that Compose itself takes it where it is installed. A misspelt key must
// fail.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../support/root.ts';
import { isKnownSetting, secondsToStop } from './settingsNamed.ts';

const text = readFileSync(join(root, 'compose.yaml'), 'utf8');
interface Service {
  readonly [key: string]: unknown;
  readonly secrets: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
}
const { services, secrets } = parse(text) as {
  readonly services: { readonly bot: Service };
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const { bot } = services;

describe('compose.yaml', () => {
  test('runs the bot with a read-only root, without capabilities, for this machine alone', () => {
    expect(bot).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      user: '10001:10001',
      ports: ['127.0.0.1:3978:3978'],
    });
    expect(bot['volumes']).toEqual(['data:/data', './config:/config:ro']);
    expect(bot['tmpfs']).toEqual(['/tmp:mode=1777,size=64m']);
    for (const key of ['privileged', 'cap_add', 'network_mode', 'pid', 'ipc', 'devices'])
      expect(bot).not.toHaveProperty(key);
  });

  test('gives it longer to stop than it takes', () => {
    expect(Number(/^(\d+)s$/.exec(bot.stop_grace_period)?.[1])).toBeGreaterThan(secondsToStop());
  });

  test('hands every secret over as a file, each of them used, and names only settings that are read', () => {
    for (const [name, value] of Object.entries(bot.environment)) {
      expect([name, isKnownSetting(name)]).toEqual([name, true]);
      expect([name, !/SECRET$|TOKEN$|KEY$|Password$/.test(name)]).toEqual([name, true]);
      if (name.endsWith('_FILE'))
        expect(bot.secrets.map((secret) => `/run/secrets/${secret}`)).toContain(value);
    }
    expect(Object.keys(secrets)).toEqual(bot.secrets);
    expect(
      Object.values(bot.environment)
        .filter((value) => value.startsWith('/run/secrets/'))
        .map((value) => value.slice('/run/secrets/'.length))
        .toSorted(),
    ).toEqual([...bot.secrets].toSorted());
  });

  test('asks the image’s own health program', () => {
    expect(readFileSync(join(root, 'Containerfile'), 'utf8')).toContain(
      `CMD ${JSON.stringify(bot.healthcheck.test.slice(1)).replaceAll('","', '", "')}`,
    );
  });

  const hasCompose = spawnSync('docker-compose', ['--version']).status === 0;
  (hasCompose ? test : test.skip)(
    'is taken by Compose; a misspelt key and a value of a wrong kind are not',
    () => {
      const dir = mkdtempSync(join(tmpdir(), 'lr-compose-'));
      const judged = (changed: string): number | null => {
        writeFileSync(join(dir, 'compose.yaml'), changed);
        return spawnSync('docker-compose', ['-f', join(dir, 'compose.yaml'), 'config', '--quiet'], {
          env: { PATH: process.env['PATH'] ?? '', AZURE_TENANT_ID: 'a', AZURE_CLIENT_ID: 'b' },
          timeout: 50_000,
        }).status;
      };
      const change = (find: string, replace: string): string => {
        expect(text).toContain(find);
        return text.replace(find, replace);
      };
      try {
        expect(judged(text)).toBe(0);
        expect(judged(change('cap_drop:', 'cap_drops:'))).not.toBe(0);
        expect(judged(change('read_only: true', 'read_only: often'))).not.toBe(0);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
      // Three starts of a program in Python, on a machine that may be busy.
    },
    180_000,
  );
});
