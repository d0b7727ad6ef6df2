// Windows error codes to what they mean, whatever the device's language: HRESULT, NTSTATUS and Win32 numbers
// (decimal or hex), their names, and PowerShell's error ids, found in any text. `errorKinds(text)` and
// `kindOfCode(number)` tell the kind. Numbers and names:
// learn.microsoft.com/windows/win32/debug/system-error-codes, [MS-ERREF] 2.1 to 2.3; error ids:
// github.com/PowerShell/PowerShell.

/** What a code says happened. Stable: cards, advice and tests go by these words. */
export type ErrorKind =
  | 'malware'
  | 'appControl'
  | 'scriptPolicy'
  | 'notSigned'
  | 'cloudOnly'
  | 'reparse'
  | 'directory'
  | 'tooLarge'
  | 'emptyFile'
  | 'inUse'
  | 'encrypted'
  | 'diskFull'
  | 'outOfMemory'
  | 'accessDenied'
  | 'notFound'
  | 'badPath'
  | 'partialCopy'
  | 'timedOut'
  | 'cancelled'
  | 'notSupported';

/**
 * Of several codes in one text the more exact one comes first: a blocked file often says "access denied" too.
 */
const order: readonly ErrorKind[] = [
  'malware',
  'appControl',
  'notSigned',
  'scriptPolicy',
  'cloudOnly',
  'reparse',
  'directory',
  'tooLarge',
  'emptyFile',
  'inUse',
  'encrypted',
  'diskFull',
  'outOfMemory',
  'partialCopy',
  'accessDenied',
  'notFound',
  'badPath',
  'timedOut',
  'cancelled',
  'notSupported',
];

type Row = readonly [code: number, name: string, kind: ErrorKind];

