// The reader of the policy file: a Policy, or every problem at once, each with its line and what to write
// instead.
import { isCommandWord } from '../../bot/commands/forms.ts';
import { isGroup } from '../../bot/policy/people/people.ts';
import { splitSurfaceKey, surfaceKey } from '../../liveResponse/request/request.ts';
import type {
  DeviceScope,
  NeedToKnow,
  Person,
  PlaceRule,
  Policy,
  Recipe,
  Tier,
} from '../../bot/policy/policy.ts';
import { meant, PolicyEntries, readRecipe, reservedNames, sections, unknownKey } from './policyEntries.ts';
import type { Section } from './policyEntries.ts';
import {
  accountKind,
  accountsIn,
  devicesSchema,
  foldedId,
  freezeSchema,
  groupKinds,
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
import { policyWarnings } from './policyWarnings.ts';
import type { FileProblem, Path, YamlFile } from './yamlFile.ts';
import { readYaml, showPath } from './yamlFile.ts';
import { isRecord } from '../../liveResponse/text/json.ts';

export interface ReadPolicy {
  readonly policy: Policy;
  /** What is allowed but probably not meant. */
  readonly warnings: readonly FileProblem[];
}

const required: readonly Section[] = ['people', 'roles', 'approval', 'places'];

/** Reads the text of a policy file. Never throws. */
export function readPolicy(text: string): ReadPolicy | { readonly problems: readonly FileProblem[] } {
  const file = readYaml(text);
  if (file.problems.length > 0) return { problems: file.problems };
  return new Reader(file).read();
}

/**
 * Reads one section after another. Entries that are well formed are checked against each other even when
 * others are not.
 */
class Reader {
  readonly #file: YamlFile;
  readonly #entries: PolicyEntries;

  constructor(file: YamlFile) {
    this.#file = file;
    this.#entries = new PolicyEntries(file);
  }

  read(): ReadPolicy | { readonly problems: readonly FileProblem[] } {
    this.#checkSections();
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
    const { problems } = this.#entries;
    if (problems.length > 0) return { problems };
    const warnings = policyWarnings(policy).map(({ path, text }) => ({
      line: this.#file.lineOf(path),
      where: showPath(path),
      text,
    }));
    return { policy, warnings };
  }

  #checkSections(): void {
    const entries = this.#entries;
    if (!isRecord(this.#file.value))
      entries.problem(
        [],
        'the file must be a map with people, roles, approval and places; start from policy.example.yaml',
      );
    for (const key of Object.keys(entries.root))
      if (!(sections as readonly string[]).includes(key)) entries.problem([key], unknownKey(key, sections));
    for (const key of required)
      if (isRecord(this.#file.value) && !(key in entries.root))
        entries.problem([], `the section "${key}" is missing`);
  }

  #people(): readonly Person[] {
    const people: Person[] = [];
    const owners = new Map<string, string>();
    const ids = new Set<string>();
    for (const [index, value] of this.#entries.list('people')) {
      const entry = this.#entries.entry(personSchema, value, ['people', index]);
      if (entry === undefined) continue;
      if (ids.has(entry.id))
        this.#entries.problem(['people', index, 'id'], `the id ${entry.id} is taken by another person`);
      ids.add(entry.id);
      const accounts: string[] = [];
      for (const surface of surfaces) {
        for (const id of accountsIn(entry, surface)) {
          const key = surfaceKey(surface, foldedId(accountKind(surface), id));
          const owner = owners.get(key);
          if (owner !== undefined)
            this.#entries.problem(
              ['people', index, surface],
              `the account ${key} belongs to ${owner} already; one account speaks for one person`,
            );
          else owners.set(key, entry.id);
          accounts.push(key);
        }
      }
      if (accounts.length === 0)
        this.#entries.problem(['people', index], `has no account: add ${surfaceWords}`);
      people.push({ id: entry.id, name: entry.name, accounts });
    }
    return people;
  }

  #roles(): Policy['roles'] {
    const ids = this.#entries
      .list('people')
      .flatMap(([, value]) => (isRecord(value) && typeof value['id'] === 'string' ? [value['id']] : []));
    const roles = new Map<string, readonly string[]>();
    for (const [role, value] of this.#entries.named('roles')) {
      const members = this.#entries.entry(roleSchema, value, ['roles', role]);
      if (members === undefined) continue;
      for (const [index, member] of members.entries()) {
        if (!isGroup(member) && !ids.includes(member))
          this.#entries.problem(
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
    for (const [name, value] of this.#entries.named('approval')) {
      const entry = this.#entries.entry(tierSchema, value, ['approval', name]);
      if (entry === undefined) continue;
      this.#entries.checkRole(entry.request, ['approval', name, 'request']);
      this.#entries.checkRole(entry.approve, ['approval', name, 'approve']);
      if (roles.get(entry.approve)?.length === 0)
        this.#entries.problem(
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
    if ('approval' in this.#entries.root && this.#entries.declared('approval').length === 0)
      this.#entries.problem(['approval'], 'must hold at least one tier');
    return tiers;
  }

  /** Requester and approvers always see their requests, so only the other roles are kept. */
  #needToKnow(
    { visibility, redactAfter }: Pick<TierEntry, 'visibility' | 'redactAfter'>,
    path: Path,
  ): NeedToKnow {
    const words: readonly string[] = viewers;
    const known = this.#entries.declared('roles');
    const named = visibility === undefined || visibility === 'everyone' ? [] : visibility;
    for (const [index, name] of named.entries()) {
      const at = [...path, 'visibility', index];
      if (name === 'everyone')
        this.#entries.problem(
          at,
          'stands alone: write "visibility: everyone", or name who may see these requests',
        );
      else if (words.includes(name) && known.includes(name))
        this.#entries.problem(
          at,
          `"${name}" is a word of visibility and a role here; give the role another name`,
        );
      else if (!words.includes(name) && !known.includes(name))
        this.#entries.problem(
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

  #recipes(): ReadonlyMap<string, Recipe> {
    const recipes = new Map<string, Recipe>();
    for (const [name, value] of this.#entries.named('recipes')) {
      const path = ['recipes', name];
      if (isCommandWord(name) || reservedNames.includes(name))
        this.#entries.problem(path, `"${name}" is a word of the command language; choose another name`);
      const entry = this.#entries.entry(recipeSchema, value, path);
      if (entry === undefined) continue;
      this.#entries.checkTier(entry.tier, [...path, 'tier']);
      const { recipe, problems } = readRecipe(name, entry);
      for (const { at, text } of problems) this.#entries.problem([...path, ...at], text);
      recipes.set(name, recipe);
    }
    return recipes;
  }

  #raw(): Policy['raw'] {
    const types = { run: 'RunScript', get: 'GetFile', put: 'PutFile' } as const;
    const raw: { -readonly [Key in keyof Policy['raw']]: Policy['raw'][Key] } = {};
    for (const [word, value] of this.#entries.map('commands')) {
      if (word !== 'run' && word !== 'get' && word !== 'put') {
        this.#entries.problem(['commands', word], unknownKey(word, Object.keys(types)));
        continue;
      }
      const entry = this.#entries.entry(rawSchema, value, ['commands', word]);
      if (entry === undefined) continue;
      this.#entries.checkTier(entry.tier, ['commands', word, 'tier']);
      raw[types[word]] = entry.tier;
    }
    return raw;
  }

  #devices(): DeviceScope {
    const nothing = { groups: [], tags: [], names: [] };
    const value = this.#entries.root['devices'];
    const devices = (value === undefined
      ? undefined
      : this.#entries.entry(devicesSchema, value, ['devices'])) ?? {
      allow: nothing,
      never: nothing,
    };
    for (const side of ['allow', 'never'] as const) {
      for (const kind of ['groups', 'tags', 'names'] as const) {
        for (const [index, one] of devices[side][kind].entries()) {
          if (one.includes('*') && !(side === 'allow' && kind === 'groups' && one === '*')) {
            this.#entries.problem(
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
    const entries = this.#entries.list('places');
    for (const [index, value] of entries) {
      const entry = this.#entries.entry(placeSchema, value, ['places', index]);
      if (entry === undefined) continue;
      if (places.some(({ place }) => place === entry.place))
        this.#entries.problem(['places', index, 'place'], `${entry.place} is listed twice`);
      const { notify, visibility, redactAfter, ...rest } = entry;
      if (notify !== undefined && splitSurfaceKey(notify)[0] !== splitSurfaceKey(entry.place)[0])
        this.#entries.problem(['places', index, 'notify'], 'must be somebody of the same chat as the place');
      if (notify !== undefined && !entry.approvals)
        this.#entries.problem(['places', index, 'notify'], 'is used in places with "approvals: true" only');
      places.push({
        ...rest,
        ...(notify === undefined ? {} : { notify }),
        ...this.#needToKnow({ visibility, redactAfter }, ['places', index]),
      });
    }
    const some = entries.some(([, value]) => isRecord(value) && value['approvals'] === true);
    if ('places' in this.#entries.root && !some)
      this.#entries.problem(['places'], 'no place has "approvals: true", so nobody would see a request');
    return places;
  }

  #results(): readonly string[] {
    const entry =
      this.#entries.root['results'] === undefined
        ? undefined
        : this.#entries.entry(resultsSchema, this.#entries.root['results'], ['results']);
    for (const [index, role] of (entry?.read ?? []).entries())
      this.#entries.checkRole(role, ['results', 'read', index]);
    return entry?.read ?? [];
  }

  #freeze(): readonly string[] {
    const roles =
      this.#entries.root['freeze'] === undefined
        ? []
        : (this.#entries.entry(freezeSchema, this.#entries.root['freeze'], ['freeze']) ?? []);
    for (const [index, role] of roles.entries()) this.#entries.checkRole(role, ['freeze', index]);
    return roles;
  }
}
