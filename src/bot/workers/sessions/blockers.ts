// Who holds a busy device: another request of ours, an action that the API shows with its application, or
// nothing that it shows.
import type { Action } from '../../../liveResponse/action.ts';
import type { Blocker } from '../../../liveResponse/request/errorAnswer.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { SessionStage } from '../../../liveResponse/request/session.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { sessionsOf } from '../transition.ts';

/** Asked with one list call after Defender has said that the device is busy. */
export async function findBlocker(
  { store, defender, log }: Pick<Deps, 'store' | 'defender' | 'log'>,
  { request, session }: RequestSession,
): Promise<Blocker> {
  try {
    const { actions: active, whole } = await defender.activeOn(session.device.id);
    // An action of another type is named where there is no session: that it blocks is not documented, but
    // somebody works there.
    const holder = active.find((action) => action.type === 'LiveResponse') ?? active.at(0);
    if (holder !== undefined) return blockerFrom(store, holder);
    // Of a list that was read in part, nobody can say that nothing is in it.
    return whole ? { by: 'unseen' } : { by: 'notRead' };
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('blockerNotRead', {
      request: request.id,
      code: error.code,
      detail: error.message,
      target: error.detail.target,
    });
    return { by: 'notRead', error: errorAnswer(error) };
  }
}

/** An action that stands in the way; where it is of a request of ours, that one. */
export function blockerFrom(store: Pick<Deps['store'], 'all'>, action: Action): Blocker {
  const ours = sessionOfAction(store, action.id);
  if (ours !== undefined) return requestAsBlocker(ours);
  return {
    by: 'action',
    id: action.id,
    type: action.type,
    app: action.requestor,
    ...(action.createdAt === undefined ? {} : { since: action.createdAt }),
    ...(action.comment === '' ? {} : { comment: action.comment }),
  };
}

/**
 * An unknown request keeps its device until a person decides: what may run there must not meet a second
 * script.
 */
export function requestAsBlocker({ request, session }: RequestSession): Blocker {
  return { by: 'request', id: request.id, undecided: session.stage.state === 'unknown' };
}

/** The session that we know to be this action at Defender; undefined where none is. */
export function sessionOfAction(
  store: Pick<Deps['store'], 'all'>,
  actionId: string,
): RequestSession | undefined {
  return sessionsOf(store.all()).find(
    ({ session }) => actionIdOf(session.stage)?.toLowerCase() === actionId.toLowerCase(),
  );
}

function actionIdOf(stage: SessionStage): string | undefined {
  if (stage.state === 'closed') return stage.actionId;
  return 'run' in stage ? stage.run.actionId : undefined;
}