/** Win32 codes, also inside an HRESULT (0x8007....) and an NTSTATUS (0xC007....). */
const win32: readonly Row[] = [
  [2, 'ERROR_FILE_NOT_FOUND', 'notFound'],
  [3, 'ERROR_PATH_NOT_FOUND', 'notFound'],
  [5, 'ERROR_ACCESS_DENIED', 'accessDenied'],
  [8, 'ERROR_NOT_ENOUGH_MEMORY', 'outOfMemory'],
  [14, 'ERROR_OUTOFMEMORY', 'outOfMemory'],
  [15, 'ERROR_INVALID_DRIVE', 'notFound'],
  [19, 'ERROR_WRITE_PROTECT', 'accessDenied'],
  [32, 'ERROR_SHARING_VIOLATION', 'inUse'],
  [33, 'ERROR_LOCK_VIOLATION', 'inUse'],
  [38, 'ERROR_HANDLE_EOF', 'emptyFile'],
  [39, 'ERROR_HANDLE_DISK_FULL', 'diskFull'],
  [50, 'ERROR_NOT_SUPPORTED', 'notSupported'],
  [53, 'ERROR_BAD_NETPATH', 'notFound'],
  [65, 'ERROR_NETWORK_ACCESS_DENIED', 'accessDenied'],
  [67, 'ERROR_BAD_NET_NAME', 'notFound'],
  [112, 'ERROR_DISK_FULL', 'diskFull'],
  [121, 'ERROR_SEM_TIMEOUT', 'timedOut'],
  [123, 'ERROR_INVALID_NAME', 'badPath'],
  [161, 'ERROR_BAD_PATHNAME', 'badPath'],
  [206, 'ERROR_FILENAME_EXCED_RANGE', 'badPath'],
  [223, 'ERROR_FILE_TOO_LARGE', 'tooLarge'],
  [225, 'ERROR_VIRUS_INFECTED', 'malware'],
  [226, 'ERROR_VIRUS_DELETED', 'malware'],
  [258, 'WAIT_TIMEOUT', 'timedOut'],
  [267, 'ERROR_DIRECTORY', 'badPath'],
  [299, 'ERROR_PARTIAL_COPY', 'partialCopy'],
  [336, 'ERROR_DIRECTORY_NOT_SUPPORTED', 'directory'],
  [358, 'ERROR_CLOUD_FILE_SYNC_ROOT_METADATA_CORRUPT', 'cloudOnly'],
  [362, 'ERROR_CLOUD_FILE_PROVIDER_NOT_RUNNING', 'cloudOnly'],
  [363, 'ERROR_CLOUD_FILE_METADATA_CORRUPT', 'cloudOnly'],
  [377, 'ERROR_CLOUD_FILE_NOT_IN_SYNC', 'cloudOnly'],
  [379, 'ERROR_CLOUD_FILE_NOT_SUPPORTED', 'cloudOnly'],
  [380, 'ERROR_CLOUD_FILE_INVALID_REQUEST', 'cloudOnly'],
  [382, 'ERROR_CLOUD_FILE_CONNECTED_PROVIDER_ONLY', 'cloudOnly'],
  [383, 'ERROR_CLOUD_FILE_VALIDATION_FAILED', 'cloudOnly'],
  [386, 'ERROR_CLOUD_FILE_AUTHENTICATION_FAILED', 'cloudOnly'],
  [387, 'ERROR_CLOUD_FILE_INSUFFICIENT_RESOURCES', 'cloudOnly'],
  [388, 'ERROR_CLOUD_FILE_NETWORK_UNAVAILABLE', 'cloudOnly'],
  [389, 'ERROR_CLOUD_FILE_UNSUCCESSFUL', 'cloudOnly'],
  [390, 'ERROR_CLOUD_FILE_NOT_UNDER_SYNC_ROOT', 'cloudOnly'],
  [391, 'ERROR_CLOUD_FILE_IN_USE', 'cloudOnly'],
  [393, 'ERROR_CLOUD_FILE_REQUEST_ABORTED', 'cloudOnly'],
  [394, 'ERROR_CLOUD_FILE_PROPERTY_CORRUPT', 'cloudOnly'],
  [395, 'ERROR_CLOUD_FILE_ACCESS_DENIED', 'cloudOnly'],
  [398, 'ERROR_CLOUD_FILE_REQUEST_CANCELED', 'cloudOnly'],
  [404, 'ERROR_CLOUD_FILE_PROVIDER_TERMINATED', 'cloudOnly'],
  [426, 'ERROR_CLOUD_FILE_REQUEST_TIMEOUT', 'cloudOnly'],
  [434, 'ERROR_CLOUD_FILE_DEHYDRATION_DISALLOWED', 'cloudOnly'],
  [577, 'ERROR_INVALID_IMAGE_HASH', 'notSigned'],
  [740, 'ERROR_ELEVATION_REQUIRED', 'accessDenied'],
  [786, 'ERROR_ACCESS_DISABLED_NO_SAFER_UI_BY_POLICY', 'appControl'],
  [995, 'ERROR_OPERATION_ABORTED', 'cancelled'],
  [1006, 'ERROR_FILE_INVALID', 'emptyFile'],
  [1223, 'ERROR_CANCELLED', 'cancelled'],
  [1260, 'ERROR_ACCESS_DISABLED_BY_POLICY', 'appControl'],
  [1314, 'ERROR_PRIVILEGE_NOT_HELD', 'accessDenied'],
  [1455, 'ERROR_COMMITMENT_LIMIT', 'outOfMemory'],
  [1460, 'ERROR_TIMEOUT', 'timedOut'],
  [1920, 'ERROR_CANT_ACCESS_FILE', 'reparse'],
  [1921, 'ERROR_CANT_RESOLVE_FILENAME', 'reparse'],
  [4390, 'ERROR_NOT_A_REPARSE_POINT', 'reparse'],
  [4391, 'ERROR_REPARSE_ATTRIBUTE_CONFLICT', 'reparse'],
  [4392, 'ERROR_INVALID_REPARSE_DATA', 'reparse'],
  [4393, 'ERROR_REPARSE_TAG_INVALID', 'reparse'],
  [4394, 'ERROR_REPARSE_TAG_MISMATCH', 'reparse'],
  [4395, 'ERROR_REPARSE_POINT_ENCOUNTERED', 'reparse'],
  [4550, 'ERROR_SYSTEM_INTEGRITY_ROLLBACK_DETECTED', 'appControl'],
  [4551, 'ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION', 'appControl'],
  [4552, 'ERROR_SYSTEM_INTEGRITY_INVALID_POLICY', 'appControl'],
  [4553, 'ERROR_SYSTEM_INTEGRITY_POLICY_NOT_SIGNED', 'appControl'],
  [4554, 'ERROR_SYSTEM_INTEGRITY_TOO_MANY_POLICIES', 'appControl'],
  [6000, 'ERROR_ENCRYPTION_FAILED', 'encrypted'],
  [6001, 'ERROR_DECRYPTION_FAILED', 'encrypted'],
  [6002, 'ERROR_FILE_ENCRYPTED', 'encrypted'],
];

