// E-mail addresses that Entra has for a person, for the doctor’s comparison of people.
import { field } from '../../liveResponse/text/json.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { Called, Caller, EmailDirectory, Unanswered } from '../checks/call.ts';
import { knownBy } from './groupIds.ts';
import type { TokenSource } from './credentials.ts';
import { TokenError } from './tokenError.ts';

/**
 * @param origin of Graph
 * @param tokensOf called once there is somebody to look up
 */
export function entraEmails(origin: string, tokensOf: () => TokenSource): EmailDirectory {
  return new EntraEmails(origin, tokensOf);
}

class EntraEmails implements EmailDirectory {
  readonly name = 'Entra';
  readonly surface = knownBy;
  readonly #origin: string;
  readonly #tokensOf: () => TokenSource;
  #tokens: TokenSource | undefined;

  constructor(origin: string, tokensOf: () => TokenSource) {
    this.#origin = origin;
    this.#tokensOf = tokensOf;
  }

  async ask(id: string, caller: Caller): ReturnType<EmailDirectory['ask']> {
    this.#tokens ??= this.#tokensOf();
    const answer = await askGraph(this.#origin, id, this.#tokens, caller);
    if (!isAnswer(answer))
      return {
        stopped: 'unanswered',
        why: answer.why,
        next: 'Run the doctor again; if it stays so, look at the way to Microsoft Graph.',
      };
    if (answer.status === 401 || answer.status === 403)
      return {
        stopped: 'notAllowed',
        why: `Graph answers ${answer.status}`,
        next: 'Nothing, unless you want it: it needs the application permission User.Read.All of Microsoft Graph with admin consent.',
      };
    if (answer.status !== 200) return { told: [] };
    return { told: [field(answer.body?.value, 'mail'), field(answer.body?.value, 'userPrincipalName')] };
  }
}

/** learn.microsoft.com/graph/api/user-get */
async function askGraph(
  origin: string,
  id: string,
  tokens: TokenSource,
  caller: Caller,
): Promise<Called | Unanswered> {
  try {
    const token = await tokens.getToken(`${origin}/.default`);
    return await call(caller, {
      method: 'GET',
      url: new URL(`/v1.0/users/${encodeURIComponent(id)}?$select=mail,userPrincipalName`, origin),
      headers: token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` },
    });
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { why: error.message, sent: false };
  }
}
