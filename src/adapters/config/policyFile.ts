// The policy file to a Policy, or every problem of it at once, each with its line and what to write instead.
import type { z } from 'zod';
import { isCommandWord } from '../../bot/commands/forms.ts';
import { nearest } from '../../bot/commands/nearest.ts';
import { isGroup } from '../../bot/policy/people/people.ts';
import { systemNames } from '../../bot/policy/recipes/recipeSystems.ts';
import { sameHumans, sameHumanSentence } from '../../bot/policy/people/sameHuman.ts';
import { splitSurfaceKey, surfaceKey } from '../../liveResponse/request/surfaceKey.ts';
import { misfits } from '../../liveResponse/device/systems.ts';
import type {
  DeviceScope,
  NeedToKnow,
  Person,
  PlaceRule,
  Policy,
  Recipe,
  Tier,
} from '../../bot/policy/policy.ts';
import { readRecipe, reservedNames } from './policyRecipe.ts';
import {
  accountKind,
  accountsIn,
  devicesSchema,
  foldedId,
  freezeSchema,
  groupKinds,
  nameSchema,
  personSchema,
  placeSchema,
  rawSchema,
  recipeSchema,
  resultsSchema,
  roleSchema,
  surfaces,
  surfaceWords,
  tierSchema,
  viewers,
} from './policySchema.ts';
import type { TierEntry } from './policySchema.ts';
import type { FileProblem, Path, YamlFile } from './yamlFile.ts';
import { readYaml, showPath } from './yamlFile.ts';
import { isRecord } from '../../liveResponse/text/json.ts';

export interface ReadPolicy {
  readonly policy: Policy;
  /** What is allowed but probably not meant. */
  readonly warnings: readonly FileProblem[];
}

const sections = [
  'people',
  'roles',
  'recipes',
  'commands',
  'devices',
  'approval',
  'places',
  'results',
  'freeze',
] as const;
type Section = (typeof sections)[number];
const required: readonly Section[] = ['people', 'roles', 'approval', 'places'];

/** Reads the text of a policy file. Never throws. */
export function readPolicy(text: string): ReadPolicy | { readonly problems: readonly FileProblem[] } {
  const file = readYaml(text);
  if (file.problems.length > 0) return { problems: file.problems };
  return new Reader(file).read();
}

/**
 * Collects problems while the sections are read one after another; entries that are well formed are checked
 * against each other even when others are not.
 */
class Reader {
  readonly #file: YamlFile;
  readonly #root: Readonly<Record<string, unknown>>;
  readonly #problems: FileProblem[] = [];
  readonly #warnings: FileProblem[] = [];

  constructor(file: YamlFile) {
    this.#file = file;
    this.#root = isRecord(file.value) ? file.value : {};
  }

