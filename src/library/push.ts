// Upload of what may be uploaded, one file after the other: the library is looked at right before and right
// after each, and what Defender then says it holds is compared with what was sent. There is no conditional
// write in the API: between the look and the upload lies a moment in which somebody else's change would be
// lost.
import type { Clock } from '../liveResponse/ports.ts';
import type { Comparison } from './comparison.ts';
import { named } from './comparison.ts';
import type { LiveFile, LiveLibrary, Uploaded } from './liveLibrary.ts';
import type { LocalFile } from './localFiles.ts';
import type { PushedFiles } from './pushed.ts';
import { about, short } from './shown.ts';

/** One file to upload. `over` is what was seen there, and shown to the person who confirmed. */
export interface Planned {
  readonly local: LocalFile;
  readonly over: LiveFile | undefined;
}

/**
 * "Replace this name, if its content is that one": only for files that somebody else changed. `sha` is what
 * was typed, lower case.
 */
export interface ReplaceAsked {
  readonly name: string;
  readonly sha: string;
}

export interface Plan {
  readonly uploads: readonly Planned[];
  /** Sentences: what was asked for and is not done. */
  readonly refused: readonly string[];
}

export function planned({ standings }: Comparison, asked: readonly ReplaceAsked[]): Plan {
  const refused: string[] = [];
  const uploads: Planned[] = [];
  for (const one of standings) {
    if (one.kind === 'missing') uploads.push({ local: one.local, over: undefined });
    if (one.kind === 'outdated') uploads.push({ local: one.local, over: one.live });
    if (one.kind !== 'foreign' && one.kind !== 'signedThere') continue;
    const replace = asked.find(({ name }) => name.toLowerCase() === one.local.name.toLowerCase());
    if (replace === undefined) continue;
    if (one.live.sha256?.startsWith(replace.sha) === true) uploads.push({ local: one.local, over: one.live });
    else
      refused.push(
        `${one.local.name} is not replaced: its content in the library is ${short(one.live.sha256)} now, not ${replace.sha}. Look at it again (${about(one.live)}).`,
      );
  }
  for (const { name } of asked) {
    const one = standings.find(
      (standing) =>
        (standing.kind === 'without' ? standing.file.name : standing.local.name).toLowerCase() ===
        name.toLowerCase(),
    );
    if (one === undefined)
      refused.push(
        `${name} is named by --replace, and is neither a shipped script nor in a recipe: nothing is done with it.`,
      );
    else if (one.kind === 'doubled' || one.kind === 'without')
      refused.push(`${name} is named by --replace, and cannot be uploaded: see above.`);
  }
  return { uploads, refused };
}

export interface PushParts {
  readonly library: LiveLibrary;
  readonly pushed: PushedFiles;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
}

/**
 * How often the list is read after an upload, and the pause between, in milliseconds: a list may lag behind a
 * write.
 */
const looksAfter = 3;
const lookPause = 1_000;
/** Of one file, while Defender says 429. */
const mostTries = 3;

/** Whether every file is in the library now. @throws NoLook, BadState */
export async function push(uploads: readonly Planned[], parts: PushParts): Promise<boolean> {
  let all = true;
  // One after the other: a person reads along, and each is looked at by itself.
  for (const one of uploads) all = (await pushOne(one, parts)) && all;
  return all;
}

