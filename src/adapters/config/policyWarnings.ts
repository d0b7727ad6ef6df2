// Warnings about a policy: what it allows although that is probably not meant, each with its path in the
// file.
import { isGroup } from '../../bot/policy/people/people.ts';
import { sameHumans, sameHumanSentence } from '../../bot/policy/people/sameHuman.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { systemNames } from '../../bot/policy/recipes/recipeSystems.ts';
import { misfits } from '../../liveResponse/device/records.ts';
import type { Path } from './yamlFile.ts';

export interface PolicyWarning {
  readonly path: Path;
  readonly text: string;
}

export function policyWarnings(policy: Policy): readonly PolicyWarning[] {
  return [
    ...missingRights(policy),
    ...sameHumans(policy.people).map((found) => ({
      path: ['people', policy.people.indexOf(found.other)],
      text: sameHumanSentence(found),
    })),
    ...hiddenResults(policy),
    ...oddCommands(policy),
    ...loneApprovers(policy),
  ];
}

function missingRights({ devices, results, freeze }: Policy): readonly PolicyWarning[] {
  const { groups, tags, names } = devices.allow;
  return [
    ...(groups.length + tags.length + names.length === 0
      ? [{ path: ['devices'], text: 'no device is allowed, so every request will be refused' }]
      : []),
    ...(results.read.length === 0 ? [{ path: ['results'], text: 'nobody may read results' }] : []),
    ...(freeze.length === 0 ? [{ path: ['freeze'], text: 'nobody may freeze submissions' }] : []),
  ];
}

function hiddenResults({ places }: Policy): readonly PolicyWarning[] {
  const kept = places.find(({ approvals, results }) => approvals && results === 'private');
  if (kept === undefined || !places.some(({ results }) => results === 'card')) return [];
  return [
    {
      path: ['places', places.indexOf(kept), 'results'],
      text: `${kept.place} gets a card of every request and keeps results private, so that no card anywhere shows output or links; "results: card" there lets the others show them`,
    },
  ];
}

function oddCommands({ recipes }: Policy): readonly PolicyWarning[] {
  return [...recipes.values()].flatMap(({ name, systems = [], commands }) =>
    systems.flatMap((system) =>
      misfits(system, commands)
        .slice(0, 1)
        .map(({ index }) => ({
          path: ['recipes', name, 'commands', index],
          text: `does not look like a command for ${systemNames[system]}, and "systems" says that the recipe is for it`,
        })),
    ),
  );
}

function loneApprovers({ tiers, roles }: Policy): readonly PolicyWarning[] {
  return tiers.flatMap(({ name, approve, request }) => {
    const [only, ...others] = roles.get(approve) ?? [];
    if (only === undefined || others.length > 0 || isGroup(only)) return [];
    if (roles.get(request)?.includes(only) !== true) return [];
    return [
      {
        path: ['approval', name, 'approve'],
        text: `only ${only} can approve, and may ask as well: those requests could never be approved`,
      },
    ];
  });
}
