// What must hold right before the POST, read again: what was approved is one thing, in one tenant, on one device in scope, with library
// files as approved; and by the policy as it is now, the same people may still do it.
import { changeWords } from '../../../cards/scripts.ts';
import { sameCommands } from '../../liveResponse/commands.ts';
import { changesBetween, contentOf, wasRead } from '../../liveResponse/content.ts';
import type { ContentRead } from '../../liveResponse/content.ts';
import { DefenderError } from '../../liveResponse/ports.ts';
import type { Device, InState, Move, WaitCause } from '../../liveResponse/request.ts';
import type { Deps } from '../deps.ts';
import { outageOf } from './holds.ts';
import { readLibrary } from '../rules/library.ts';
import { isGroup } from '../rules/people.ts';
import { fill } from '../rules/recipes.ts';
import { explain } from '../rules/refusal.ts';
import { inScope } from '../rules/scope.ts';
import { sealOf } from '../rules/seal.ts';

/** What was read of the world for one submission. `content` is there when the approval has something to compare it with. */
export interface Reading {
  readonly device: Device;
  readonly content?: ContentRead;
}

/** Why a submission cannot be judged: Defender's refusal ends it, anything else is tried again while the approval lasts. */
export type NotRead = { readonly ended: DefenderError } | { readonly again: DefenderError; readonly cause: WaitCause };

type Refused = Extract<Move, { readonly type: 'refused' }>;

/** The device first: without its tags and group the scope cannot be checked. The library last, so that it is as fresh as can be. */
export async function readBeforeSending(deps: Deps, request: InState<'queued'>): Promise<Reading | NotRead> {
  const { defender, log } = deps;
  let device: Device;
  try {
    device = await defender.machine(request.device.id);
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('deviceNotRead', { request: request.id, code: error.code, detail: error.message });
    return error.code === 'notFound' || error.code === 'refused' ? { ended: error } : { again: error, cause: error.code === 'paced' ? 'slot' : outageOf(error) };
  }
  const content = await readContent(deps, request);
  if (content === undefined) return { device };
  return 'again' in content ? content : { device, content };
}

/** Never from memory. What was verified at the approval is not sent unverified, whatever keeps the library from being read. */
export async function readContent(deps: Deps, { commands, approval }: InState<'queued' | 'submitting'>): Promise<ContentRead | Extract<NotRead, { readonly cause: WaitCause }> | undefined> {
  if (!wasRead(approval.content)) return undefined;
  const reading = await readLibrary(deps);
  return 'files' in reading ? contentOf(commands, reading.files, reading.at) : { again: reading.error, cause: 'library' };
}

/** The first reason why this must not be sent, as the move that ends it. A restart may have brought another tenant or another policy. */
export function objectionTo(deps: Deps, request: InState<'submitting'>, { device, content }: Reading): Refused | undefined {
  if (request.tenant !== deps.settings.tenant) return refused('otherTenant');
  const { digest } = sealOf(deps, { ...request, ...(request.approval.content === undefined ? {} : { content: request.approval.content }) });
  if (digest !== request.digest || digest !== request.approval.digest) return refused('digestMismatch');
  const problem = inScope(deps.policy, device);
  if (problem !== undefined) return refused('deviceOutOfScope', explain(problem, deps.settings.command));
  return peopleObjection(deps, request) ?? recipeObjection(deps, request) ?? contentObjection(request, content);
}

/** By the policy alone: a group gives its roles at the approval and is not asked again, so somebody it may hold is let through. */
function peopleObjection({ policy }: Deps, { requester, approval, terms }: InState<'submitting'>): Refused | undefined {
  if (!policy.people.some((person) => person.id === requester.id)) return refused('requesterNotListed', requester.name);
  const tier = policy.tiers.find((one) => one.name === terms.tier);
  const members = tier === undefined ? [] : (policy.roles.get(tier.approve) ?? []);
  const listed = policy.people.some((person) => person.id === approval.by.id);
  const may = listed && members.some((member) => member === approval.by.id || isGroup(member));
  return may ? undefined : refused('approverNotListed', tier === undefined ? `${approval.by.name}; the tier ${terms.tier} is gone` : approval.by.name);
}

/** What was typed command by command must still be allowed so. The recipe as it is now must still make these commands of these arguments; a request that goes on with an earlier one holds those from an index on. */
function recipeObjection({ policy }: Deps, { recipe: name, recipeArgs, recipeFrom, commands }: InState<'submitting'>): Refused | undefined {
  if (name === undefined) {
    const gone = commands.find(({ type }) => policy.raw[type] === undefined);
    return gone === undefined ? undefined : refused('commandNotAllowed', gone.type);
  }
  const recipe = policy.recipes.get(name);
  if (recipe === undefined) return refused('recipeChanged', `${name} is gone`);
  // Requests made before arguments were kept can only be compared where there are none.
  if (recipeArgs === undefined && recipe.args.length > 0) return undefined;
  const filled = fill(recipe, recipe.args.map((argument) => recipeArgs?.[argument.name] ?? ''));
  const same = 'commands' in filled && sameCommands(filled.commands.slice(recipeFrom ?? 0), commands);
  return same ? undefined : refused('recipeChanged', name);
}

/** Compared by whole hash. Which script, from which content to which, and since when. */
export function contentObjection({ approval }: InState<'submitting'>, now: ContentRead | undefined): Refused | undefined {
  if (now === undefined || !wasRead(approval.content)) return undefined;
  const changes = changesBetween(approval.content, now);
  return changes.length === 0 ? undefined : refused('scriptChanged', changes.map((change) => changeWords(change)).join('; '));
}

function refused(code: string, detail?: string): Refused {
  return { type: 'refused', code, ...(detail === undefined ? {} : { detail }) };
}
