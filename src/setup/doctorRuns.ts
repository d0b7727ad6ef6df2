// Doctor runs of the assistant: one for each step with the answers so far, and one over all that was written.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Asker } from './questions/asker.ts';
import type { Look, Parts } from './questions/credentials.ts';
import { envText } from './envText.ts';
import type { Given } from './questions/flags.ts';
import { simulated } from './questions/interview.ts';
import { keyBytes } from './keyPlace.ts';
import { columnsOf, say, wrapped } from './layout.ts';
import { leftForLater } from './left.ts';
import { askDoctor } from './otherPrograms.ts';
import type { DoctorLine } from './otherPrograms.ts';
import { isThere } from './writing.ts';

/** The doctor, asked about one step with nothing but the answers so far. @param signal ends the doctor */
export function lookWith(given: Given, signal: AbortSignal): Look {
  return async (area, { chat, tenant, secrets }) => {
    const settings = {
      tenant,
      secrets,
      keyFile: undefined,
      policyFile: join(given.folder, 'policy.yaml'),
      dataDir: join(given.folder, 'data'),
      more: fromFolder(given),
    };
    // A chat is looked at before the simulator; Defender before the chat that is set up, since the console
    // never has a real one behind it.
    const text = envText({
      ...settings,
      chat: { ...chat, chats: chat.chats.filter((one) => area === 'defender' || one.startsWith(area)) },
      tenant: area === 'defender' ? tenant : simulated,
    });
    const variables = {
      ...process.env,
      ...parseEnv(text),
      ...(area === 'defender' ? { LR_JOURNAL_KEY: randomBytes(keyBytes).toString('base64') } : {}),
      LR_ENV_FILE: 'off',
    };
    // The folder is made only with the first file in it.
    const lines = await askDoctor({
      variables,
      folder: isThere(given.folder) ? given.folder : resolve('.'),
      probe: area === 'defender',
      signal,
    });
    if ('wrong' in lines) return [{ verdict: 'FAIL', check: area, found: lines.wrong }];
    return lines.filter(({ check }) => check.startsWith(`${area}.`) || check === 'settings.valid');
  };
}

/** With the certificate as the bot finds it from its own folder, wherever the doctor runs. */
function fromFolder({ more, folder }: Given): Given['more'] {
  const path = more['MicrosoftAppCertificatePath'];
  return path === undefined ? more : { ...more, MicrosoftAppCertificatePath: resolve(folder, path) };
}

/** The doctor, asked about all that is now there. @param signal ends the doctor */
export async function checkWritten(
  { folder, envPath, tenant }: { readonly folder: string; readonly envPath: string } & Pick<Parts, 'tenant'>,
  asker: Asker | undefined,
  signal: AbortSignal,
): ReturnType<typeof askDoctor> {
  const ask = (): ReturnType<typeof askDoctor> =>
    askDoctor({
      variables: { ...process.env, LR_ENV_FILE: envPath },
      folder,
      probe: tenant.tenant !== 'simulator',
      signal,
    });
  return asker === undefined ? ask() : asker.during('The doctor looks at everything', ask, () => 'Done.');
}

/** Prints the red and yellow lines of a report, and how many are well. */
export function sayReport(lines: Awaited<ReturnType<typeof askDoctor>>, parts: Parts): readonly DoctorLine[] {
  if ('wrong' in lines) {
    say(`\n${lines.wrong}`);
    return [{ verdict: 'FAIL', check: 'doctor', found: lines.wrong }];
  }
  say('\nThe doctor says:');
  for (const { verdict, check: name, found, next } of lines) {
    if (verdict !== 'FAIL' && verdict !== 'warn') continue;
    const columns = columnsOf(process.stdout);
    const hanging = (words: string, indent: string, first: string): string =>
      wrapped(words, columns === undefined ? undefined : columns - indent.length)
        .map((line, index) => `${index === 0 ? first : indent}${line}`)
        .join('\n');
    process.stdout.write(
      `${hanging(`${name}  ${found}`, '      ', `${verdict.padEnd(4)}  `)}\n${next === undefined ? '' : `${hanging(next, '         ', '      -> ')}\n`}`,
    );
  }
  const fine = lines.filter(({ verdict }) => verdict === 'ok').length;
  const told = lines.some(({ verdict }) => verdict === 'FAIL' || verdict === 'warn');
  say(told ? `${fine} more checks are ok.` : `All ${fine} checks are ok.`);
  const empty = leftForLater(parts);
  if (empty.length > 0)
    say(
      `It could not look at what was left for later, ${empty.join(', ')}, nor at what needs it. Until then the bot is not the one you chose.`,
    );
  return lines;
}
