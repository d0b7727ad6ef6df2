// Worker thread of the mutation run: loads test files and runs their tests with one mutant active.
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer, Began, Question, Setup, SurveyedTest } from './messages.ts';
import { ModuleGraph } from './moduleGraph.ts';
import { chooser } from '../schemata/schemata.ts';
import { TestRegistry } from './testRegistry.ts';

type Survey = Extract<Question, { kind: 'survey' }>;
type Trial = Extract<Question, { kind: 'trial' }>;

const { texts } = workerData as Setup;
const loaded = new Map<string, TestRegistry>();

let active = -1;
let reached: Set<number> | undefined;

Object.assign(globalThis, {
  [chooser]: (id: number): boolean => {
    reached?.add(id);
    return id === active;
  },
});

function say(message: Answer | Began): void {
  parentPort?.postMessage(message);
}

function wordsOf(reason: unknown): string {
  const [first = ''] = (reason instanceof Error ? reason.message : String(reason)).split('\n', 1);
  return first.slice(0, 300);
}

async function load(testFile: string): Promise<TestRegistry> {
  const registry = new TestRegistry();
  await new ModuleGraph(texts, { '@jest/globals': registry.globals }).import(testFile);
  return registry;
}

async function survey({ testFile, tooSlow }: Survey): Promise<Answer> {
  active = -1;
  reached = new Set();
  say({ kind: 'began', test: -1 });
  const began = performance.now();
  const registry = await load(testFile);
  const loadMs = performance.now() - began;
  const atImport = [...reached];
  const tests: SurveyedTest[] = [];
  for (const [index, name] of registry.names.entries()) {
    if (tooSlow.some((words) => name.includes(words))) {
      tests.push({ name, ms: 0, reached: [], isTooSlow: true });
      continue;
    }
    reached = new Set();
    say({ kind: 'began', test: index });
    const start = performance.now();
    let failure: string | undefined;
    try {
      await registry.run(index);
      await registry.leave();
    } catch (reason) {
      failure = wordsOf(reason);
    }
    tests.push({
      name,
      ms: performance.now() - start,
      reached: [...reached],
      ...(failure === undefined ? {} : { failure }),
    });
  }
  reached = undefined;
  return { kind: 'surveyed', loadMs, atImport, tests };
}

async function registryFor({ mutant, testFile, tests }: Trial): Promise<TestRegistry> {
  const isFresh = tests === 'all';
  const known = isFresh ? undefined : loaded.get(testFile);
  if (known !== undefined) return known;
  say({ kind: 'began', test: -1 });
  active = isFresh ? mutant : -1;
  const registry = await load(testFile);
  if (!isFresh) loaded.set(testFile, registry);
  return registry;
}

/** The first test that fails, if any does. */
async function firstFailure(registry: TestRegistry, question: Trial): Promise<Answer> {
  const { names } = registry;
  const tests = question.tests === 'all' ? names.map((_name, index) => index) : question.tests;
  let test = '';
  try {
    for (const index of tests) {
      test = names[index] ?? '';
      if (question.leftOut.includes(test)) continue;
      say({ kind: 'began', test: index });
      await registry.run(index);
    }
    test = 'afterAll';
    await registry.leave();
    return { kind: 'passed' };
  } catch (reason) {
    return { kind: 'failed', test, why: wordsOf(reason) };
  }
}

async function trial(question: Trial): Promise<Answer> {
  const registry = await registryFor(question);
  active = question.mutant;
  const answer = await firstFailure(registry, question);
  // The next mutant finds the file as if no test of it had run.
  if (answer.kind === 'failed' && question.tests !== 'all') await registry.leave();
  active = -1;
  return answer;
}

parentPort?.on('message', (question: Question) => {
  const answer = question.kind === 'survey' ? survey(question) : trial(question);
  void answer
    .catch((reason: unknown): Answer => ({ kind: 'failed', test: 'loading the file', why: wordsOf(reason) }))
    .then(say);
});
