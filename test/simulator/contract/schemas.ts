// What the answers of Defender look like, as JSON schemas of our own, written from the published description
// of the service: learn.microsoft.com/defender-endpoint/api: machineaction, machine, list-library-files,
// get-live-response-result, common-errors, run-live-response, isolate-machine and its like, alerts. Fields
// that no page names and every published sample has (errorHResult, troubleshootInfo, requestSource) are
// marked as such.
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';

const guid = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' } as const;
const machineId = { type: 'string', pattern: '^[0-9a-f]{40}$' } as const;
/** DateTimeOffset in UTC, with up to seven fraction digits. */
const time = {
  type: 'string',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,7})?Z$',
} as const;
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const nullable = (schema: object): object => ({ anyOf: [schema, { type: 'null' }] });
const oneOf = (...values: readonly string[]): object => ({ enum: values });
const list = (items: object): object => ({ type: 'array', items });

/** An object with exactly these fields; those in `optional` may be missing. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}

const context = (part: string): object => ({
  type: 'string',
  pattern: `^https?://[^/]+/api/\\$metadata#${part}$`,
});
const entity = (
  fields: Readonly<Record<string, object>>,
  part: string,
  optional: readonly string[] = [],
): object => object({ '@odata.context': context(part), ...fields }, optional);
const collection = (items: object, part: string): object =>
  object(
    {
      '@odata.context': context(part),
      '@odata.count': count,
      '@odata.nextLink': { type: 'string', minLength: 1 },
      value: list(items),
    },
    ['@odata.count', '@odata.nextLink'],
  );

const command = object({
  index: count,
  startTime: nullable(time),
  endTime: nullable(time),
  // Three in the page, the other three in the Power Platform connector's swagger.
  commandStatus: oneOf('Created', 'Completed', 'Failed', 'Submitted', 'PendingResource', 'Executing'),
  errors: list(text),
  command: object({
    type: oneOf('PutFile', 'RunScript', 'GetFile'),
    params: list(object({ key: oneOf('FileName', 'ScriptName', 'Args', 'Path'), value: text })),
  }),
});

const actionFields = {
  id: guid,
  type: oneOf(
    'RunAntiVirusScan',
    'Offboard',
    'LiveResponse',
    'CollectInvestigationPackage',
    'Isolate',
    'Unisolate',
    'StopAndQuarantineFile',
    'RestrictCodeExecution',
    'UnrestrictCodeExecution',
    'RequestSample',
  ),
  title: nullable(text),
  scope: nullable(oneOf('Full', 'Selective', 'UnManagedDevice', 'Quick')),
  requestor: text,
  requestorComment: text,
  requestSource: oneOf('PublicApi', 'Portal'), // Samples only.
  status: oneOf('Pending', 'InProgress', 'Succeeded', 'Failed', 'TimeOut', 'Cancelled'),
  machineId,
  computerDnsName: text,
  creationDateTimeUtc: time,
  lastUpdateDateTimeUtc: time,
  cancellationRequestor: nullable(text),
  cancellationComment: nullable(text),
  cancellationDateTimeUtc: nullable(time),
  errorHResult: { type: 'integer' }, // Samples only.
  externalId: nullable(text),
  relatedFileInfo: nullable(
    object({ fileIdentifier: text, fileIdentifierType: oneOf('Sha1', 'Sha256', 'Md5') }),
  ),
  commands: list(command),
  troubleshootInfo: nullable(text), // Samples only.
} as const;
/** Absent from actions that are no live response, in some tenants. */
const perhaps = ['commands'] as const;
/** Absent from the documentation's sample of a 201. */
const notInSample = [
  'title',
  'scope',
  'requestSource',
  'cancellationRequestor',
  'cancellationComment',
  'cancellationDateTimeUtc',
  'externalId',
  'relatedFileInfo',
  'troubleshootInfo',
] as const;

const machineFields = {
  id: machineId,
  mergedIntoMachineId: nullable(machineId),
  isPotentialDuplication: flag,
  isExcluded: flag,
  exclusionReason: nullable(text),
  computerDnsName: text,
  firstSeen: time,
  lastSeen: time,
  osPlatform: text,
  osVersion: nullable(text),
  osProcessor: text,
  version: text,
  osBuild: nullable(count),
  osArchitecture: oneOf('32-bit', '64-bit'),
  lastIpAddress: text,
  lastExternalIpAddress: text,
  agentVersion: text,
  healthStatus: oneOf(
    'Active',
    'Inactive',
    'ImpairedCommunication',
    'NoSensorData',
    'NoSensorDataImpairedCommunication',
    'Unknown',
  ),
  onboardingStatus: oneOf('Onboarded', 'CanBeOnboarded', 'Unsupported', 'InsufficientInfo'),
  deviceValue: nullable(oneOf('Low', 'Normal', 'High')),
  rbacGroupId: { type: ['integer', 'string'] }, // A String in the table, a number in the samples.
  rbacGroupName: nullable(text),
  riskScore: nullable(oneOf('None', 'Informational', 'Low', 'Medium', 'High')),
  exposureLevel: nullable(oneOf('None', 'Low', 'Medium', 'High')),
  isAadJoined: nullable(flag),
  aadDeviceId: nullable(guid),
  machineTags: list(text),
  defenderAvStatus: oneOf('NotUpdated', 'Updated', 'Unknown', 'notSupported'),
  managedBy: text,
  managedByStatus: text,
  ipAddresses: list(
    object({
      ipAddress: text,
      macAddress: { type: 'string', pattern: '^[0-9A-F]{12}$' },
      type: text,
      operationalStatus: text,
    }),
  ),
  vmMetadata: nullable({ type: 'object' }),
} as const;

