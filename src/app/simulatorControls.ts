// Switches of the simulator, for a newcomer to play with: which of its faults each one plants, and a hint for
// each device.
import { isDeepStrictEqual } from 'node:util';
import type {
  FaultToggle,
  SimulatorControls,
  SimulatedDevice,
} from '../adapters/console/simulatorControls.ts';
import type { ScaledClock } from '../adapters/clock.ts';
import type { Fault } from '../simulator/faults.ts';
import { changedProfile, defaultProfile } from '../simulator/profile.ts';
import type { ProfileChange } from '../simulator/profile.ts';
import { namedProfiles } from '../simulator/profiles.ts';
import type { Device } from '../simulator/shapes.ts';
import type { DeviceChange, Tenant } from '../simulator/tenant.ts';

/** The device of every example in the help texts. */
const example = 'hosta.corp.example';

interface Said {
  readonly id: string;
  readonly label: string;
  readonly explains: string;
}
type Switch = Said &
  (
    | { readonly fault: Fault }
    | { readonly profile: ProfileChange; readonly without: ProfileChange }
    | {
        readonly change: DeviceChange;
        readonly without: DeviceChange;
        readonly shows: (device: Device) => boolean;
      }
  );

/** The defaults of whatever a profile changes. */
function withoutThe(change: ProfileChange): ProfileChange {
  return Object.fromEntries(Object.entries(defaultProfile).filter(([key]) => key in change));
}

const switches: readonly Switch[] = [
  {
    id: 'deviceOffline',
    label: 'hosta goes offline',
    explains: 'The session waits until it is back.',
    change: { online: false },
    without: { online: true },
    shows: (device) => device.onlineSince === null,
  },
  {
    id: 'scriptFails',
    label: 'Scripts fail on hosta',
    explains: 'One fails, those after it are not run.',
    change: { broken: true },
    without: { broken: false },
    shows: (device) => device.broken,
  },
  {
    id: 'freshTenant',
    label: 'The tenant is new',
    explains: 'Unsigned scripts are off: the shipped ones fail.',
    profile: namedProfiles.fresh,
    without: withoutThe(namedProfiles.fresh),
  },
  {
    id: 'deviceBusy',
    label: 'hosta is in use in the portal',
    explains: 'Defender refuses, so the bot waits.',
    change: { portalSession: true },
    without: { portalSession: false },
    shows: (device) => device.portalSession,
  },
  {
    id: 'answerLost',
    label: 'The answer gets lost',
    explains: 'It runs, and the bot has to find it again.',
    fault: { what: 'loseAnswer', on: 'run' },
  },
  {
    id: 'requestLost',
    label: 'The request gets lost',
    explains: 'Nothing runs, and a person decides.',
    fault: { what: 'reset', on: 'run' },
  },
  {
    id: 'throttled',
    label: 'Too many requests (429)',
    explains: 'The request waits for a minute.',
    fault: { what: 'throttle', on: 'run', retryAfter: 60 },
  },
  {
    id: 'slowDevice',
    label: 'Devices are slow',
    explains: 'A script or a file takes about a minute.',
    profile: { commandMs: [40_000, 60_000], getFileMs: [60_000, 90_000] },
    without: { commandMs: defaultProfile.commandMs, getFileMs: defaultProfile.getFileMs },
  },
  {
    id: 'resultLate',
    label: 'Results come late',
    explains: 'Output is there only when all has ended.',
    profile: { results: 'whenEnded' },
    without: { results: defaultProfile.results },
  },
  {
    id: 'hugeOutput',
    label: 'A script prints 5 MB',
    explains: 'The card shows an excerpt of it.',
    profile: { transcript: 'huge' },
    without: { transcript: defaultProfile.transcript },
  },
  {
    id: 'strangeLink',
    label: 'A link leads elsewhere',
    explains: 'To another host: nobody gets it.',
    fault: { what: 'linkHost', on: 'link', value: 'http://blob.elsewhere.example' },
  },
  {
    id: 'unknownStatus',
    label: 'A status never seen before',
    explains: '“Suspended” is never taken for success.',
    fault: { what: 'unknownStatus', times: 'always', value: 'Suspended' },
  },
  {
    id: 'defenderDown',
    label: 'Defender is down (503)',
    explains: 'Nothing is lost; cards go on afterwards.',
    fault: { what: 'status', on: 'any', status: 503, times: 'always' },
  },
];

export function createSimulatorControls(tenant: Tenant, clock: ScaledClock): SimulatorControls {
  const isPlanted = (fault: Fault): boolean =>
    tenant.faults.planted().some((one) => one.what === fault.what && one.on === fault.on);

  function isOn(one: Switch): boolean {
    if ('fault' in one) return isPlanted(one.fault);
    if ('profile' in one)
      return isDeepStrictEqual(changedProfile(tenant.profile, one.profile), tenant.profile);
    const device = tenant.device(example);
    return device !== undefined && one.shows(device);
  }

  function set(one: Switch, on: boolean): void {
    if ('change' in one) tenant.changeDevice(example, on ? one.change : one.without);
    else if ('profile' in one) tenant.change(on ? one.profile : one.without);
    else if (on) tenant.faults.plant(one.fault);
    else {
      // The tenant can only forget all faults at once.
      const others = tenant.faults
        .planted()
        .filter((planted) => planted.what !== one.fault.what || planted.on !== one.fault.on);
      tenant.faults.clear();
      others.forEach((planted) => tenant.faults.plant(planted));
    }
  }

  return {
    state: () => ({
      speed: clock.speed(),
      devices: tenant.devices().map(shown),
      troubles: switches.map((one): FaultToggle => ({
        id: one.id,
        label: one.label,
        explains: one.explains,
        on: isOn(one),
        once: 'fault' in one && one.fault.times !== 'always',
      })),
    }),
    library: () => tenant.library().map((file) => file.fileName),
    setSpeed: (speed) => clock.setSpeed(speed),
    setOnline(name, online) {
      if (tenant.device(name) === undefined) return false;
      tenant.changeDevice(name, { online });
      return true;
    },
    setTrouble(id, on) {
      const one = switches.find((known) => known.id === id);
      if (one === undefined) return false;
      if (isOn(one) !== on) set(one, on);
      return true;
    },
  };
}

function shown(device: Device): SimulatedDevice {
  const { name, osPlatform, group, tags, onlineSince } = device;
  return { name, os: osPlatform, group, tags, online: onlineSince !== null, hint: hintOf(device) };
}

/** The one thing each special device is there for. */
function hintOf(device: Device): string {
  if (device.tags.includes('no-lr')) return 'kept out by the policy';
  if (device.amsi !== null) return 'its antivirus blocks scripts';
  if (device.broken) return 'every command fails';
  if (device.portalSession) return 'in use in the portal';
  if (device.stuck) return 'commands never end';
  if (device.refusal !== null) return `refuses sessions: ${device.refusal}`;
  if (device.scriptMs !== null && device.scriptMs > defaultProfile.scriptTimeoutMs)
    return 'scripts run too long';
  if (device.wakesAfterMs !== null && device.onlineSince === null)
    return `wakes ${Math.round(device.wakesAfterMs / 60_000)} min after it is asked for`;
  if (device.tags.includes('kiosk')) return 'two devices are called kiosk';
  if (device.os === 'linux') return 'Linux';
  if (device.name === example) return 'the device of the examples';
  return '';
}
