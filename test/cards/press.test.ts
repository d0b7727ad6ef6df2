// What buttons carry is read back whole, and nothing else is read at all.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSlackPress, readTeamsPress, slackActionId, slackValue, teamsData } from '../../cards/press.ts';
import type { Button } from '../../cards/view.ts';
import { examples, viewOf } from './examples/examples.ts';

const first = examples[0];
if (first === undefined) throw new Error('there are no examples');
const view = viewOf(first);
const button: Button = { verb: 'link', label: 'x', style: 'default', spoken: 'x', index: 3 };
const press = {
  verb: 'link',
  requestId: view.requestId,
  revision: view.revision,
  fingerprint: view.fingerprint,
  index: 3,
};

describe('presses', () => {
  test('both chats give back what was put in', () => {
    expect(readSlackPress(slackActionId('link', 3), slackValue(view, button))).toEqual(press);
    expect(readTeamsPress(teamsData(view, button))).toEqual(press);
    expect(readTeamsPress({ ...teamsData(view, button), lrInput: 'a reason' })).toEqual({
      ...press,
      input: 'a reason',
    });
  });

  test('a link button is known as one', () => {
    expect(readSlackPress('lr.open.v1.1', undefined)).toBe('open');
  });

  test.each(['lr.approve.v2', 'approve', 'lr.explode.v1', 'xlr.approve.v1', ''])(
    'the action "%s" is not read',
    (id) => {
      expect(readSlackPress(id, slackValue(view, button))).toBeUndefined();
    },
  );

  test.each([
    undefined,
    '',
    'x',
    'null',
    '[]',
    '{"r":1,"v":1,"f":"x"}',
    '{"r":"x","v":1.5,"f":"x"}',
    '{"r":"x","v":1,"f":"x","i":-1}',
  ])('the value %s is not read', (value) => {
    expect(readSlackPress('lr.approve.v1', value)).toBeUndefined();
  });

  test('nothing that a stranger sends makes reading throw', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.string(), (data, id, value) => {
        readTeamsPress(data);
        readTeamsPress({ lr: data });
        readSlackPress(id, value);
        readSlackPress('lr.approve.v1', value);
      }),
    );
  });
});
