// App packages that are uploaded to Teams: the manifests of this package, filled in and zipped with their
// icons.
import { readFileSync } from 'node:fs';
import { unzipSync, zipSync } from 'fflate';
import { field, parseJson } from '../../liveResponse/text/json.ts';
import { packageFile, packageVersion } from '../packageFiles.ts';

export interface AppPackage {
  /** Of the file, such as live-response-bot.zip. */
  readonly name: string;
  /** For whom it is. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface AppPackageParts {
  /** Application id of the bot's registration, a GUID in lower case. */
  readonly appId: string;
  /** Whom Teams names as the developer; cut to what the manifest's schema allows. */
  readonly developer?: string;
  /** The developer's page, https. */
  readonly website?: string;
}

export const usualDeveloper = 'Incident response team';
export const usualWebsite = 'https://www.example.com/';

/** The manifest's schema allows the developer's name no more characters (developer.name, v1.24). */
const longestName = 32;
/** Fixed, so that the same settings make the same bytes. */
const mtime = new Date(2026, 0, 1);
const variants = [
  ['live-response-bot.zip', 'manifest.json', 'for every tenant'],
  [
    'live-response-bot-slash.zip',
    'manifest.slash.json',
    'with native slash commands (a preview feature of Teams)',
  ],
] as const;

/** The one for every tenant first. */
export function appPackages({
  appId,
  developer = usualDeveloper,
  website = usualWebsite,
}: AppPackageParts): readonly [AppPackage, ...AppPackage[]] {
  const fill: Readonly<Record<string, string>> = {
    version: packageVersion(),
    appId,
    botId: appId,
    developer: developer.slice(0, longestName),
    website,
  };
  const source = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(packageFile('manifest', 'teams', name)));
  const made = ([name, template, what]: (typeof variants)[number]): AppPackage => {
    const manifest = Buffer.from(source(template))
      .toString('utf8')
      .replace(/\{\{(\w+)\}\}/g, (whole, key: string) => JSON.stringify(fill[key] ?? whole).slice(1, -1));
    return {
      name,
      what,
      bytes: zipSync(
        {
          'manifest.json': new TextEncoder().encode(manifest),
          'color.png': source('color.png'),
          'outline.png': source('outline.png'),
        },
        { mtime },
      ),
    };
  };
  const [usual, ...others] = variants;
  return [made(usual), ...others.map(made)];
}

/** Bytes of a manifest at most; ours has three kilobytes. */
const longestManifest = 262_144;

/** The application that a package is for, in lower case; undefined where it is no app package. */
export function packagedFor(bytes: Uint8Array): string | undefined {
  let manifest: unknown;
  try {
    const text = unzipSync(bytes, {
      filter: ({ name, originalSize }) => name === 'manifest.json' && originalSize <= longestManifest,
    })['manifest.json'];
    manifest = parseJson(Buffer.from(text ?? new Uint8Array()).toString('utf8'))?.value;
  } catch (error) {
    // What fflate throws at something that is no archive is an Error with a number for a code.
    if (error instanceof Error) return undefined;
    throw error;
  }
  const id = field(manifest, 'id');
  return typeof id === 'string' ? id.toLowerCase() : undefined;
}
