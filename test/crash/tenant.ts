// What is known of the simulated tenant of the crash test without starting it.

export const script = 'minidump.ps1';
/** Devices to choose from: few enough that some are busy. */
export const deviceCount = 200;

/** What one accepted POST started. */
export interface Ran {
  readonly actionId: string;
  readonly comment: string;
  readonly machineId: string;
  readonly commands: readonly {
    readonly type: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
  }[];
  /** SHA-256 of the script in the library at that moment. */
  readonly sha256: string;
}

/** A word that is in the output of that action's script, and nowhere else. */
export function outputCanary(actionId: string): string {
  return `canary-output-${actionId.slice(0, 8)}`;
}
