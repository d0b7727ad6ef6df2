// Pages of an OData collection: what was read of it, what makes two entries the same one, and where a next
// link may lead.
import { field } from '../../liveResponse/text/json.ts';

/**
 * What was read of a collection. `whole`: it has no other entries. Only a whole one shows that something is
 * missing from it.
 */
export interface Collected {
  readonly items: readonly unknown[];
  readonly whole: boolean;
}

/**
 * What identifies an entry: pages that overlap return it twice. Files have no id, and two files whose names
 * differ only in letter case, or whose content differs, are two files. So only an identical entry is the
 * same.
 */
export function keyOf(item: unknown): string {
  const id = field(item, 'id');
  return typeof id === 'string' ? id.toLowerCase() : JSON.stringify(item);
}

/**
 * Where a next link leads on our own origin. Our token is sent nowhere else, and recorded answers name
 * regional hosts of Microsoft's that serve the same data (defender-api.md 7.1). Only path and query of the
 * link count, and only where it is a page of the collection that was asked for; undefined for anything else.
 * @param asked the page that contained the link
 * @param api the address that all calls are below: its path stays in front
 */
export function nextPage(link: string, asked: URL, api: URL): URL | undefined {
  if (link.length > longestLink) return undefined;
  const theirs = URL.canParse(link, asked.href) ? new URL(link, asked.href) : undefined;
  if (theirs === undefined || (theirs.protocol !== 'https:' && theirs.protocol !== 'http:')) return undefined;
  const collection = lastPart(asked.pathname);
  if (lastPart(theirs.pathname) !== collection) return undefined;
  // Another gateway may have a path of its own before /api, or none at all.
  const from = theirs.pathname.toLowerCase().lastIndexOf('/api/');
  const path = from < 0 ? undefined : theirs.pathname.slice(from).replace(/\/+$/, '');
  const own =
    path !== undefined && apiPath.test(path) ? `${api.pathname.replace(/\/+$/, '')}${path}` : asked.pathname;
  const next = new URL(api.origin);
  next.pathname = own;
  next.search = theirs.search;
  return next;
}

/** Servers refuse longer ones; characters. */
const longestLink = 8_000;
/** With or without a version (learn.microsoft.com/defender-endpoint/api/exposed-apis-list). */
const apiPath = /^\/api\/(?:v\d+(?:\.\d+)?\/)?[a-z]+$/i;

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').toLowerCase().split('/').at(-1) ?? '';
}
