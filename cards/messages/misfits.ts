// Warnings about commands that do not fit the device's operating system: to the asker at once, and on the
// card while somebody decides.
import type { Command } from '../../src/liveResponse/commands.ts';
import type { Device, Misfit } from '../../src/liveResponse/device/records.ts';
import { misfits } from '../../src/liveResponse/device/records.ts';
import { oneLine } from '../clip.ts';
import { commandName } from '../steps.ts';

/** Commands named one by one; the rest is counted. */
const mostNamed = 3;

/**
 * `minidump.ps1 (index 0) is a script for Windows, and the device runs Ubuntu`; undefined where everything
 * fits or nothing is known.
 */
export function misfitWords({
  device,
  commands,
}: {
  readonly device: Device;
  readonly commands: readonly Command[];
}): string | undefined {
  const found = misfits(device.os, commands);
  if (found.length === 0) return undefined;
  const os = oneLine(device.os, 60);
  if (found[0]?.what === 'noLiveResponse') return `live response does not run on ${os}`;
  const named = found.slice(0, mostNamed).flatMap(({ index, what }) => {
    const command = commands[index];
    return command === undefined
      ? []
      : [`${oneLine(commandName(command), 80)} (index ${index}) is ${words[what]}`];
  });
  const more = found.length > mostNamed ? `, and ${found.length - mostNamed} more do not fit` : '';
  return `${named.join(', ')}${more}; the device runs ${os}`;
}

const words: Readonly<Record<Misfit['what'], string>> = {
  windowsScript: 'a script for Windows',
  unixScript: 'a script for Linux and macOS',
  windowsFile: 'a file for Windows',
  windowsPath: 'a Windows path',
  unixFile: 'a file for Linux or macOS',
  unixPath: 'a path for Linux and macOS',
  registry: 'a key of the registry and no file',
  noLiveResponse: 'nothing that runs there',
};