/** HRESULTs of their own, and NTSTATUS codes, also as an HRESULT (0xD.......). */
const wide: readonly Row[] = [
  [0x80004001, 'E_NOTIMPL', 'notSupported'],
  [0x80004004, 'E_ABORT', 'cancelled'],
  [0x80070005, 'E_ACCESSDENIED', 'accessDenied'],
  [0x8007000e, 'E_OUTOFMEMORY', 'outOfMemory'],
  [0x800b0004, 'TRUST_E_SUBJECT_NOT_TRUSTED', 'notSigned'],
  [0x800b0100, 'TRUST_E_NOSIGNATURE', 'notSigned'],
  [0x800b0101, 'CERT_E_EXPIRED', 'notSigned'],
  [0x800b0109, 'CERT_E_UNTRUSTEDROOT', 'notSigned'],
  [0x800b010a, 'CERT_E_CHAINING', 'notSigned'],
  [0x800b010c, 'CERT_E_REVOKED', 'notSigned'],
  [0x800b0111, 'TRUST_E_EXPLICIT_DISTRUST', 'notSigned'],
  [0x80096010, 'TRUST_E_BAD_DIGEST', 'notSigned'],
  [0x80131505, 'COR_E_TIMEOUT', 'timedOut'],
  [0x8013153b, 'COR_E_OPERATIONCANCELED', 'cancelled'],
  [0x8000002d, 'STATUS_STOPPED_ON_SYMLINK', 'reparse'],
  [0xc000000f, 'STATUS_NO_SUCH_FILE', 'notFound'],
  [0xc0000011, 'STATUS_END_OF_FILE', 'emptyFile'],
  [0xc0000017, 'STATUS_NO_MEMORY', 'outOfMemory'],
  [0xc0000022, 'STATUS_ACCESS_DENIED', 'accessDenied'],
  [0xc0000033, 'STATUS_OBJECT_NAME_INVALID', 'badPath'],
  [0xc0000034, 'STATUS_OBJECT_NAME_NOT_FOUND', 'notFound'],
  [0xc0000039, 'STATUS_OBJECT_PATH_INVALID', 'badPath'],
  [0xc000003a, 'STATUS_OBJECT_PATH_NOT_FOUND', 'notFound'],
  [0xc000003b, 'STATUS_OBJECT_PATH_SYNTAX_BAD', 'badPath'],
  [0xc0000043, 'STATUS_SHARING_VIOLATION', 'inUse'],
  [0xc0000054, 'STATUS_FILE_LOCK_CONFLICT', 'inUse'],
  [0xc0000056, 'STATUS_DELETE_PENDING', 'inUse'],
  [0xc0000061, 'STATUS_PRIVILEGE_NOT_HELD', 'accessDenied'],
  [0xc000007f, 'STATUS_DISK_FULL', 'diskFull'],
  [0xc000009a, 'STATUS_INSUFFICIENT_RESOURCES', 'outOfMemory'],
  [0xc00000b5, 'STATUS_IO_TIMEOUT', 'timedOut'],
  [0xc00000ba, 'STATUS_FILE_IS_A_DIRECTORY', 'directory'],
  [0xc00000bb, 'STATUS_NOT_SUPPORTED', 'notSupported'],
  [0xc0000103, 'STATUS_NOT_A_DIRECTORY', 'badPath'],
  [0xc0000120, 'STATUS_CANCELLED', 'cancelled'],
  [0xc000012d, 'STATUS_COMMITMENT_LIMIT', 'outOfMemory'],
  [0xc0000275, 'STATUS_NOT_A_REPARSE_POINT', 'reparse'],
  [0xc0000276, 'STATUS_IO_REPARSE_TAG_INVALID', 'reparse'],
  [0xc0000277, 'STATUS_IO_REPARSE_TAG_MISMATCH', 'reparse'],
  [0xc0000278, 'STATUS_IO_REPARSE_DATA_INVALID', 'reparse'],
  [0xc0000279, 'STATUS_IO_REPARSE_TAG_NOT_HANDLED', 'reparse'],
  [0xc0000361, 'STATUS_ACCESS_DISABLED_BY_POLICY_DEFAULT', 'appControl'],
  [0xc0000362, 'STATUS_ACCESS_DISABLED_BY_POLICY_PATH', 'appControl'],
  [0xc0000363, 'STATUS_ACCESS_DISABLED_BY_POLICY_PUBLISHER', 'appControl'],
  [0xc0000364, 'STATUS_ACCESS_DISABLED_BY_POLICY_OTHER', 'appControl'],
  [0xc0000428, 'STATUS_INVALID_IMAGE_HASH', 'notSigned'],
  [0xc000050b, 'STATUS_REPARSE_POINT_ENCOUNTERED', 'reparse'],
  [0xc0000904, 'STATUS_FILE_TOO_LARGE', 'tooLarge'],
  [0xc0000906, 'STATUS_VIRUS_INFECTED', 'malware'],
  [0xc0000907, 'STATUS_VIRUS_DELETED', 'malware'],
  [0xc000cf01, 'STATUS_CLOUD_FILE_PROVIDER_NOT_RUNNING', 'cloudOnly'],
  [0xc0e90002, 'STATUS_SYSTEM_INTEGRITY_POLICY_VIOLATION', 'appControl'],
];

const byWin32 = new Map(win32.map((row) => [row[0], row]));
const byWide = new Map(wide.map((row) => [row[0], row]));
const byName = new Map([...win32, ...wide].map((row) => [row[1], row]));

