// Windows error codes (HRESULT), as Defender tells them in errorHResult: read from any way of writing them,
// shown in hex, named where the name is known
/**
 * Win32 errors by number (learn.microsoft.com/windows/win32/debug/system-error-codes); as an HRESULT they are
 * 0x8007 and the number in hex.
 */
const win32: Readonly<Record<number, string>> = {
  2: 'file not found',
  3: 'path not found',
  5: 'access denied',
  8: 'not enough memory',
  14: 'out of memory',
  21: 'the device is not ready',
  32: 'the file is in use by another process',
  33: 'a part of the file is locked by another process',
  53: 'network path not found',
  80: 'the file exists already',
  87: 'invalid parameter',
  109: 'the pipe has ended',
  112: 'the disk is full',
  120: 'the function is not supported on this system',
  121: 'semaphore time-out',
  123: 'invalid file or folder name',
  126: 'module not found',
  183: 'it exists already',
  193: 'not a valid application',
  223: 'the file is too large',
  225: 'blocked as a virus or unwanted software',
  226: 'removed as a virus or unwanted software',
  258: 'wait timed out',
  299: 'only a part could be read or written',
  362: 'the cloud file provider is not running',
  995: 'the operation was aborted',
  1058: 'the service is disabled',
  1060: 'the service is not installed',
  1062: 'the service is not started',
  1168: 'element not found',
  1223: 'cancelled by the user',
  1231: 'the network cannot be reached',
  1260: 'blocked by group policy',
  1314: 'a required privilege is not held',
  1326: 'wrong user name or password',
  1450: 'not enough system resources',
  1455: 'the paging file is too small',
  1460: 'time-out',
  1722: 'the RPC server is not available',
  4390: 'not a reparse point',
  4392: 'invalid reparse point data',
  6000: 'the file could not be encrypted',
  6001: 'the file could not be decrypted',
  12002: 'the internet request timed out',
  12007: 'the server name could not be resolved',
  12029: 'no connection to the server',
  12030: 'the connection to the server was aborted',
  12175: 'a secure connection failed',
};

/**
 * Codes of other families (learn.microsoft.com/windows/win32/seccrypto/common-hresult-values,
 * …/com/com-error-codes, winerror.h, ntstatus.h).
 */
const named: Readonly<Record<number, string>> = {
  0x80004001: 'not implemented',
  0x80004002: 'no such interface',
  0x80004003: 'invalid pointer',
  0x80004004: 'aborted',
  0x80004005: 'unspecified failure',
  0x8000ffff: 'unexpected failure',
  0x80040154: 'class not registered',
  0x80131505: 'time-out',
  0x80131509: 'invalid operation',
  0x8013153b: 'the operation was cancelled',
  0x80131620: 'input or output error',
  0x80096010: 'the signature does not fit the file',
  0x800b0004: 'the publisher is not trusted',
  0x800b0100: 'no signature',
  0x800b0101: 'a certificate has expired',
  0x800b0109: 'a root certificate is not trusted',
  0x800b010c: 'a certificate was revoked',
  0xc0000005: 'access violation',
  0xc0000022: 'access denied',
  0xc000013a: 'ended by Ctrl+C',
};

/**
 * An HRESULT or Win32 code as a number of 32 bits without sign: from a number of either sign, decimal text or
 * hex text. Undefined for 0 (no error) and for anything else.
 */
export function readHresult(value: unknown): number | undefined {
  const number = typeof value === 'string' ? fromText(value.trim()) : value;
  if (
    typeof number !== 'number' ||
    !Number.isInteger(number) ||
    number < -0x8000_0000 ||
    number > 0xffff_ffff
  )
    return undefined;
  return number === 0 ? undefined : number >>> 0;
}

/**
 * Eight hex digits that begin with 8 to F are an HRESULT written without its 0x: as a decimal number they
 * would be no failure.
 */
function fromText(text: string): number | undefined {
  // With the sign of 32 bits carried on through 64.
  const short = text.replace(/^0xf{8}(?=[89a-f][0-9a-f]{7}$)/i, '0x');
  if (/^0x[0-9a-f]{1,8}$/i.test(short)) return Number(short);
  if (/^-?\d{1,10}$/.test(text) && !/^8\d{7}$/.test(text)) return Number(text);
  return /^[89a-f][0-9a-f]{7}$/i.test(text) ? Number(`0x${text}`) : undefined;
}

/** Whether it says that something failed: the top bit of an HRESULT, or a bare Win32 number. */
export function isFailure(code: number): boolean {
  return code >= 0x8000_0000 || win32[code] !== undefined;
}

/** `0x80070005 (access denied)`. */
export function hresultText(code: number): string {
  const hex = `0x${code.toString(16).toUpperCase().padStart(8, '0')}`;
  const name =
    named[code] ??
    win32[code] ??
    (code >>> 16 === 0x8007 ? (win32[code & 0xffff] ?? `Win32 error ${code & 0xffff}`) : undefined);
  return name === undefined ? hex : `${hex} (${name})`;
}
