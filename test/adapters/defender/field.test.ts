// Defender as it was met in the field, over HTTP: a proxy in front of the simulator changes its answers. Field-faults rows 3.1 to 3.4, 3.7 and 3.12.
import { afterEach, describe, expect, test } from '@jest/globals';
import { dump, simulatedDefender, wholeSession } from '../../support/simulatedDefender.ts';
import type { SimulatedDefender, SimulatedOptions } from '../../support/simulatedDefender.ts';

let defender: SimulatedDefender;
afterEach(() => defender.close());

async function open(options: SimulatedOptions = {}): Promise<SimulatedDefender> {
  defender = await simulatedDefender({ proxied: true, ...options });
  return defender;
}

describe('a proxy in front of the simulator', () => {
  test('passes a whole session on, results included', async () => {
    const { client, machine, clock, field } = await open();
    const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:through');
    clock.pass(wholeSession);
    const [action] = await client.actions([id]);
    expect(action?.status).toBe('Succeeded');
    const { url } = await client.link(id, 0);
    expect(url.startsWith(field.blobUrl)).toBe(true);
    expect(new TextDecoder().decode((await client.read(url)).bytes)).toContain('script_output');
    expect(field.submissions()).toBe(1);
  });
});
