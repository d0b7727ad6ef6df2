// collect.sh where tools hang, flood it or fail: it ends in its time, and says what is missing.
import { expect, jest, test } from '@jest/globals';
import { expectWhole, live, needed, run, running, shells, tools } from '../support/defender/collectShRuns.ts';

// Real processes, which take their time on a busy machine.
jest.setTimeout(240_000);

live('what hangs, floods and fails', () => {
  const mark = `98${process.pid}`;

  test.each([...shells.map((shell) => [shell.join(' '), 'setsid']), ['bash', 'job control']])(
    'a tool that never ends is killed with what it started, one that floods is cut off, and the others go on: %s with %s',
    async (shell = '', group) => {
      const path = tools(
        needed.filter((one) => one !== 'setsid' || group === 'setsid'),
        {
          ps: `sleep ${mark} &\nsleep ${mark}`,
          who: 'while :; do echo "somebody is signed in, and in, and in, and in, and in"; done',
          w: 'echo half; echo "w: something broke" >&2; exit 3',
          last: 'exit 9',
          lastlog: 'trap "" TERM HUP INT\necho before\nsleep 0; kill -KILL $$',
          mount: 'echo fine',
        },
      );
      const ran = await run({
        shell: shell.split(' '),
        constants: { TOOL_PATH: path, TOOL_SECONDS: 4, LARGEST_OUTPUT: 256, MOST_FILES: 2 },
      });
      const { row, files } = expectWhole(ran);
      expect(row('processes/processes.txt')).toMatchObject({
        result: 'failed',
        why: 'Not done after 4 seconds, and ended.',
      });
      expect(row('sessions/now.txt')).toMatchObject({
        result: 'partial',
        bytes: 256 * 1024,
        why: 'Cut off: this may have 256 KB at most.',
      });
      expect(row('sessions/activity.txt')).toMatchObject({
        result: 'partial',
        why: 'It ended with 3. w: something broke',
      });
      expect(row('sessions/earlier.txt')).toMatchObject({ result: 'failed', why: 'It ended with 9. ' });
      expect(row('sessions/last-per-user.txt')).toMatchObject({
        result: 'partial',
        why: expect.stringMatching(/^It ended with 137\./),
      });
      expect(files.get('system/mounts.txt')?.toString()).toBe('fine\n');
      expect(ran.lines.join('\n')).toContain(
        'failed   processes/processes.txt  Not done after 4 seconds, and ended.',
      );
      expect(running(mark)).toEqual([]);
    },
  );

  test('all together have their time, and what comes after it is noted', async () => {
    const ran = await run({
      constants: { TOOL_PATH: tools(needed, { ps: `sleep ${mark}` }), TOTAL_SECONDS: 6, TOOL_SECONDS: 30 },
    });
    const { rows, row } = expectWhole(ran);
    expect(row('processes/processes.txt')?.why).toMatch(
      /^(?:Not done after [1-6] seconds, and ended|The time of all was used up)\.$/,
    );
    expect(row('logs/journal.txt')?.result).toMatch(/failed|absent/);
    expect(rows.filter(({ why }) => why === 'The time of all was used up.').length).toBeGreaterThan(3);
    expect(running(mark)).toEqual([]);
  });

  test('all together have their size, and what comes after it is noted', async () => {
    const ran = await run({
      constants: {
        TOOL_PATH: tools([...needed, 'ps'], {
          who: 'i=0; while [ $i -lt 3000 ]; do echo "somebody is signed in, and in, and in, and in"; i=$((i + 1)); done',
        }),
        LARGEST_TOTAL: 128,
        LEAST_TOTAL: 64,
        TOOL_SECONDS: 20,
      },
    });
    const { rows } = expectWhole(ran);
    expect(rows.some(({ why }) => why === 'The package has its whole size.')).toBe(true);
    expect(rows.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(192 * 1024);
  });
});