  read(): ReadPolicy | { readonly problems: readonly FileProblem[] } {
    if (!isRecord(this.#file.value))
      this.#problem(
        [],
        'the file must be a map with people, roles, approval and places; start from policy.example.yaml',
      );
    for (const key of Object.keys(this.#root))
      if (!(sections as readonly string[]).includes(key)) this.#problem([key], unknownKey(key, sections));
    for (const key of required)
      if (isRecord(this.#file.value) && !(key in this.#root))
        this.#problem([], `the section "${key}" is missing`);

    const people = this.#people();
    const roles = this.#roles();
    const tiers = this.#tiers(roles);
    const recipes = this.#recipes();
    const policy: Policy = {
      people,
      roles,
      recipes,
      raw: this.#raw(),
      devices: this.#devices(),
      tiers,
      places: this.#places(),
      results: { read: this.#results() },
      freeze: this.#freeze(),
    };
    if (this.#problems.length > 0) return { problems: [...this.#problems].sort((a, b) => a.line - b.line) };
    this.#warnAbout(policy);
    return { policy, warnings: this.#warnings };
  }

  #problem(path: Path, text: string): void {
    this.#problems.push({ line: this.#file.lineOf(path), where: showPath(path), text });
  }

  /** One entry by its schema; problems are noted under its path. */
  #entry<T>(schema: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    for (const issue of read.error.issues) {
      const at = [...path, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
      if (issue.code === 'unrecognized_keys') {
        const known = 'shape' in schema && issue.path.length === 0 ? Object.keys(schema.shape as object) : [];
        for (const key of issue.keys) this.#problem([...at, key], unknownKey(key, known));
      } else if (valueAt(value, issue.path) === undefined) {
        this.#problem(at, 'is missing');
      } else {
        this.#problem(at, sentenceOf(issue));
      }
    }
    return undefined;
  }

  #list(section: Section): readonly (readonly [number, unknown])[] {
    const value = this.#root[section];
    if (value === undefined) return [];
    if (Array.isArray(value)) return [...value.entries()];
    this.#problem([section], 'must be a list');
    return [];
  }

  #map(section: Section): readonly (readonly [string, unknown])[] {
    const value = this.#root[section];
    if (value === undefined || value === null) return [];
    if (!isRecord(value)) {
      this.#problem([section], 'must be a map of names');
      return [];
    }
    return Object.entries(value);
  }

  /** Entries of a map whose keys are names. */
  #named(section: Section): readonly (readonly [string, unknown])[] {
    const entries = this.#map(section);
    for (const [key] of entries) this.#entry(nameSchema, key, [section, key]);
    return entries;
  }

  /** Names that a section declares, malformed entries included, so that one slip is not reported twice. */
  #declared(section: 'roles' | 'approval'): readonly string[] {
    return isRecord(this.#root[section]) ? Object.keys(this.#root[section]) : [];
  }

  #people(): readonly Person[] {
    const people: Person[] = [];
    const owners = new Map<string, string>();
    const ids = new Set<string>();
    for (const [index, value] of this.#list('people')) {
      const entry = this.#entry(personSchema, value, ['people', index]);
      if (entry === undefined) continue;
      if (ids.has(entry.id))
        this.#problem(['people', index, 'id'], `the id ${entry.id} is taken by another person`);
      ids.add(entry.id);
      const accounts: string[] = [];
      for (const surface of surfaces) {
        for (const id of accountsIn(entry, surface)) {
          const key = surfaceKey(surface, foldedId(accountKind(surface), id));
          const owner = owners.get(key);
          if (owner !== undefined)
            this.#problem(
              ['people', index, surface],
              `the account ${key} belongs to ${owner} already; one account speaks for one person`,
            );
          else owners.set(key, entry.id);
          accounts.push(key);
        }
      }
      if (accounts.length === 0) this.#problem(['people', index], `has no account: add ${surfaceWords}`);
      people.push({ id: entry.id, name: entry.name, accounts });
    }
    return people;
  }

  #roles(): Policy['roles'] {
    const ids = this.#list('people').flatMap(([, value]) =>
      isRecord(value) && typeof value['id'] === 'string' ? [value['id']] : [],
    );
    const roles = new Map<string, readonly string[]>();
    for (const [role, value] of this.#named('roles')) {
      const members = this.#entry(roleSchema, value, ['roles', role]);
      if (members === undefined) continue;
      for (const [index, member] of members.entries()) {
        if (!isGroup(member) && !ids.includes(member))
          this.#problem(
            ['roles', role, index],
            `nobody under "people" has the id ${member}${meant(member, ids)}`,
          );
      }
      roles.set(
        role,
        members.map((member) =>
          foldedId(
            groupKinds.find(({ prefix }) => prefix === splitSurfaceKey(member)[0]),
            member,
          ),
        ),
      );
    }
    return roles;
  }

  #tiers(roles: Policy['roles']): readonly Tier[] {
    const tiers: Tier[] = [];
    for (const [name, value] of this.#named('approval')) {
      const entry = this.#entry(tierSchema, value, ['approval', name]);
      if (entry === undefined) continue;
      this.#role(entry.request, ['approval', name, 'request']);
      this.#role(entry.approve, ['approval', name, 'approve']);
      if (roles.get(entry.approve)?.length === 0)
        this.#problem(
          ['approval', name, 'approve'],
          `nobody has the role ${entry.approve}, so nothing of this tier could ever be approved`,
        );
      const { cancelParkedAfter, pending, visibility, redactAfter, ...rest } = entry;
      tiers.push({
        name,
        ...rest,
        ...(cancelParkedAfter === undefined ? {} : { cancelParkedAfter }),
        ...(pending === undefined ? {} : { pending }),
        ...this.#needToKnow({ visibility, redactAfter }, ['approval', name]),
      });
    }
    if ('approval' in this.#root && this.#declared('approval').length === 0)
      this.#problem(['approval'], 'must hold at least one tier');
    return tiers;
  }

  /** Requester and approvers always see their requests, so that only the roles beside them are kept. */
  #needToKnow(
    { visibility, redactAfter }: Pick<TierEntry, 'visibility' | 'redactAfter'>,
    path: Path,
  ): NeedToKnow {
    const words: readonly string[] = viewers;
    const known = this.#declared('roles');
    const named = visibility === undefined || visibility === 'everyone' ? [] : visibility;
    for (const [index, name] of named.entries()) {
      const at = [...path, 'visibility', index];
      if (name === 'everyone')
        this.#problem(at, 'stands alone: write "visibility: everyone", or name who may see these requests');
      else if (words.includes(name) && known.includes(name))
        this.#problem(at, `"${name}" is a word of visibility and a role here; give the role another name`);
      else if (!words.includes(name) && !known.includes(name))
        this.#problem(
          at,
          `there is no role ${name}${meant(name, [...words, ...known])}; besides roles it may hold requester and approvers`,
        );
    }
    return {
      ...(visibility === undefined || visibility === 'everyone'
        ? {}
        : { visibility: visibility.filter((name) => !words.includes(name)) }),
      ...(redactAfter === undefined ? {} : { redactAfter }),
    };
  }

  #role(role: string, path: Path): void {
    const known = this.#declared('roles');
    if (!known.includes(role)) this.#problem(path, `there is no role ${role}${meant(role, known)}`);
  }

  #tier(tier: string, path: Path): void {
    const known = this.#declared('approval');
    if (!known.includes(tier))
      this.#problem(path, `there is no tier ${tier} under "approval"${meant(tier, known)}`);
  }

  #recipes(): ReadonlyMap<string, Recipe> {
    const recipes = new Map<string, Recipe>();
    for (const [name, value] of this.#named('recipes')) {
      const path = ['recipes', name];
      if (isCommandWord(name) || reservedNames.includes(name))
        this.#problem(path, `"${name}" is a word of the command language; choose another name`);
      const entry = this.#entry(recipeSchema, value, path);
      if (entry === undefined) continue;
      this.#tier(entry.tier, [...path, 'tier']);
      const { recipe, problems } = readRecipe(name, entry);
      for (const { at, text } of problems) this.#problem([...path, ...at], text);
      recipes.set(name, recipe);
    }
    return recipes;
  }

  #raw(): Policy['raw'] {
    const types = { run: 'RunScript', get: 'GetFile', put: 'PutFile' } as const;
    const raw: { -readonly [Key in keyof Policy['raw']]: Policy['raw'][Key] } = {};
    for (const [word, value] of this.#map('commands')) {
      if (word !== 'run' && word !== 'get' && word !== 'put') {
        this.#problem(['commands', word], unknownKey(word, Object.keys(types)));
        continue;
      }
      const entry = this.#entry(rawSchema, value, ['commands', word]);
      if (entry === undefined) continue;
      this.#tier(entry.tier, ['commands', word, 'tier']);
      raw[types[word]] = entry.tier;
    }
    return raw;
  }

  #devices(): DeviceScope {
    const nothing = { groups: [], tags: [], names: [] };
    const value = this.#root['devices'];
    const devices = (value === undefined ? undefined : this.#entry(devicesSchema, value, ['devices'])) ?? {
      allow: nothing,
      never: nothing,
    };
    for (const side of ['allow', 'never'] as const) {
      for (const kind of ['groups', 'tags', 'names'] as const) {
        for (const [index, one] of devices[side][kind].entries()) {
          if (one.includes('*') && !(side === 'allow' && kind === 'groups' && one === '*')) {
            this.#problem(
              ['devices', side, kind, index],
              'there are no patterns here; only the group "*" under allow means every device',
            );
          }
        }
      }
    }
    return devices;
  }

  #places(): readonly PlaceRule[] {
    const places: PlaceRule[] = [];
    const entries = this.#list('places');
    for (const [index, value] of entries) {
      const entry = this.#entry(placeSchema, value, ['places', index]);
      if (entry === undefined) continue;
      if (places.some(({ place }) => place === entry.place))
        this.#problem(['places', index, 'place'], `${entry.place} is listed twice`);
      const { notify, visibility, redactAfter, ...rest } = entry;
      if (notify !== undefined && splitSurfaceKey(notify)[0] !== splitSurfaceKey(entry.place)[0])
        this.#problem(['places', index, 'notify'], 'must be somebody of the same chat as the place');
      if (notify !== undefined && !entry.approvals)
        this.#problem(['places', index, 'notify'], 'is used in places with "approvals: true" only');
      places.push({
        ...rest,
        ...(notify === undefined ? {} : { notify }),
        ...this.#needToKnow({ visibility, redactAfter }, ['places', index]),
      });
    }
    const some = entries.some(([, value]) => isRecord(value) && value['approvals'] === true);
    if ('places' in this.#root && !some)
      this.#problem(['places'], 'no place has "approvals: true", so nobody would see a request');
    return places;
  }

  #results(): readonly string[] {
    const entry =
      this.#root['results'] === undefined
        ? undefined
        : this.#entry(resultsSchema, this.#root['results'], ['results']);
    for (const [index, role] of (entry?.read ?? []).entries()) this.#role(role, ['results', 'read', index]);
    return entry?.read ?? [];
  }

  #freeze(): readonly string[] {
    const roles =
      this.#root['freeze'] === undefined
        ? []
        : (this.#entry(freezeSchema, this.#root['freeze'], ['freeze']) ?? []);
    for (const [index, role] of roles.entries()) this.#role(role, ['freeze', index]);
    return roles;
  }

  #warnAbout(policy: Policy): void {
    const warn = (path: Path, text: string): void => {
      this.#warnings.push({ line: this.#file.lineOf(path), where: showPath(path), text });
    };
    const { groups, tags, names } = policy.devices.allow;
    if (groups.length + tags.length + names.length === 0)
      warn(['devices'], 'no device is allowed, so every request will be refused');
    if (policy.results.read.length === 0) warn(['results'], 'nobody may read results');
    if (policy.freeze.length === 0) warn(['freeze'], 'nobody may freeze submissions');
    for (const found of sameHumans(policy.people))
      warn(['people', policy.people.indexOf(found.other)], sameHumanSentence(found));
    const kept = policy.places.find(({ approvals, results }) => approvals && results === 'private');
    if (kept !== undefined && policy.places.some(({ results }) => results === 'card')) {
      warn(
        ['places', policy.places.indexOf(kept), 'results'],
        `${kept.place} gets a card of every request and keeps results private, so that no card anywhere shows output or links; "results: card" there lets the others show them`,
      );
    }
    for (const { name, systems = [], commands } of policy.recipes.values()) {
      for (const system of systems) {
        const [odd] = misfits(system, commands);
        if (odd !== undefined)
          warn(
            ['recipes', name, 'commands', odd.index],
            `does not look like a command for ${systemNames[system]}, and "systems" says that the recipe is for it`,
          );
      }
    }
    for (const { name, approve, request } of policy.tiers) {
      const [only, ...others] = policy.roles.get(approve) ?? [];
      if (
        only !== undefined &&
        others.length === 0 &&
        !isGroup(only) &&
        policy.roles.get(request)?.includes(only) === true
      ) {
        warn(
          ['approval', name, 'approve'],
          `only ${only} can approve, and may ask as well: those requests could never be approved`,
        );
      }
    }
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined,
    value,
  );
}

/** The most telling message: a union reports its members' issues below itself. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find(({ code }) => code !== 'invalid_type') ?? issue.errors.flat()[0];
    if (inner !== undefined) return inner.message;
  }
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  return issue.message;
}

function unknownKey(key: string, known: readonly string[]): string {
  return `the key "${key}" is not known here${meant(key, known)}${known.length > 0 ? `; known are ${known.join(', ')}` : ''}`;
}

function meant(word: string, known: readonly string[]): string {
  const [first] = nearest(word, known);
  return first === undefined ? '' : `; did you mean ${first}?`;
}
