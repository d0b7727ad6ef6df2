// The bench of the field tests (field-faults rows 3.1 to 3.4, 3.7 and 3.12): the client behind a proxy that
// changes the simulator’s answers into those met in the field. What cards say about such answers is tested in
// test/stories/defender/field/fieldReading.test.ts.
import type { FieldAnswer, Json } from '../../support/defender/field/fieldProxy.ts';
import { dump, simulatedDefender, wholeSession } from '../../support/defender/simulatedDefender.ts';
import type { SimulatedDefender, SimulatedOptions } from '../../support/defender/simulatedDefender.ts';
import { closeLater } from './clientBench.ts';

export async function open(options: SimulatedOptions = {}): Promise<SimulatedDefender> {
  const defender = await simulatedDefender({ proxied: true, ...options });
  closeLater(() => defender.close());
  return defender;
}

/** A session of the dump, and what the client reads of it when the list is as `change` makes it. */
export async function readAs(change: (action: Json) => Json) {
  const { client, field, machine, clock } = await open();
  const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:as');
  clock.pass(wholeSession);
  field.changeActions(change);
  const [action] = await client.actions([id]);
  if (action === undefined) throw new Error('the action is gone');
  return action;
}

/** The same, of the first command. */
export const commandAs = (change: Json) =>
  readAs((action) => ({
    ...action,
    commands: (action['commands'] as Json[]).map((one, at) => (at === 0 ? { ...one, ...change } : one)),
  }));

/** What the client reads of a result that the storage answers like this. */
export async function resultAs(
  answer: Partial<FieldAnswer>,
  options: { readonly unpack?: boolean } = { unpack: true },
  maxBytes = 100_000,
) {
  const { client, field, finished } = await open();
  const id = await finished();
  field.change(/^BLOB /, (whole) => ({ ...whole, ...answer }));
  const { url } = await client.link(id, 0);
  const result = await client.read(url, maxBytes, options);
  const asked = field.asked.find(({ line }) => line.startsWith('BLOB'));
  return { result, asked };
}
