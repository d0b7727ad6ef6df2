// Typed reading of environment variables and durations. Problems and warnings are collected instead of thrown
// at the first one.
import { nearest } from '../../bot/commands/lineReaders.ts';
import { Secret } from '../secret.ts';

const ours = /^(?:LR_|SLACK_|DEFENDER_|TEAMS_|LIBRARY_|MicrosoftApp|MICROSOFT_?APP)/;
/** Names that other programs and libraries in this process read: @azure/identity, Node, terminals. */
const others =
  /^(?:AZURE_(?:AUTHORITY_HOST|USERNAME|PASSWORD|ADDITIONALLY_ALLOWED_TENANTS|CLIENT_CERTIFICATE_PASSWORD|CLIENT_SEND_CERTIFICATE_CHAIN|REGIONAL_AUTHORITY_NAME|LOG_LEVEL|IDENTITY_\w+|POD_\w+|TOKEN_CREDENTIALS|CONFIG_DIR)|NODE_\w+|TZ|NO_COLOR|FORCE_COLOR|LOGNAME|HOSTNAME|PATH|HOME|USER|PWD|ALL_PROXY|(?:https?|no|all)_proxy)$/;

/**
 * One sentence for a name that is no setting; undefined for one that is, or that may belong to something
 * else.
 * @param where `.env` is for this program alone, so every name in it is judged; in the environment only names
 * that look like ours are
 */
export function unknownName(
  name: string,
  known: readonly string[],
  where: 'environment' | 'file',
): string | undefined {
  if (known.includes(name) || others.test(name)) return undefined;
  const [meant] = nearest(name, known);
  const azure = name.startsWith('AZURE_') && meant !== undefined;
  const told = ours.test(name) || azure;
  // Names in a file that look like ours are reported where the settings are read, together with those of the
  // environment.
  if (where === 'environment' ? !told : told) return undefined;
  return `${name} is not a setting and has no effect.${meant === undefined ? ' .env.example lists the settings.' : ` Did you mean ${meant}?`}`;
}

export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  constructor(variables: Readonly<Record<string, string | undefined>>) {
    this.#variables = variables;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  problem(sentence: string): void {
    // Two readers may look at one variable.
    if (!this.#problems.includes(sentence)) this.#problems.push(sentence);
  }

  warn(sentence: string): void {
    if (!this.#warnings.includes(sentence)) this.#warnings.push(sentence);
  }

  /** The trimmed value; undefined when absent or empty, as an unset line of a .env file is. */
  text(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  anyOf(...names: readonly string[]): boolean {
    return names.some((name) => this.text(name) !== undefined);
  }

  secret(name: string): Secret | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : new Secret(value);
  }

  whole(name: string, otherwise: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.problem(
      `${name} is "${text}"; it must be a whole number from ${least} to ${most} (${otherwise} when left out).`,
    );
    return otherwise;
  }

  /** Milliseconds. */
  duration(name: string, otherwise: string): number {
    const text = this.text(name);
    const value = readDuration(text ?? otherwise);
    if (value !== undefined) return value;
    this.problem(`${name} is "${text ?? ''}"; write a number and a unit, such as ${otherwise}.`);
    return 0;
  }

  choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const found = choices.find((one) => one === text.toLowerCase());
    if (found !== undefined) return found;
    this.problem(`${name} is "${text}"; it must be one of ${choices.join(', ')}.`);
    return otherwise;
  }

  flag(name: string): boolean {
    const text = this.text(name);
    if (text === undefined || text === '0' || text === 'false') return false;
    if (text === '1' || text === 'true') return true;
    this.problem(`${name} is "${text}"; it must be 1 or left out.`);
    return false;
  }

  list(name: string): readonly string[] {
    return (this.text(name) ?? '').split(/[\s,]+/).filter((one) => one !== '');
  }

  /** Names that look like ours and are not read: a misspelt setting must not silently have no effect. */
  warnAboutUnknown(known: readonly string[]): void {
    for (const name of Object.keys(this.#variables)) {
      const sentence = this.text(name) === undefined ? undefined : unknownName(name, known, 'environment');
      if (sentence !== undefined) this.warn(sentence);
    }
  }
}

/** Whether a URL leads to this machine only. */
export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  );
}

/** An https URL, or http to this machine; without credentials, query and trailing slash. */
export function readUrl(env: Environment, name: string): URL | undefined {
  const text = env.text(name);
  if (text === undefined) return undefined;
  if (!URL.canParse(text)) {
    env.problem(`${name} is not a URL; write it as https://host.`);
    return undefined;
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    env.problem(`${name} must begin with https:// (http:// is for 127.0.0.1 only).`);
  else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    env.problem(`${name} may hold neither credentials nor a query.`);
  else return url;
  return undefined;
}

/** A URL as text without the slash at its end. */
export function bare(url: URL): string {
  return url.href.replace(/\/+$/, '');
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return guid.test(text);
}

/** A GUID in lower case. */
export function readGuid(env: Environment, name: string, what: string): string | undefined {
  const text = env.text(name);
  if (text === undefined || isGuid(text)) return text?.toLowerCase();
  env.problem(`${name} is not ${what}; that is a GUID such as 5f0c1d2e-0000-4000-8000-000000000000.`);
  return undefined;
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `45s`, `30m`, `2h` or `3d`; undefined for anything else, zero included. */
export function readDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,5})(s|m|h|d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ''] ?? Number.NaN);
}

/**
 * A start that cannot succeed until somebody changes a setting or a file; the program ends with exit code 2.
 */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SettingsError';
  }
}
