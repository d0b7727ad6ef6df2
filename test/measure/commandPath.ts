// What runs between `/lr dump` in Slack and the finished card: files and functions of ours, by V8's coverage.
import { Session } from 'node:inspector/promises';
import { openSlackTestApp } from '../support/slack/slackTestApp.ts';

export interface PathFigures {
  /** What ran until the card was posted, until the press was answered, and until the card was finished. */
  readonly steps: readonly { readonly name: string; readonly files: number; readonly functions: number }[];
  readonly files: number;
  readonly functions: number;
}

/** Ours, as it was built; not the simulated tenant nor the Slack that is played. */
const ours = /\/dist\/((?:src|cards)\/(?!simulator\/|demo\/).+)$/;

/** Functions that ran since it was last asked, as `file function`. */
async function taken(session: Session): Promise<ReadonlySet<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return new Set(
    result.flatMap(({ url, functions }) => {
      const file = ours.exec(url)?.[1];
      return file === undefined
        ? []
        : functions
            .filter(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0)
            .map(({ functionName }) => `${file} ${functionName}`);
    }),
  );
}

const filesOf = (functions: ReadonlySet<string>): number =>
  new Set([...functions].map((one) => one.slice(0, one.indexOf(' ')))).size;

export async function commandPath(): Promise<PathFigures> {
  const app = await openSlackTestApp();
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await taken(session);
    const card = await app.asked();
    const asked = await taken(session);
    await app.avery.press(card, 'Approve');
    const approved = await taken(session);
    await app.shows(/Finished[^]*51 MB/);
    const finished = await taken(session);
    const all = new Set([...asked, ...approved, ...finished]);
    return {
      steps: [
        { name: 'command to card', files: filesOf(asked), functions: asked.size },
        { name: 'press of Approve', files: filesOf(approved), functions: approved.size },
        { name: 'to the finished card', files: filesOf(finished), functions: finished.size },
      ],
      files: filesOf(all),
      functions: all.size,
    };
  } finally {
    session.disconnect();
    await app.close();
  }
}