async function pushOne(
  { local, over }: Planned,
  { library, pushed, clock, tell }: PushParts,
): Promise<boolean> {
  const { name, sha256 } = local;
  const noted = (line: string): true => {
    pushed.note(name, {
      sha256,
      at: new Date(clock.now()).toISOString(),
      ...(local.signed ? { signed: true } : {}),
    });
    tell(line);
    return true;
  };
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const there = named(await library.list(), name);
    const [now] = there;
    if (there.length === 1 && now?.sha256 === sha256)
      return noted(`same      ${name}  ${short(sha256)} is there by now; nothing was uploaded`);
    if (there.length > 1 || now?.sha256 !== over?.sha256 || (now === undefined) !== (over === undefined)) {
      const found =
        now === undefined
          ? 'it is gone'
          : over === undefined
            ? `there is one now, ${short(now.sha256)}, ${about(now)}`
            : `it is ${short(now.sha256)} now, ${about(now)}`;
      tell(
        `CHANGED   ${name}  was not uploaded: somebody changed the library since it was compared: ${found}. Run diff again.`,
      );
      return false;
    }
    const answer = await library.upload({
      // The spelling that is there, so that no second file appears next to it.
      name: now?.name ?? name,
      bytes: local.bytes,
      description:
        local.description ??
        over?.description ??
        (local.recipes.length === 0
          ? 'Uploaded by live-response-bot, library push'
          : `For ${local.recipes.join(', ')}`),
      ...parametersOf(local, over),
      replace: over !== undefined,
    });
    if (answer.kind === 'throttled') {
      if (tries === mostTries) break;
      // Nothing was taken, so it may be sent again: after another look, because time has passed.
      await library.rest(answer.ms);
      continue;
    }
    if (answer.kind === 'exists') {
      tell(
        `CHANGED   ${name}  was not uploaded: somebody else put a file of that name there at this very moment. Run diff again.`,
      );
      return false;
    }
    if (answer.kind === 'refused') {
      tell(`REFUSED   ${name}  was not uploaded: ${answer.why}.`);
      return false;
    }
    return await proven(local, answer, { library, clock, tell, noted });
  }
  tell(
    `REFUSED   ${name}  was not uploaded: Defender asked to wait (429) ${mostTries} times. Run push again later.`,
  );
  return false;
}

interface Proof {
  readonly library: LiveLibrary;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
  readonly noted: (line: string) => true;
}

/** The list decides: an answer may be lost, and may say what is not so. Never sent again from here. */
async function proven(
  { name, sha256 }: LocalFile,
  answer: Extract<Uploaded, { readonly kind: 'taken' | 'lost' }>,
  { library, clock, tell, noted }: Proof,
): Promise<boolean> {
  let there: readonly LiveFile[] = [];
  for (let look = 1; look <= looksAfter; look += 1) {
    if (look > 1) await clock.sleep(lookPause);
    there = named(await library.list(), name);
    if (there.length === 1 && there[0]?.sha256 === sha256) {
      if (answer.kind === 'lost')
        return noted(
          `uploaded  ${name}  ${short(sha256)}; the answer was lost (${answer.why}), and the list shows that it arrived`,
        );
      if (answer.sha256 === undefined || answer.sha256 === sha256)
        return noted(`uploaded  ${name}  ${short(sha256)}, as the list shows it`);
      tell(
        `WRONG     ${name}  Defender answered that it took ${short(answer.sha256)}, and lists ${short(sha256)}, which is what was sent. Run diff again before anybody relies on it.`,
      );
      return false;
    }
  }
  const found =
    there.length === 0
      ? 'no file of that name'
      : there.map((one) => `${one.name} with ${short(one.sha256)}, ${about(one)}`).join(' and ');
  tell(
    answer.kind === 'lost'
      ? `LOST      ${name}  no answer came (${answer.why}), and the list does not show what was sent (${short(sha256)}) but ${found}. It is not sent again by itself: run diff again.`
      : `WRONG     ${name}  was uploaded, and the library does not show what was sent (${short(sha256)}) but ${found}. Until that is cleared up nobody should approve a run of it.`,
  );
  return false;
}

/** Ours where we know what it takes; otherwise what the library said before. */
function parametersOf(local: LocalFile, over: LiveFile | undefined): { readonly parameters?: string } {
  const known =
    local.parameters ?? over?.parameters ?? (over?.hasParameters === true ? 'see the script' : undefined);
  return known === undefined ? {} : { parameters: known };
}
