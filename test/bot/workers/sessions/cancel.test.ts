// The cancel call: whatever Defender says to it is an answer.
import { expect, test } from '@jest/globals';
import { cancelAtDefender } from '../../../../src/bot/workers/sessions/cancel.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import { actionWith } from '../../../support/requests/lifecycle.ts';
import { createWorkerPorts } from '../../../support/apps/workerPorts.ts';

test('a cancel is accepted, too late or refused; a bug is none of them', async () => {
  const { deps, defender, logged } = createWorkerPorts([]);
  let said = '';
  defender.cancel = (_id, why) => {
    said = why;
    return Promise.resolve(actionWith('Cancelled'));
  };
  expect(await cancelAtDefender(deps, 'act-1', `why\n${'x'.repeat(2000)}`)).toEqual({ answer: 'accepted' });
  expect(said).toMatch(/^why x+…$/);
  expect(said).toHaveLength(1000);
  expect(logged).toEqual([]);
  const says = (error: Error) => {
    defender.cancel = () => Promise.reject(error);
    return cancelAtDefender(deps, 'act-1', 'why');
  };
  expect(await says(new DefenderError('refused', '', { status: 400, apiCode: 'A', target: 't' }))).toEqual({
    answer: 'alreadyOver',
    error: { code: 'refused', status: 400, apiCode: 'A', target: 't' },
  });
  expect(logged).toEqual([
    { event: 'cancelAnswered', fields: { code: 'refused', status: 400, apiCode: 'A', target: 't' } },
  ]);
  expect(await says(new DefenderError('notFound', '', { status: 404 }))).toMatchObject({
    answer: 'alreadyOver',
  });
  expect(await says(new DefenderError('refused', '', { status: 403 }))).toMatchObject({ answer: 'failed' });
  await expect(says(new TypeError('a bug'))).rejects.toThrow('a bug');
});
