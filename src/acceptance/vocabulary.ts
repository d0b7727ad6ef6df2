// Words that belong to Defender's API and to no tenant: a fixture may hold them as they came.

/**
 * Fields that hold one word of a list that Microsoft keeps, and which may grow: a word nobody knows yet is
 * what we want to be sent.
 */
const openFields = new Set([
  'status',
  'commandStatus',
  'type',
  'requestSource',
  'scope',
  'healthStatus',
  'onboardingStatus',
  'riskScore',
  'exposureLevel',
  'deviceValue',
  'osPlatform',
  'osArchitecture',
  'osProcessor',
  'defenderAvStatus',
  'fileIdentifierType',
  'code',
  'operationalStatus',
  'managedByStatus',
]);

/** One word of letters, as all of theirs are; Windows11 and WindowsServer2022 end in a number. */
export function isOpenWord(field: string, text: string): boolean {
  return (
    openFields.has(field) &&
    (field === 'osPlatform'
      ? /^[A-Za-z]{2,30}\d{0,4}$/
      : field === 'osArchitecture' || field === 'osProcessor'
        ? /^(?:64-bit|32-bit|x64|x86|arm64)$/i
        : field === 'code'
          ? /^(?:[A-Za-z]{3,40}|\d{3})$/
          : /^[A-Za-z]{2,30}$/
    ).test(text)
  );
}

const everywhere = new Set(['ScriptName', 'Args', 'Path', 'FileName', 'RunScript', 'GetFile', 'PutFile']);
const ours = new Set(['minidump.ps1', 'collect.ps1', 'collect.sh']);

/** Names of the API's parameters, and those of the scripts that we ship. */
export function isKnownWord(field: string, text: string): boolean {
  if (field === 'key' || field === 'type') return everywhere.has(text);
  return (field === 'ScriptName' || field === 'script_name' || field === 'fileName') && ours.has(text);
}

const filterWords = new Set([
  'Pending',
  'InProgress',
  'Succeeded',
  'Failed',
  'TimeOut',
  'Cancelled',
  'LiveResponse',
]);

/** What our own filters ask for in quotes besides ids and names. */
export function isFilterWord(text: string): boolean {
  return filterWords.has(text);
}
