// The application permissions of Defender for Endpoint (resource "WindowsDefenderATP"), by kind of call: what
// a 403 is explained with, what the doctor checks, and what `manifest/defender` asks an administrator to
// grant.
import type { CallKind } from '../pacing/callRates.ts';

export interface Right {
  /** Any one of these in the token's `roles` claim will do; the first is the one to ask for. */
  readonly anyOf: readonly [string, ...string[]];
  /** What does not work without it, in words that follow "needed to". */
  readonly neededTo: string;
  /** Without it the bot still does its main job. */
  readonly optional: boolean;
}

/**
 * Sources, all under learn.microsoft.com/defender-endpoint/api: run-live-response,
 * get-machineactions-collection, get-machineaction-object, get-live-response-result, cancel-machine-action,
 * get-machines, list-library-files. Reading a result wants Machine.ReadWrite.All, not Machine.LiveResponse:
 * an app with the latter alone starts sessions it cannot read.
 */
export const rights: Readonly<Record<CallKind, Right>> = {
  submit: { anyOf: ['Machine.LiveResponse'], neededTo: 'start a live response session', optional: false },
  list: { anyOf: ['Machine.ReadWrite.All'], neededTo: 'follow running sessions', optional: false },
  get: { anyOf: ['Machine.ReadWrite.All'], neededTo: 'follow a running session', optional: false },
  link: {
    anyOf: ['Machine.ReadWrite.All'],
    neededTo: 'read results and make download links',
    optional: false,
  },
  cancel: { anyOf: ['Machine.LiveResponse'], neededTo: 'cancel a session', optional: false },
  machines: {
    anyOf: ['Machine.Read.All', 'Machine.ReadWrite.All'],
    neededTo: 'look devices up',
    optional: false,
  },
  library: {
    anyOf: ['Library.Manage'],
    neededTo: 'list library scripts and verify their content',
    optional: true,
  },
};

/** Whether a token with these roles may do this kind of call. */
export function mayCall(kind: CallKind, roles: readonly string[]): boolean {
  return rights[kind].anyOf.some((role) => roles.includes(role));
}
