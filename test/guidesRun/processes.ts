// The processes that the runner has started, and whether a bot among them is ready.
import type { ChildProcess } from 'node:child_process';

/** What runs now: a run that is broken off leaves nothing behind. */
export const alive = new Set<ChildProcess>();

export function stopAll(): void {
  for (const child of alive) signal(child, 'SIGKILL');
}

/** The whole group: npm and a shell stand before the program. */
export function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * A person at the terminal of `child`. What is typed before a question is there is not read, so the question
 * that is shown is answered again and again.
 * @param answers `words of a question = what is typed`, one after the other with `;`
 * @param screen all that was shown
 */
export function answering(child: ChildProcess, answers: string, screen: () => string): NodeJS.Timeout {
  const left = answers
    .split(/\s*;\s*/)
    .map((one) => one.split(/\s*=\s*/))
    .filter((one) => one.length === 2);
  // It may end while something is typed.
  child.stdin?.on('error', () => undefined);
  return setInterval(() => {
    const shown = screen();
    const at = left.findIndex(([question = '']) => shown.includes(question));
    const [found] = at === -1 ? [] : left.splice(at, 1);
    child.stdin?.write(`${found?.[1] ?? ''}\r`);
  }, 200);
}

export async function ready(admin: string): Promise<boolean> {
  const answer = await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  return answer?.status === 200 && ((await answer.json()) as { readonly status?: string }).status === 'ready';
}

export async function reasons(admin: string): Promise<string> {
  const answer = await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
    (error: unknown) => String(error),
  );
  return typeof answer === 'string' ? answer : (await answer.text()).slice(0, 2_000);
}