/** PowerShell's own ids and exception types: never translated. */
const ids: readonly (readonly [RegExp, ErrorKind])[] = [
  [/\bScriptContainedMaliciousContent\b/i, 'malware'],
  [
    /ConstrainedLanguage\b|\bDotSourceNotSupported\b|\bCannotDefineNewType\b|\bScriptFileNotTrusted/i,
    'appControl',
  ],
  // The same id for a missing signature, an execution policy and application control.
  [/\bPSSecurityException\b/i, 'scriptPolicy'],
  [/\bUnauthorizedAccessException\b|\bPermissionDenied: ?\(/i, 'accessDenied'],
  [
    /\bItemNotFoundException\b|\bFileNotFoundException\b|\bDirectoryNotFoundException\b|\bDriveNotFoundException\b|\bPathNotFound\b|\bFileNotFound\b/i,
    'notFound',
  ],
  [/\bPathTooLongException\b/i, 'badPath'],
  [/\bOutOfMemoryException\b/i, 'outOfMemory'],
  [/\bTimeoutException\b/i, 'timedOut'],
  [/\bOperationCanceledException\b|\bTaskCanceledException\b|\bPipelineStopped/i, 'cancelled'],
];

/** Longer texts are output, not an error; only their beginning is looked at. Our own limit, in characters. */
const maxText = 20_000;

const hex = /(?<![\w-])(?:0x|&h)(?:f{8})?([0-9a-f]{8})(?![0-9a-f])/gi;
/** Without the 0x, as some tools print them; a GUID or a hash is none. */
const bareHex = /(?<![\w-])([89cd][0-9a-f]{7})(?![\w-])/gi;
/** An HRESULT or NTSTATUS as a signed or unsigned decimal. */
const decimal = /(?<![\w.-])(-[1-9]\d{8,9}|[2-4]\d{9})(?![\w.])/g;
/**
 * Small numbers count only right after a word for an error, in the languages that devices are met in; the
 * exit code of a script is not one.
 */
const labelled =
  /(?<![a-z])(?<!exit[ -]?|http[ -]?|status[ -]?)(?:win32|errno|hresult|ntstatus|getlasterror\(?\)?|(?:native|system|last)?error ?code|error|err|code|fehlercode|fehler|c[oó]digo|erro|erreur|errore|ошибка|エラー ?コード|エラー|错误代码|错误|오류 ?코드|오류)[ :=#(（：]{1,4}(0x[0-9a-f]{1,4}|\d{1,4})(?![\w.)]*\d|[.,]\d)\b/gi;
/** HTTP statuses that are Win32 codes too: a script that says "error: (404)" speaks of the web. */
const httpToo = new Set([404, 426, 434]);

const named = /\b(?:ERROR|STATUS|TRUST_E|CERT_E|COR_E|E|WAIT)_[A-Z][A-Z0-9_]{2,60}\b/g;

/**
 * What a number means: HRESULT, NTSTATUS or Win32 code, signed or unsigned. Undefined: not known, or nothing
 * went wrong (0). How one is shown: `hresult`.
 */
export function kindOfCode(value: number): ErrorKind | undefined {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) return undefined;
  const code = value >>> 0;
  const facility = code >>> 16;
  if (facility === 0 || facility === 0x8007 || facility === 0xc007) return byWin32.get(code & 0xffff)?.[2];
  // 0xD.......: an NTSTATUS made into an HRESULT.
  const status = code >>> 28 === 0xd ? (code & 0xefffffff) >>> 0 : code;
  return byWide.get(status)?.[2] ?? (status >>> 8 === 0xc000cf ? 'cloudOnly' : undefined);
}

/**
 * The kinds that a text tells by codes, names and ids alone, most exact first; empty where it holds none that
 * is known. Words are not read.
 */
export function errorKinds(text: string): readonly ErrorKind[] {
  const shown = text.slice(0, maxText);
  const kinds = new Set<ErrorKind | undefined>();
  for (const [, digits = ''] of shown.matchAll(hex)) kinds.add(kindOfCode(parseInt(digits, 16)));
  for (const [, digits = ''] of shown.matchAll(bareHex)) kinds.add(kindOfCode(parseInt(digits, 16)));
  for (const [, digits = ''] of shown.matchAll(decimal)) kinds.add(kindOfCode(Number(digits)));
  for (const [, digits = ''] of shown.matchAll(labelled))
    if (!httpToo.has(Number(digits))) kinds.add(byWin32.get(Number(digits))?.[2]);
  for (const [name] of shown.matchAll(named))
    kinds.add(
      byName.get(name)?.[2] ?? (/^(?:ERROR|STATUS)_CLOUD_FILE_/.test(name) ? 'cloudOnly' : undefined),
    );
  for (const [id, kind] of ids) if (id.test(shown)) kinds.add(kind);
  return order.filter((kind) => kinds.has(kind));
}
