// One collection call: $filter, $orderby, $skip, $top, $count and $select applied to rows, and the page with
// its nextLink.
import { compare, filterOf } from './filter.ts';
import type { Fields } from './filter.ts';
import type { Profile } from '../profile.ts';
import { odataError } from './refused.ts';

export interface Collection<Row> {
  /** In the service's own order. */
  readonly rows: readonly Row[];
  readonly fields: Fields<Row>;
  readonly wire: (row: Row) => Readonly<Record<string, unknown>>;
  /** Query options of this collection alone. */
  readonly options?: readonly string[];
}

/** What the list pages name, and what works in the field besides. */
const documented = new Set(['$filter', '$skip', '$top', '$skiptoken']);
const everything = new Set([...documented, '$orderby', '$count', '$select']);
/** "Maximum value is 10,000" on the list pages. */
const maxTop = 10_000;

/**
 * Where the call went, for context and nextLink: scheme and host as the answer names them, and the path that
 * was called.
 */
export interface Address {
  readonly origin: string;
  readonly path: string;
}

/** With the entity set that the context names. */
export interface CollectionAddress extends Address {
  readonly entitySet: string;
}

/** The answer's body. */
export function page<Row>(
  collection: Collection<Row>,
  query: URLSearchParams,
  profile: Pick<Profile, 'pageSize' | 'odata' | 'nextLink' | 'paging'>,
  address: CollectionAddress,
): Readonly<Record<string, unknown>> {
  const { pageSize, odata } = profile;
  const known = odata === 'documented' ? documented : everything;
  const unknown = [...query.keys()].find(
    (key) =>
      key.startsWith('$') &&
      !known.has(key.toLowerCase()) &&
      collection.options?.includes(key.toLowerCase()) !== true,
  );
  if (unknown !== undefined) throw odataError(`The query option '${unknown}' is not supported.`);
  const option = (name: string): string | undefined =>
    [...query].find(([key]) => key.toLowerCase() === name)?.[1];
  const filter = option('$filter');
  const kept =
    filter === undefined
      ? [...collection.rows]
      : collection.rows.filter(filterOf(filter, collection.fields, odata === 'field'));
  const ordered = sorted(kept, option('$orderby'), collection.fields);
  const { skip, top } = placeIn(option);
  if (top !== undefined && top > maxTop)
    throw odataError(`The limit of '${maxTop}' for Top query has been exceeded.`);
  const size = Math.min(top ?? Number.POSITIVE_INFINITY, pageSize);
  const shown = ordered.slice(skip, skip + size);
  const more = ordered.length > skip + size && (top === undefined || top > size);
  return {
    '@odata.context': `${address.origin}/api/$metadata#${address.entitySet}`,
    ...(option('$count') === 'true' ? { '@odata.count': ordered.length } : {}),
    value: shown.map(collection.wire).map((row) => selected(row, option('$select'))),
    ...(more
      ? {
          '@odata.nextLink': nextLink(
            profile.nextLink === 'relative' ? address.path : address.origin + address.path,
            query,
            profile.paging,
            { skip: skip + size, top: top === undefined ? undefined : top - size },
          ),
        }
      : {}),
  };
}

function sorted<Row>(rows: readonly Row[], orderBy: string | undefined, fields: Fields<Row>): readonly Row[] {
  if (orderBy === undefined) return rows;
  const keys = orderBy.split(',').map((part) => {
    const [name = '', direction = 'asc', ...rest] = part.trim().split(/\s+/);
    const field = fields.get(name.toLowerCase());
    if (
      field === undefined ||
      field.kind === 'texts' ||
      rest.length > 0 ||
      !['asc', 'desc'].includes(direction.toLowerCase())
    )
      throw odataError(`Cannot order by '${part.trim()}'.`);
    return { field, sign: direction.toLowerCase() === 'desc' ? -1 : 1 };
  });
  return [...rows].sort((one, other) => {
    for (const { field, sign } of keys) {
      const result = compare(field.kind, field.of(one), field.of(other)) ?? 0;
      if (result !== 0) return result * sign;
    }
    return 0;
  });
}

function whole(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw odataError(`Invalid value '${text}' for ${name} query option.`);
  return Number(text);
}

function selected(
  row: Readonly<Record<string, unknown>>,
  select: string | undefined,
): Readonly<Record<string, unknown>> {
  if (select === undefined) return row;
  const wanted = new Set(select.split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(Object.entries(row).filter(([key]) => wanted.has(key.toLowerCase())));
}

/** Where a page begins, and how many rows are wanted from there on. */
interface Place {
  readonly skip: number;
  readonly top: number | undefined;
}

const token = /^next:(\d+):(\d*)$/;

/** By the token of a nextLink, which says both, or by what the client asks for. */
function placeIn(option: (name: string) => string | undefined): Place {
  const given = option('$skiptoken');
  if (given === undefined)
    return { skip: whole(option('$skip'), '$skip') ?? 0, top: whole(option('$top'), '$top') };
  const read = token.exec(Buffer.from(given, 'base64').toString('latin1'));
  if (read === null) throw odataError(`Invalid value '${given}' for $skiptoken query option.`);
  return { skip: Number(read[1]), top: read[2] === '' ? undefined : Number(read[2]) };
}

function nextLink(
  address: string,
  query: URLSearchParams,
  paging: Profile['paging'],
  { skip, top }: Place,
): string {
  const next = new URLSearchParams(
    [...query].filter(([key]) => !['$skip', '$top', '$skiptoken'].includes(key.toLowerCase())),
  );
  if (paging === 'skiptoken')
    next.set('$skiptoken', Buffer.from(`next:${skip}:${top ?? ''}`).toString('base64'));
  else {
    next.set('$skip', String(skip));
    if (top !== undefined) next.set('$top', String(top));
  }
  return `${address}?${next.toString()}`;
}
