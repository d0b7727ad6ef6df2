// Measures of words and fields: which of Defender's vocabulary came, and whether our comment came back whole.
import { activeStatuses, terminalStatuses } from '../../liveResponse/action.ts';
import { commandsOf, statusOf } from '../rawAction.ts';
import { fieldName } from '../redaction.ts';
import { judged, probe, why, words } from './finding.ts';
import type { Finding, Measure, Seen } from './finding.ts';

const actionFields = new Set([
  '@odata.context',
  'id',
  'type',
  'title',
  'requestor',
  'requestorComment',
  'status',
  'machineId',
  'computerDnsName',
  'creationDateTimeUtc',
  'lastUpdateDateTimeUtc',
  'cancellationRequestor',
  'cancellationComment',
  'cancellationDateTimeUtc',
  'errorHResult',
  'scope',
  'externalId',
  'requestSource',
  'relatedFileInfo',
  'commands',
  'troubleshootInfo',
]);
/** What the bot cannot do without. */
const neededFields = [
  'id',
  'type',
  'status',
  'machineId',
  'requestorComment',
  'creationDateTimeUtc',
  'lastUpdateDateTimeUtc',
  'commands',
];
const commandFields = new Set(['index', 'startTime', 'endTime', 'commandStatus', 'errors', 'command']);
const deviceFields = new Set([
  'id',
  'mergedIntoMachineId',
  'isPotentialDuplication',
  'isExcluded',
  'exclusionReason',
  'computerDnsName',
  'firstSeen',
  'lastSeen',
  'osPlatform',
  'osVersion',
  'osProcessor',
  'version',
  'lastIpAddress',
  'lastExternalIpAddress',
  'agentVersion',
  'osBuild',
  'healthStatus',
  'deviceValue',
  'rbacGroupId',
  'rbacGroupName',
  'riskScore',
  'exposureLevel',
  'isAadJoined',
  'aadDeviceId',
  'machineTags',
  'defenderAvStatus',
  'onboardingStatus',
  'osArchitecture',
  'managedBy',
  'managedByStatus',
  'ipAddresses',
  'vmMetadata',
]);
const neededOfDevice = [
  'id',
  'computerDnsName',
  'osPlatform',
  'healthStatus',
  'onboardingStatus',
  'rbacGroupName',
  'machineTags',
  'lastSeen',
];

export function wordMeasures(seen: Seen, last: unknown): readonly Measure[] {
  const { pairs } = seen;
  const actions = pairs.flatMap(({ row, single }) => [row, single]).filter((one) => one !== undefined);
  const statuses = words(actions.map((one) => statusOf(one)));
  const known: readonly string[] = [...activeStatuses, ...terminalStatuses];
  const commandWords = words(actions.flatMap(commandsOf).map((one) => statusOf(one, 'commandStatus')));
  const ofConnector = ['Created', 'Submitted', 'PendingResource', 'Executing', 'Completed', 'Failed'];
  const devices = (probe(seen.probes, 'lowerName')?.items ?? []).concat(
    probe(seen.probes, 'upperName')?.items ?? [],
  );
  return [
    {
      name: 'words.status',
      assumption: 'Words of the action’s status, spelt like this',
      simulator: known.join(', '),
      ...(statuses.length === 0
        ? why('no action was read')
        : judged(
            statuses.every((word) => known.includes(word)),
            statuses.join(', '),
          )),
    },
    {
      name: 'words.command',
      assumption: 'Words of a command’s status, spelt like this',
      simulator: 'Created, Completed, Failed',
      ...(commandWords.length === 0
        ? why('no command was seen')
        : judged(
            commandWords.every((word) => ['Created', 'Completed', 'Failed'].includes(word)),
            `${commandWords.join(', ')}${commandWords.every((word) => ofConnector.includes(word)) ? '' : ' (not all known to us)'}`,
          )),
    },
    fields(actions, {
      name: 'fields.action',
      assumption: 'Fields of an action',
      known: actionFields,
      needed: neededFields,
    }),
    fields(actions.flatMap(commandsOf), {
      name: 'fields.command',
      assumption: 'Fields of a command',
      known: commandFields,
      needed: ['index', 'commandStatus', 'command'],
    }),
    fields(devices, {
      name: 'fields.device',
      assumption: 'Fields of a device',
      known: deviceFields,
      needed: neededOfDevice,
    }),
    {
      name: 'comment.kept',
      assumption: 'Our comment comes back as it was sent, in the list and alone',
      simulator: 'yes',
      ...commentKept(seen),
    },
    requestorMeasure(statusOf(last, 'requestor')),
  ];
}

function requestorMeasure(requestor: string | undefined): Measure {
  return {
    name: 'requestor',
    assumption: 'The requestor of an action is the application’s',
    simulator: 'id',
    ...(requestor === undefined
      ? why('there is none in the answers')
      : judged(
          /^[0-9a-f-]{36}$/i.test(requestor),
          /^[0-9a-f-]{36}$/i.test(requestor) ? 'id' : requestor.includes('@') ? 'name of a person' : 'name',
        )),
  };
}

interface FieldsKnown extends Pick<Measure, 'name' | 'assumption'> {
  readonly known: ReadonlySet<string>;
  readonly needed: readonly string[];
}

function fields(values: readonly unknown[], { name, assumption, known, needed }: FieldsKnown): Measure {
  const found = new Set(
    values.flatMap((value) => (typeof value === 'object' && value !== null ? Object.keys(value) : [])),
  );
  const fresh = [...found]
    .filter((key) => !known.has(key))
    .map(fieldName)
    .sort();
  const gone = needed.filter((key) => !found.has(key));
  const base = { name, assumption: `${assumption}: those we know`, simulator: 'no other, none missing' };
  if (values.length === 0) return { ...base, ...why('none was read') };
  const told = [
    ...(fresh.length === 0 ? [] : [`new: ${fresh.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`missing: ${gone.join(', ')}`]),
  ];
  return {
    ...base,
    ...judged(told.length === 0, told.length === 0 ? 'no other, none missing' : told.join('; ')),
  };
}

function commentKept({ comment, pairs }: Seen): Finding {
  const kept = (action: unknown): string => statusOf(action, 'requestorComment') ?? '';
  const pair = pairs.findLast((one) => one.row !== undefined && one.single !== undefined);
  if (pair === undefined) return why('list and action were not read together');
  const [listed, alone] = [kept(pair.row), kept(pair.single)];
  if (comment === undefined) {
    return /^lr:/.test(alone) && alone === listed
      ? why(`another process sent it; it begins as ours do, ${alone.length} characters`)
      : judged(
          false,
          `begins ${/^lr:/.test(alone) ? 'as ours do' : 'otherwise'}; ${listed.length} characters in the list, ${alone.length} alone`,
        );
  }
  const how = (text: string): string =>
    text === comment
      ? 'the same'
      : text === ''
        ? 'gone'
        : comment.startsWith(text)
          ? `cut to ${text.length}`
          : `changed, ${text.length}`;
  return judged(
    listed === comment && alone === comment,
    listed === comment && alone === comment
      ? `yes, ${comment.length} characters`
      : `${comment.length} characters sent; list: ${how(listed)}; alone: ${how(alone)}`,
  );
}
