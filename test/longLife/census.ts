// Census of the heap: how many entries every Map, Set and array that is a field of some object holds, by class and
// field, private ones too. It sees what no method of the product tells.
import { getHeapSnapshot } from 'node:v8';

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/** Entries of each collection, by `Class.field`; of several objects of a class together. */
export type Census = ReadonlyMap<string, number>;

const collections: ReadonlySet<string> = new Set(['Map', 'Set', 'Array']);
const pointer = 8;

export async function census(): Promise<Census> {
  const pieces: Buffer[] = [];
  for await (const piece of getHeapSnapshot() as AsyncIterable<Buffer>) pieces.push(Buffer.from(piece));
  return countIn(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Snapshot);
}

/** @throws where V8 writes another format than the one that is read here */
export function countIn({ snapshot: { meta }, nodes, edges, strings }: Snapshot): Census {
  const at = (fields: readonly string[], name: string): number => {
    const index = fields.indexOf(name);
    if (index < 0) throw new Error(`the heap snapshot has no ${name}`);
    return index;
  };
  const width = meta.node_fields.length;
  const [type, name, selfSize, edgeCount] = ['type', 'name', 'self_size', 'edge_count'].map((field) =>
    at(meta.node_fields, field),
  ) as [number, number, number, number];
  const [edgeType, edgeName, toNode] = ['type', 'name_or_index', 'to_node'].map((field) =>
    at(meta.edge_fields, field),
  ) as [number, number, number];
  const edgeWidth = meta.edge_fields.length;
  const [nodeTypes] = meta.node_types;
  const [edgeTypes] = meta.edge_types;
  const object = nodeTypes.indexOf('object');
  const [property, internal] = [edgeTypes.indexOf('property'), edgeTypes.indexOf('internal')];
  const nameOf = (node: number): string => strings[nodes[node + name] ?? -1] ?? '';

  /** Where the edges of each node begin. */
  const firstEdge = new Map<number, number>();
  let edge = 0;
  for (let node = 0; node < nodes.length; node += width) {
    firstEdge.set(node, edge);
    edge += (nodes[node + edgeCount] ?? 0) * edgeWidth;
  }
  const each = (node: number, visit: (kind: number, called: string, to: number) => void): void => {
    const from = firstEdge.get(node) ?? 0;
    const end = from + (nodes[node + edgeCount] ?? 0) * edgeWidth;
    for (let one = from; one < end; one += edgeWidth) {
      const kind = edges[one + edgeType] ?? -1;
      const label = edges[one + edgeName] ?? 0;
      visit(
        kind,
        kind === property || kind === internal ? (strings[label] ?? '') : '',
        edges[one + toNode] ?? 0,
      );
    }
  };
  /** Room in the table behind a collection, in entries. */
  const roomOf = (collection: number): number => {
    let room = 0;
    each(collection, (kind, called, to) => {
      if (kind === internal && (called === 'table' || called === 'elements'))
        room = Math.floor((nodes[to + selfSize] ?? 0) / pointer);
    });
    return room;
  };
  const found = new Map<string, number>();
  for (let node = 0; node < nodes.length; node += width) {
    if (nodes[node + type] !== object || collections.has(nameOf(node))) continue;
    each(node, (kind, called, to) => {
      if (kind !== property || nodes[to + type] !== object || !collections.has(nameOf(to))) return;
      const key = `${nameOf(node)}.${called}`;
      found.set(key, (found.get(key) ?? 0) + roomOf(to));
    });
  }
  return found;
}
