// The app packages as npm run package:teams writes them, against Microsoft's own schemas and what Teams asks
// of icons.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { unzipSync } from 'fflate';
import { inflateSync } from 'node:zlib';
import { root } from '../support/root.ts';

const botId = '11111111-2222-3333-4444-555555555555';
const script = join(root, 'dist', 'src', 'cli', 'teamsPackage.js');
const folder = mkdtempSync(join(tmpdir(), 'lr-package-'));
const schemas = join(
  dirname(createRequire(import.meta.url).resolve('@microsoft/app-manifest/package.json')),
  'build',
  'json-schemas',
  'teams',
);

beforeAll(
  () =>
    void execFileSync(process.execPath, [script, '--out', folder, '--developer', 'A "team" \\ of ours'], {
      env: { ...process.env, MicrosoftAppId: botId.toUpperCase() },
      cwd: folder,
    }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Manifest {
  readonly manifestVersion: string;
  readonly id: string;
  readonly version: string;
  readonly developer: { readonly name: string };
  readonly bots: readonly {
    readonly botId: string;
    readonly supportsTargetedMessages?: boolean;
    readonly commandLists: readonly {
      readonly triggers?: readonly string[];
      readonly commands: readonly { readonly title: string }[];
    }[];
  }[];
}

function contents(name: string): {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly manifest: Manifest;
} {
  const files = unzipSync(new Uint8Array(readFileSync(join(folder, name))));
  return { files, manifest: JSON.parse(new TextDecoder().decode(files['manifest.json'])) as Manifest };
}

describe.each([
  ['live-response-bot.zip', '1.24'],
  ['live-response-bot-slash.zip', '1.29'],
])('%s', (name, version) => {
  it('is valid for Microsoft’s own schema of its version', () => {
    const schema = JSON.parse(
      readFileSync(join(schemas, `v${version}`, 'MicrosoftTeams.schema.json'), 'utf8'),
    ) as object;
    const ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(schema);
    const { manifest } = contents(name);
    validate(manifest);
    expect(validate.errors ?? []).toEqual([]);
    expect(manifest.manifestVersion).toBe(version);
    expect(validate({ ...manifest, bots: [{ ...manifest.bots[0], scopes: ['groupchat'] }] })).toBe(false);
  });
  it('holds the manifest and both icons at its root, and nothing else', () => {
    expect(Object.keys(contents(name).files).sort()).toEqual(['color.png', 'manifest.json', 'outline.png']);
  });
  it('names the bot of the settings, and leaves nothing to be filled in', () => {
    const { manifest } = contents(name);
    expect([manifest.id, manifest.bots[0]?.botId, manifest.developer.name]).toEqual([
      botId,
      botId,
      'A "team" \\ of ours',
    ]);
    expect(JSON.stringify(manifest)).not.toMatch(/\{\{|\$\{/);
    expect(manifest.version).toBe(
      (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
  });
  it('asks for no right to read messages that do not mention the bot', () => {
    expect(contents(name).manifest).not.toHaveProperty('authorization');
    expect(contents(name).manifest).not.toHaveProperty('webApplicationInfo');
  });
  it('offers commands that each begin with the name of the command', () => {
    for (const list of contents(name).manifest.bots[0]?.commandLists ?? [])
      for (const { title } of list.commands) expect(title).toMatch(/^lr( \w+)?$/);
  });
});

it('only the second has native slash commands, with @mentions beside them', () => {
  const triggers = (name: string) =>
    contents(name).manifest.bots[0]?.commandLists.flatMap((list) => list.triggers ?? []);
  expect([triggers('live-response-bot.zip'), triggers('live-response-bot-slash.zip')]).toEqual([
    [],
    ['mention', 'slash'],
  ]);
  expect(contents('live-response-bot-slash.zip').manifest.bots[0]?.supportsTargetedMessages).toBe(true);
});

it.each([
  ['color.png', 192],
  ['outline.png', 32],
])('%s is a real PNG of %i pixels', (name, size) => {
  const { width, height, pixels } = readPng(
    contents('live-response-bot.zip').files[name] ?? new Uint8Array(),
  );
  expect([width, height]).toEqual([size, size]);
  const alphas = new Set(pixels.filter((_value, at) => at % 4 === 3));
  // The outline is white on nothing; the colour icon fills its square.
  expect(alphas.has(0)).toBe(name === 'outline.png');
  if (name === 'outline.png')
    for (let at = 0; at < pixels.length; at += 4)
      expect([...pixels.subarray(at, at + 3)]).toEqual([255, 255, 255]);
  else
    expect(
      new Set(
        Array.from({ length: pixels.length / 4 }, (_, at) => pixels.subarray(at * 4, at * 4 + 3).join()),
      ).size,
    ).toBeGreaterThan(20);
});

it('the same settings make the same bytes', () => {
  const again = mkdtempSync(join(tmpdir(), 'lr-package-'));
  try {
    execFileSync(process.execPath, [script, '--out', again, '--developer', 'A "team" \\ of ours'], {
      env: { ...process.env, MicrosoftAppId: botId },
      cwd: again,
    });
    expect(
      readFileSync(join(again, 'live-response-bot.zip')).equals(
        readFileSync(join(folder, 'live-response-bot.zip')),
      ),
    ).toBe(true);
  } finally {
    rmSync(again, { recursive: true, force: true });
  }
});

it.each([
  ['no bot id', [], {}],
  ['a bot id that is none', [], { MicrosoftAppId: 'my-bot' }],
  ['a website that is not https', ['--website', 'http://x.example'], { MicrosoftAppId: botId }],
])('is not written with %s', (_what, options, env) => {
  const run = spawnSync(process.execPath, [script, '--out', folder, ...options], {
    env: { PATH: process.env['PATH'], ...env },
    cwd: folder,
    encoding: 'utf8',
  });
  expect([run.status, run.stderr.length > 20]).toEqual([2, true]);
});

/** 8-bit RGBA without row filters, as our script writes them. */
function readPng(bytes: Uint8Array): {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
} {
  const png = Buffer.from(bytes);
  expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const rows = inflateSync(Buffer.concat(data));
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1)
    pixels.set(rows.subarray(y * (width * 4 + 1) + 1, (y + 1) * (width * 4 + 1)), y * width * 4);
  return { width, height, pixels };
}
