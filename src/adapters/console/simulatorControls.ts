// What the console may change around the bot when Defender is the embedded simulator: time, devices, and what
// goes wrong.

export interface SimulatedDevice {
  readonly name: string;
  readonly os: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly online: boolean;
  /** What is special about it, in a few words; empty for an ordinary one. */
  readonly hint: string;
}

export interface FaultToggle {
  readonly id: string;
  readonly label: string;
  /** What will be seen, in one sentence. */
  readonly explains: string;
  readonly on: boolean;
  /** Happens once and is then off again by itself. */
  readonly once: boolean;
}

export interface SimulatorState {
  /** Simulated milliseconds per real one; 0 stands still. */
  readonly speed: number;
  readonly devices: readonly SimulatedDevice[];
  readonly troubles: readonly FaultToggle[];
}

export interface SimulatorControls {
  state(): SimulatorState;
  /** Names of the files in the live response library, for completion. */
  library(): readonly string[];
  setSpeed(speed: number): void;
  /** False: there is no such device. */
  setOnline(device: string, online: boolean): boolean;
  /** False: there is no such trouble. */
  setTrouble(id: string, on: boolean): boolean;
}

/** The speeds the page offers; the API takes no others, so that nobody outruns the timers of the machine. */
export const speeds: readonly number[] = [0, 1, 5, 10, 60];
