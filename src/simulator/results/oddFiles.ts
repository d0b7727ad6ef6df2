// Files that exist and that `getfile` does not bring. The kinds are those of the page of live response
// commands ("these file types can't be downloaded"), its limit of 3 GB, and a folder; the sentences are ours,
// because no page has them.
import { hresults } from '../sessions/hresults.ts';
import type { Device, OddFileKind } from '../shapes.ts';

/** Folders every Windows has. */
const folders: readonly string[] = [
  'c:',
  'c:\\windows',
  'c:\\windows\\temp',
  'c:\\windows\\system32',
  'c:\\windows\\prefetch',
  'c:\\users',
];

/**
 * The kind of a file that cannot be fetched; undefined for an ordinary file and for one that is not there.
 */
export function oddFileAt(device: Device, path: string): OddFileKind | undefined {
  const windows = device.os === 'windows';
  const same = (one: string): boolean => (windows ? one.toLowerCase() === path.toLowerCase() : one === path);
  const listed = device.oddFiles.find((file) => same(file.path));
  if (listed !== undefined) return listed.kind;
  if (!windows) return path.endsWith('/') ? 'directory' : undefined;
  return folders.includes(path.toLowerCase().replace(/[\\/]+$/, '')) ? 'directory' : undefined;
}

export function whyNotFetched(
  path: string,
  kind: OddFileKind,
): { readonly failure: string; readonly hresult: number } {
  switch (kind) {
    case 'sparse':
      return {
        failure: `The file '${path}' is a sparse file, and sparse files cannot be downloaded.`,
        hresult: hresults.notSupported,
      };
    case 'empty':
      return {
        failure: `The file '${path}' is empty, and empty files cannot be downloaded.`,
        hresult: hresults.endOfFile,
      };
    case 'reparsePoint':
      return {
        failure: `The file '${path}' is a reparse point, and reparse points cannot be downloaded.`,
        hresult: hresults.cannotAccess,
      };
    case 'cloudOnly':
      return {
        failure: `The file '${path}' is not fully present locally: the cloud file provider is not running.`,
        hresult: hresults.cloudFile,
      };
    case 'tooLarge':
      return {
        failure: `The file '${path}' exceeds the maximum size of 3 GB.`,
        hresult: hresults.fileTooLarge,
      };
    case 'directory':
      return {
        failure: `Access to the path '${path}' is denied: it is a directory.`,
        hresult: hresults.accessDenied,
      };
  }
}
