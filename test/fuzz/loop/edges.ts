// Counters of the edges between blocks of our own code, and the text of a module with them. An edge is a pair
// of places that ran one after the other (the number of one, mixed with that of the one before it).
import ts from 'typescript';
import { numberOf } from './dice.ts';

/** Few enough to look at after each case, enough for the edges of any one reader (the largest has some 900). */
export const edgeCount = 4096;

/** The name of the global function that instrumented code calls at each place. */
const stepName = '__edge';

/** Which edges the current case has taken, how often each, and in which order they were first taken. */
export class Edges {
  readonly #counts = new Uint8Array(edgeCount);
  readonly #touched = new Uint16Array(edgeCount);
  #size = 0;
  #previous = 0;

  /** Makes instrumented code count here. */
  install(): void {
    Object.defineProperty(globalThis, stepName, {
      configurable: true,
      value: (place: number): void => {
        const edge = (this.#previous ^ place) & (edgeCount - 1);
        this.#previous = place >> 1;
        const count = this.#counts[edge] ?? 0;
        if (count === 0) {
          this.#touched[this.#size] = edge;
          this.#size += 1;
        }
        if (count < 255) this.#counts[edge] = count + 1;
      },
    });
  }

  /** Forgets the last case. */
  clear(): void {
    for (let at = 0; at < this.#size; at += 1) this.#counts[this.#touched[at] ?? 0] = 0;
    this.#size = 0;
    this.#previous = 0;
  }

  /**
   * Marks what this case has taken. Answers whether any of it is new: an edge, or an edge more often than in
   * any case before.
   */
  learnInto(known: Uint8Array): boolean {
    let isNew = false;
    for (let at = 0; at < this.#size; at += 1) {
      const edge = this.#touched[at] ?? 0;
      const bucket = bucketOf(this.#counts[edge] ?? 0);
      const before = known[edge] ?? 0;
      if ((before & bucket) !== 0) continue;
      known[edge] = before | bucket;
      isNew = true;
    }
    return isNew;
  }
}

/** Numbers of times that count as one: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
function bucketOf(count: number): number {
  if (count <= 3) return 1 << (count - 1);
  if (count <= 7) return 8;
  if (count <= 15) return 16;
  if (count <= 31) return 32;
  return count <= 127 ? 64 : 128;
}

function isAlternative(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isConditionalExpression(parent)) return parent.whenTrue === node || parent.whenFalse === node;
  if (ts.isArrowFunction(parent)) return parent.body === node && !ts.isBlock(node);
  if (!ts.isBinaryExpression(parent) || parent.right !== node) return false;
  const { kind } = parent.operatorToken;
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

/** A branch or the body of a loop that is one statement without braces. */
function isArm(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBlock(node)) return false;
  if (ts.isIfStatement(parent)) return parent.thenStatement === node || parent.elseStatement === node;
  return ts.isIterationStatement(parent, false) && parent.statement === node;
}

/** The text of a built module that counts its edges. `file` gives its places their numbers. */
export function withEdges(file: string, text: string): string {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.JS);
  let places = 0;

  function step(): string {
    places += 1;
    return `${stepName}(${numberOf(`${file} ${places}`) & (edgeCount - 1)})`;
  }

  function inside(node: ts.Node, from: number): string {
    let drawn = '';
    let at = from;
    ts.forEachChild(node, (child) => {
      if (child.end <= at) return;
      drawn += text.slice(at, child.getStart()) + counted(child);
      at = child.end;
    });
    return drawn + text.slice(at, node.end);
  }

  function counted(node: ts.Node): string {
    if (ts.isBlock(node)) return `{${step()};${inside(node, node.getStart() + 1)}`;
    const drawn = inside(node, node.getStart());
    if (isAlternative(node)) return `(${step()},(${drawn}))`;
    // Going past an `if` is a branch as well.
    if (ts.isIfStatement(node) && node.elseStatement === undefined)
      return `{${isArm(node) ? `${step()};` : ''}${drawn} else {${step()};}}`;
    if (isArm(node)) return `{${step()};${drawn}}`;
    if (ts.isCaseOrDefaultClause(node.parent) && node.parent.statements[0] === node)
      return `${step()};${drawn}`;
    return drawn;
  }

  return inside(tree, 0);
}