const fileFields = {
  fileName: { type: 'string', pattern: '^[A-Za-z0-9._-]+$' },
  sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  description: nullable(text),
  creationTime: time,
  lastUpdatedTime: time,
  createdBy: text,
  hasParameters: flag,
  parametersDescription: { type: 'string', minLength: 1 },
} as const;
const maybeInFile = ['parametersDescription'] as const;

const alertFields = {
  id: { type: 'string', pattern: '^da[0-9a-f]+_\\d+$' },
  incidentId: count,
  investigationId: nullable(count),
  assignedTo: nullable(text),
  severity: oneOf('UnSpecified', 'Informational', 'Low', 'Medium', 'High'),
  status: oneOf('Unknown', 'New', 'InProgress', 'Resolved'),
  classification: nullable(text),
  determination: nullable(text),
  investigationState: text,
  detectionSource: text,
  category: text,
  threatFamilyName: nullable(text),
  title: text,
  description: text,
  alertCreationTime: time,
  firstEventTime: time,
  lastEventTime: time,
  lastUpdateTime: nullable(time),
  resolvedTime: nullable(time),
  machineId,
  computerDnsName: text,
  rbacGroupName: nullable(text),
  comments: list({ type: 'object' }),
  evidence: list({ type: 'object' }),
} as const;

const schemas = {
  run: entity(actionFields, 'MachineActions/\\$entity', notInSample),
  action: entity(actionFields, 'MachineActions/\\$entity', perhaps),
  actions: collection(object(actionFields, perhaps), 'MachineActions'),
  machine: entity(machineFields, 'Machines/\\$entity'),
  machines: collection(object(machineFields), 'Machines'),
  link: object({
    '@odata.context': context('Edm\\.String'),
    value: { type: 'string', pattern: '^https?://[^?]+\\?se=[^&]+%3A[^&]+&sp=r&sv=[0-9-]+&sr=b&sig=[^&]+$' },
  }),
  libraryFile: object(fileFields, maybeInFile),
  library: collection(object(fileFields, maybeInFile), 'LibraryFiles'),
  alerts: collection(object(alertFields), 'Alerts'),
  error: object({
    error: object({
      code: oneOf(
        'BadRequest',
        'ODataError',
        'InvalidInput',
        'InvalidRequestBody',
        'MissingRequiredParameter',
        'OsPlatformNotSupported',
        'ClientVersionNotSupported',
        'ActiveRequestAlreadyExists',
        'Unauthorized',
        'Forbidden',
        'DisabledFeature',
        'DisallowedOperation',
        'NotFound',
        'ResourceNotFound',
        'TooManyRequests',
        '429',
        'InternalServerError',
        'ServiceUnavailable',
      ),
      message: text,
      target: guid,
    }),
  }),
} as const;
export type SchemaName = keyof typeof schemas;

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const validators = new Map(
  Object.entries(schemas).map(([name, schema]): [string, ValidateFunction] => [name, ajv.compile(schema)]),
);
export const schemaNames = Object.keys(schemas) as readonly SchemaName[];

/** What is wrong with an answer, as one line for each place; empty when nothing is. */
export function faultsOf(name: SchemaName, answer: unknown): readonly string[] {
  const validate = validators.get(name);
  if (validate === undefined) throw new Error(`There is no schema ${name}.`);
  return validate(answer)
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
}

const routes: readonly (readonly [string, RegExp, SchemaName])[] = [
  ['POST', /^\/api\/machines\/[^/]+\/runliveresponse$/i, 'run'],
  ['GET', /^\/api\/machines\/findbyip\(/i, 'machines'],
  ['GET', /^\/api\/machines\/[^/]+$/i, 'machine'],
  ['GET', /^\/api\/machines$/i, 'machines'],
  ['GET', /^\/api\/machineactions$/i, 'actions'],
  ['GET', /^\/api\/machineactions\/[^/]+$/i, 'action'],
  ['POST', /^\/api\/machineactions\/[^/]+\/cancel$/i, 'action'],
  ['GET', /^\/api\/machineactions\/[^/]+\/getliveresponseresultdownloadlink\(index=\d+\)$/i, 'link'],
  [
    'POST',
    /^\/api\/machines\/[^/]+\/(?:isolate|unisolate|collectinvestigationpackage|runantivirusscan|restrictcodeexecution|unrestrictcodeexecution)$/i,
    'action',
  ],
  ['GET', /^\/api\/machineactions\/[^/]+\/getpackageuri$/i, 'link'],
  ['GET', /^\/api\/alerts$/i, 'alerts'],
  ['GET', /^\/api\/libraryfiles$/i, 'library'],
  ['POST', /^\/api\/libraryfiles$/i, 'libraryFile'],
];

/** The schema an answer must follow; undefined when it has no body. */
export function schemaFor(method: string, path: string, status: number): SchemaName | undefined {
  if (status >= 400) return 'error';
  if (status === 204) return undefined;
  const found = routes.find(([wanted, pattern]) => wanted === method && pattern.test(path))?.[2];
  if (found === undefined) throw new Error(`There is no schema for ${method} ${path}.`);
  return found;
}
