// The right to run live response, shown by the one request of the doctor that is not a reading: POST
// runliveresponse for a device that does not exist.  Why it is harmless, whatever happens: - The device id is
// forty times "f". Ids are SHA-1 values, and right before the POST Defender itself is asked for this very id:
// unless it answers "not found", nothing is sent. The id is a constant of this file and no parameter of
// anything. - The body asks to read one file of a name that exists nowhere. It names no script and changes
// nothing on any device. What it shows: the token and its roles are checked first (401, 403), then the limits
// (429), and the device last (404 ResourceNotFound in the page of common errors), so that "not found" says
// that everything before it was passed. Elastic's Defender connector tests its permissions in the same way.
// Any other order would answer 400 or 404 to somebody without the right; a 400 is reported as "not shown". It
// takes one of the ten submissions a minute that the bot has.
import { readError, runBody } from '../../adapters/defender/wire.ts';
import { isAnswer } from '../../adapters/checks/call.ts';
import type { CallDefender, Called, Unanswered } from '../../adapters/checks/call.ts';
import { fail, ok, skip, warn } from '../../adapters/checks/line.ts';
import type { Line, Tell } from '../../adapters/checks/line.ts';
import { refused } from '../refused.ts';

const noSuchDevice = 'f'.repeat(40);
const check = 'defender.run';
const body = runBody(
  [{ type: 'GetFile', path: 'C:\\live-response-bot-doctor\\no-such-file' }],
  'live-response-bot doctor: shows the right to run by asking for a device that does not exist; nothing can run',
);

export interface RunRightSubject {
  readonly api: CallDefender;
  /** Why it would be refused, as far as the token says. */
  readonly lacking: string | undefined;
}

export async function examineRunRight({ api, lacking }: RunRightSubject, tell: Tell): Promise<void> {
  if (lacking !== undefined) {
    tell(skip(check, `not probed, because ${lacking}`, 'See its line above.'));
    return;
  }
  const device = await api('GET', `/api/machines/${noSuchDevice}`);
  if (!isNotFound(device)) {
    tell(
      skip(
        check,
        'not probed: it could not be made sure that the device of the probe does not exist',
        'See defender.machines; run the doctor again when that is well.',
      ),
    );
    return;
  }
  tell(lineOf(await api('POST', `/api/machines/${noSuchDevice}/runliveresponse`, body)));
}

function isNotFound(called: Called | Unanswered): boolean {
  // A proxy's 404 page has no code, and says nothing of devices.
  return isAnswer(called) && called.status === 404 && readError(called.body?.value).apiCode !== undefined;
}

function lineOf(called: Called | Unanswered): Line {
  if (!isAnswer(called))
    return fail(
      check,
      `no whole answer to the probe: ${called.why}`,
      'Run the doctor again; the probe asked for a device that does not exist, so nothing runs.',
    );
  if (isNotFound(called))
    return ok(
      check,
      'live response may be run: a probe for a device that does not exist was let through to "not found" (it took one of the ten submissions a minute)',
    );
  if (called.status < 300) {
    return fail(
      check,
      'Defender accepted a session for a device that it had just called unknown',
      'Look at the newest entry of the action center, cancel it, and report this to Microsoft: the probe asks for a file that does not exist.',
    );
  }
  if (called.status === 400) {
    return warn(
      check,
      `Defender answers 400 ${readError(called.body?.value).apiCode ?? ''} to the probe before it looks for the device, so the right to run is not shown`,
      'Go by the line of Machine.LiveResponse above, and by a first request on a test device.',
    );
  }
  return refused(check, 'submit', called);
}
