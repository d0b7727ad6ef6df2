// A site that lets nothing in: Slack by Socket Mode behind a company's proxy. What the process listens on, as
// the system tells it, and what answers there.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { addressIn } from '../support/programs/program.ts';
import { Site } from '../support/programs/siteProgram.ts';

const site = new Site({ slack: true });
afterEach(() => site.close());

/** Addresses as `host:port` that a process listens on, of both families (proc(5): /proc/net/tcp). */
function listensOn(pid: number): readonly string[] {
  const sockets = new Set<string>();
  for (const fd of readdirSync(`/proc/${String(pid)}/fd`)) {
    const path = `/proc/${String(pid)}/fd/${fd}`;
    // One that was closed meanwhile.
    const inode = existsSync(path) ? /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] : undefined;
    if (inode !== undefined) sockets.add(inode);
  }
  return ['tcp', 'tcp6'].flatMap((family) => {
    const rows = readFileSync(`/proc/${String(pid)}/net/${family}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
    return rows.flatMap(([, local = '', , state, , , , , , inode = '']) => {
      if (state !== '0A' || !sockets.has(inode)) return [];
      const [host = '', port = ''] = local.split(':');
      const named =
        family === 'tcp'
          ? (host.match(/../g) ?? [])
              .reverse()
              .map((part) => Number.parseInt(part, 16))
              .join('.')
          : host;
      return [`${named}:${String(Number.parseInt(port, 16))}`];
    });
  });
}

(process.platform === 'linux' ? test : test.skip)(
  'the process listens on this machine alone, on the two ports of docs/reach.md, where nobody can say or press anything; asked and approved is through the socket',
  async () => {
    await site.open();
    await site.start();
    const open = addressIn(site.program.firstLine);
    const admin = await site.program.adminUrl();
    expect([...listensOn(site.program.child.pid ?? 0)].sort()).toEqual(
      [open, admin].map((url) => new URL(url).host).sort(),
    );
    for (const path of ['/slack/events', '/api/messages', '/console/api/commands', '/metrics']) {
      const { status } = await fetch(
        `${open}${path}`,
        path === '/metrics'
          ? {}
          : { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      );
      expect([path, status]).toEqual([path, 404]);
    }
    expect((await fetch(`${open}/healthz`)).status).toBe(200);
    await site.dumpInSlack();
    site.names.go();
    await site.slackShows(/Finished/);
    expect(site.submissions).toBe(1);
  },
);
